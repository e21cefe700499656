# The judge of files in the binary formats, and a python3 that has what it needs.
judge=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/binary_formats.py
python_has 'numpy, scipy, h5py' || skip "python3 has no numpy, scipy and h5py"
judged() { check "$*" "$python" "$judge" "$@"; }
