"""Activation functions and their slopes. relu, linear and leaky:A are homogeneous, tanh is not."""
import numpy as np


def value(name, x):
    """phi(x), in the precision of x."""
    if name == "linear":
        return x
    if name == "tanh":
        return np.tanh(x)
    if name == "relu":
        return np.maximum(x, 0)  # faster than the line below; 0 takes x's precision
    return np.where(x > 0, x, _below(name, x) * x)


def slope(name, x):
    """phi'(x); at 0 that of the side below, as everywhere in synbal."""
    if name == "linear":
        return np.ones_like(x)
    if name == "tanh":
        return 1 - np.tanh(x) ** 2
    return np.where(x > 0, x.dtype.type(1), _below(name, x))


def _below(name, x):
    """Slope below 0, as a number of x's precision."""
    if name == "relu":
        return x.dtype.type(0)
    if name.startswith("leaky:"):
        return x.dtype.type(name.removeprefix("leaky:"))
    raise ValueError(f"{name} is no activation: relu, leaky:A, linear or tanh")
