"""Losses: each gives its value and its gradient by the outputs, which have a row for every sample."""
import numpy as np


def squared_error(outputs, targets):
    """Sum over samples and outputs of (y - z)^2, as Baldi et al. use it."""
    error = outputs - targets
    return np.sum(error ** 2), 2 * error


def cross_entropy(outputs, labels):
    """Mean over samples of -log softmax(y)[label]."""
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    share = np.exp(shifted)
    share /= share.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.mean(np.log(share[rows, labels]))
    share[rows, labels] -= 1
    return loss, share / len(labels)


def binary_cross_entropy(outputs, labels):
    """Mean over samples of the cross-entropy of one logistic output."""
    y = outputs[:, 0]
    loss = np.mean(np.logaddexp(0, y) - labels * y)
    share = 0.5 * (1 + np.tanh(0.5 * y))  # the logistic function, without overflow
    return loss, ((share - labels) / len(labels))[:, None]


def root_mean_square(outputs, targets):
    """Root of the mean of (y - z)^2 over all but the first axis, which holds networks: the loss of Stock et al.'s code."""
    error = outputs - targets
    rest = tuple(range(1, error.ndim))
    loss = np.sqrt(np.mean(error ** 2, axis=rest, keepdims=True))
    return loss.reshape(-1), error / (loss * error[0].size)
