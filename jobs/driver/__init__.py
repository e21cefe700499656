"""Campaigns of runs: data in, job scripts and one table out. Python's standard library only."""
