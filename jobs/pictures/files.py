"""Reading: tables in both formats, results and trajectories, and whether files belong together."""
import gzip
import os
import zlib

import numpy as np

from .style import PictureError


def open_hdf5(path):
    """An HDF5 file. @raises PictureError also where h5py is missing."""
    try:
        import h5py
    except ImportError:
        raise PictureError("h5py is missing, which reads .h5 files: apt install python3-h5py, or pip install h5py") from None
    if not os.path.exists(path):
        raise PictureError(f"{path}: no such file")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise PictureError(f"{path}: cannot be read as HDF5 ({error})") from None


def need(file, path, names, what):
    """Whether a file is what it should be."""
    missing = [name for name in names if name not in file]
    if missing:
        raise PictureError(f"{path}: is no {what}: it has no {missing[0]}")


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def table(path, names):
    """Columns of a table by name, those of `names` that it has; further columns (names of neurons) may be text."""
    if str(path).endswith((".csv", ".csv.gz")):
        return _csv_columns(path, names)
    with open_hdf5(path) as file:
        return {name: file[name][:] for name in names if name in file}


def _csv_columns(path, names):
    try:
        with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as text:
            first = text.readline()
            while first.startswith("#"):  # that the run did not converge
                first = text.readline()
            header = first.strip().split(",")
            found = [name for name in names if name in header]
            places = [header.index(name) for name in found]
            rows = np.loadtxt(text, delimiter=",", usecols=places, ndmin=2) if places else np.empty((0, 0))
    except (OSError, ValueError) as error:
        raise PictureError(f"{path}: {error}") from None
    return dict(zip(found, rows.T.reshape(len(found), -1)))


def check_same_network(network, result, path, force):
    """Whether a result is one of this network file. Names of generators are compared as they are."""
    wanted, sum_of_result = text_of(result.attrs["input_path"]), text_of(result.attrs["input_checksum"])
    same = wanted == network if not os.path.exists(network) else _checksum(network) == sum_of_result
    if not same and not force:
        raise PictureError(f"{path}: is a result of {wanted} ({sum_of_result}), not of {network}: "
                           "give the right files, or --force")


def _checksum(path):
    """As synbal computes it: CRC-32 of all bytes."""
    total = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            total = zlib.crc32(block, total)
    return f"crc32:{total:08x}"
