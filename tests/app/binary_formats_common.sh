# The judge of files in the binary formats, and a python3 that has what it needs.
judge=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/binary_formats.py
python=python3
$python -c 'import numpy, scipy, h5py' 2>/dev/null || python=/usr/bin/python3
$python -c 'import numpy, scipy, h5py' 2>/dev/null || skip "python3 has no numpy, scipy and h5py"
judged() { check "$*" "$python" "$judge" "$@"; }
