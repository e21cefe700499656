"""Pictures of what synbal computes, one file for each kind; all look alike through style.py."""
