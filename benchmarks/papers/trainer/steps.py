"""Steps along gradients: plain, Adam, clipped, with weight decay. All change the parameters in place."""
import numpy as np


def descend(parameters, gradients, rate):
    """Stochastic gradient descent."""
    for value, gradient in zip(parameters, gradients):
        value -= value.dtype.type(rate) * gradient


def decay(weights, share):
    """Weights lose a share: the gradient of an L2 regulariser."""
    for value in weights:
        value *= value.dtype.type(1 - share)


def clip(gradients, most):
    """Networks whose gradients together have a norm above `most` are brought down to it; networks are the first axis."""
    norm = np.sqrt(sum(np.sum(g ** 2, axis=tuple(range(1, g.ndim))) for g in gradients))
    factor = most / np.maximum(norm, most)
    return [g * factor.reshape(-1, *[1] * (g.ndim - 1)) for g in gradients]


class Adam:
    """Kingma and Ba 2015 with its usual constants."""

    def __init__(self, parameters, rate):
        self.rate, self.count = rate, 0
        self.mean = [np.zeros_like(p) for p in parameters]
        self.square = [np.zeros_like(p) for p in parameters]

    def step(self, parameters, gradients):
        self.count += 1
        for value, gradient, mean, square in zip(parameters, gradients, self.mean, self.square):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient ** 2 - square)
            unbiased = mean / (1 - 0.9 ** self.count)
            value -= self.rate * unbiased / (np.sqrt(square / (1 - 0.999 ** self.count)) + 1e-8)
