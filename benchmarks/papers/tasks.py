"""What networks learn: digits, two circles, context-dependent integration."""
import dataclasses
import gzip
import pathlib

import numpy as np


@dataclasses.dataclass
class Digits:
    """Images [samples, 28 x 28] between 0 and 1, and labels."""
    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    name: str


def digits(folder=None):
    """MNIST where its IDX files lie in a folder; else scikit-learn's 8x8 digits, enlarged to MNIST's format."""
    return mnist(pathlib.Path(folder)) if folder else small_digits()


def mnist(folder):
    parts = {name: _idx(_find(folder, f"{name}-ubyte")) for name in
             ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")}
    train, train_labels, test, test_labels = parts.values()
    return Digits(_flat(train, 255), train_labels.astype(int), _flat(test, 255), test_labels.astype(int), "MNIST")


def _find(folder, name):
    for path in (folder / name, folder / f"{name}.gz", folder / name.replace("-idx", ".idx")):
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder}: has no {name}[.gz], a file of MNIST")


def _idx(path):
    """An array of bytes as LeCun's format keeps it: two zeros, type, number of axes, sizes, data."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        data = file.read()
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: is no IDX file of bytes")
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, -1, 4 + 4 * data[3]).reshape(shape)


def _flat(images, white):
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(white)


def small_digits():
    """1,797 digits of 8x8, drawn with 20x20 dots in a frame of 28x28 as MNIST's are: as dark on the whole. A fifth tests."""
    import scipy.ndimage
    import sklearn.datasets

    bunch = sklearn.datasets.load_digits()
    large = scipy.ndimage.zoom(bunch.images, (1, 2.5, 2.5), order=1)
    images = _flat(np.pad(large, ((0, 0), (4, 4), (4, 4))), 16)
    order = np.random.default_rng(1).permutation(len(images))
    test, train = np.split(order, [len(order) // 5])
    return Digits(images[train], bunch.target[train], images[test], bunch.target[test], "8x8 digits")


def batches(samples, size, count, rng):
    """Indices of `count` batches: the samples in random order, then in another one."""
    size = min(size, samples)
    order = []
    for _ in range(count):
        if len(order) < size:
            order = rng.permutation(samples)
        batch, order = order[:size], order[size:]
        yield batch


def circles(count, rng):
    """Points on two circles around the origin, of radius 1 and 0.5, with noise; labels 0 and 1."""
    labels = np.arange(count) % 2
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = np.where(labels, 0.5, 1)
    points = radius[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    return points + rng.normal(0, 0.05, points.shape), labels


def contexts(times, rng, noise=0.3):
    """The eight conditions of Stock et al. 2022, Methods: inputs [times, 6, 8] (context, signal 1, signal 2, one-hot with
    noise), and targets [times, 2, 8], the running sum of the signal that the context selects."""
    u = rng.normal(0, noise, (times, 6, 8))
    gated = np.empty((times, 2, 8))
    for k in range(8):
        context, first, second = k >> 2, k >> 1 & 1, k & 1
        u[:, [context, 2 + first, 4 + second], k] += 1
        gated[:, :, k] = u[:, 2 + 2 * context:4 + 2 * context, k]
    return u, gated.cumsum(axis=0)
