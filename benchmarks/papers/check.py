#!/usr/bin/env python3
"""What must hold of the trainer, whatever is learnt: python3 benchmarks/papers/check.py SYNBAL. Exit code 1: not all."""
import gzip
import pathlib
import sys
import tempfile

import numpy as np

from program import Synbal
from tasks import contexts, digits
from trainer import dense, losses, recurrent


def by_differences(value, parameters, count, rng, step=1e-6):
    """(number of the parameter, index, central difference) of some entries of every parameter."""
    for k, array in enumerate(parameters):
        for _ in range(count):
            index = tuple(rng.integers(0, n) for n in array.shape)
            kept = array[index]
            array[index] = kept + step
            above = value()
            array[index] = kept - step
            below = value()
            array[index] = kept
            yield k, index, (above - below) / (2 * step)


def worst(value, parameters, gradients, rng):
    """Largest difference between gradients and central differences, relative to the largest gradient of the parameter."""
    return max(abs(gradients[k][index] - there) / np.abs(gradients[k]).max()
               for k, index, there in by_differences(value, parameters, 10, rng))


def dense_gradients(rng):
    x, labels = rng.normal(size=(20, 7)), rng.integers(0, 4, 20)
    kinds = [(losses.squared_error, rng.normal(size=(20, 4)), 4), (losses.cross_entropy, labels, 4),
             (losses.binary_cross_entropy, labels % 2, 1)]
    for name in ("relu", "leaky:0.1", "tanh"):
        for loss, targets, outputs in kinds:
            layers = dense.uniform((7, 9, 8, outputs), name, "linear", rng)
            found = dense.gradients(layers, x, targets, loss)[1]
            error = worst(lambda: dense.gradients(layers, x, targets, loss)[0], layers.parameters(), found, rng)
            yield f"back-propagation, {name}, {loss.__name__}", error, 1e-6


def recurrent_gradients(rng):
    for name in ("relu", "leaky:0.1", "tanh"):
        networks = recurrent.normal((0, 1), 10, 6, 2, rng, activation=name, substeps=4)
        u, targets = contexts(6, rng)
        found = recurrent.gradients(networks, u, targets, losses.root_mean_square)[1]
        error = worst(lambda: recurrent.gradients(networks, u, targets, losses.root_mean_square)[0].sum(),
                      networks.parameters(), found, rng)
        yield f"back-propagation through time, {name}", error, 1e-6


def conserved(rng):
    """sum_in w dL/dw = sum_out w dL/dw: what makes in - out of squares a constant of gradient descent."""
    layers = dense.normal((7, 9, 8, 4), 0.5, "relu", "linear", rng)
    found = dense.gradients(layers, rng.normal(size=(30, 7)), rng.normal(size=(30, 4)), losses.squared_error)[1]
    products = [w * g for w, g in zip(layers.weights, found)]
    for k in range(2):
        inside, outside = products[k].sum(axis=1), products[k + 1].sum(axis=0)
        yield f"identity of gradients, layer {k}", np.abs(inside - outside).max() / np.abs(products[k]).sum(axis=1).max(), 1e-13
    networks = recurrent.normal((0,), 10, 6, 2, rng, substeps=4)
    found = recurrent.gradients(networks, *contexts(6, rng), losses.root_mean_square)[1]
    j, w_in, w_out, _ = (p[0] * g[0] for p, g in zip(networks.parameters(), found))
    inside, outside = j.sum(axis=1) + w_in.sum(axis=1), j.sum(axis=0) + w_out.sum(axis=0)
    yield "identity of gradients, through time", np.abs(inside - outside).max() / np.abs(w_in).sum(axis=1).max(), 1e-13


def balanced(synbal, rng):
    """Layers with biases: the same outputs, and no deficit; a single sweep is what Baldi et al. call partial balancing."""
    layers, x = dense.uniform((7, 9, 8, 4), "leaky:0.1", "linear", rng), rng.normal(size=(30, 7))
    before = dense.forward(layers, x)[1][-1]
    for power in (1, 2):
        after = dense.scaled(layers, synbal.fully(layers, power))
        yield f"outputs after balancing, p = {power}", np.abs(dense.forward(after, x)[1][-1] - before).max(), 1e-10
        inside, outside = dense.costs(after, power)
        yield f"in - out after balancing, p = {power}", np.abs(inside / outside - 1).max(), 1e-8
    once = dense.scaled(layers, synbal.once(layers))
    yield "once from inputs to outputs", max(np.abs(a - b).max() for a, b in zip(once.weights, _once(layers).weights)), 1e-12


def _once(layers):
    """The same by hand: every layer takes its optimum, one after the other."""
    weights = [w.copy() for w in layers.weights]
    for first, second in zip(weights, weights[1:]):
        factor = ((second ** 2).sum(axis=0) / (first ** 2).sum(axis=1)) ** 0.25
        first *= factor[:, None]
        second /= factor
    return dense.Layers(weights, layers.biases, layers.activations)


def idx_files(folder, rng):
    """Files as MNIST's, packed and not, are read as what was written."""
    images, labels = rng.integers(0, 256, (5, 28, 28), dtype=np.uint8), np.arange(5, dtype=np.uint8)
    for name, array, pack in (("train-images-idx3", images, gzip.compress), ("train-labels-idx1", labels, gzip.compress),
                              ("t10k-images-idx3", images[:2], bytes), ("t10k-labels-idx1", labels[:2], bytes)):
        head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes()
        path = folder / (f"{name}-ubyte" + (".gz" if pack is gzip.compress else ""))
        path.write_bytes(pack(head + array.tobytes()))
    found = digits(folder)
    yield "IDX files", max(np.abs(found.train.reshape(5, 28, 28) * 255 - images).max(),
                           np.abs(found.train_labels - labels).max(), abs(len(found.test) - 2)), 1e-4


def main():
    rng = np.random.default_rng(1)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        synbal = Synbal(pathlib.Path(sys.argv[1]), folder)
        for found in (dense_gradients(rng), recurrent_gradients(rng), conserved(rng), balanced(synbal, rng),
                      idx_files(pathlib.Path(folder), rng)):
            for what, error, most in found:
                good = error <= most
                failed += not good
                print(f"{'ok    ' if good else 'FAILED'} {what}: {error:.1e} (at most {most:g})")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
