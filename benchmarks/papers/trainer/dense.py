"""Networks of dense layers: outputs, back-propagation, what neurons cost."""
import dataclasses

import numpy as np

from . import activations


@dataclasses.dataclass
class Layers:
    """Weights [to, from] and biases (None: there are none) of every layer, and its activation."""
    weights: list
    biases: list
    activations: list

    def parameters(self):
        return self.weights + [bias for bias in self.biases if bias is not None]


def normal(sizes, deviation, hidden, last, rng, dtype=np.float64):
    """Layers without biases, of normal weights."""
    weights = [rng.normal(0, deviation, (b, a)).astype(dtype) for a, b in zip(sizes, sizes[1:])]
    return Layers(weights, [None] * len(weights), [hidden] * (len(weights) - 1) + [last])


def uniform(sizes, hidden, last, rng, dtype=np.float64):
    """Layers with biases, all uniform within 1 / sqrt(inputs): what PyTorch's linear layers start from."""
    def draw(inputs, *shape):
        return rng.uniform(-1, 1, shape).astype(dtype) / dtype(np.sqrt(inputs))

    pairs = list(zip(sizes, sizes[1:]))
    return Layers([draw(a, b, a) for a, b in pairs], [draw(a, b) for a, b in pairs],
                  [hidden] * (len(pairs) - 1) + [last])


def forward(layers, x):
    """What every layer gets before its activation, and the activities, of which the first is x [samples, inputs]."""
    drives, activity = [], [x]
    for weights, bias, name in zip(layers.weights, layers.biases, layers.activations):
        drive = activity[-1] @ weights.T
        if bias is not None:
            drive += bias
        drives.append(drive)
        activity.append(activations.value(name, drive))
    return drives, activity


def backward(layers, drives, activity, by_output):
    """Gradients by weights and by biases, in the order of Layers.parameters()."""
    by_weights, by_biases = [], []
    for k in reversed(range(len(layers.weights))):
        by_drive = by_output * activations.slope(layers.activations[k], drives[k])
        by_weights.insert(0, by_drive.T @ activity[k])
        if layers.biases[k] is not None:
            by_biases.insert(0, by_drive.sum(axis=0))
        if k:
            by_output = by_drive @ layers.weights[k]
    return by_weights + by_biases


def gradients(layers, x, targets, loss):
    """The loss and its gradients by all parameters."""
    drives, activity = forward(layers, x)
    value, by_output = loss(activity[-1], targets)
    return value, backward(layers, drives, activity, by_output)


def scaled(layers, h):
    """The same function with other weights: J_ij e^(h_j - h_i), b_i e^(-h_i); h of all neurons, layer after layer."""
    ends = np.cumsum([w.shape[1] for w in layers.weights] + [len(layers.weights[-1])])
    parts = np.split(np.asarray(h), ends[:-1])
    weights = [(np.exp(-post)[:, None] * w * np.exp(pre)).astype(w.dtype)
               for w, pre, post in zip(layers.weights, parts, parts[1:])]
    biases = [None if b is None else (np.exp(-post) * b).astype(b.dtype) for b, post in zip(layers.biases, parts[1:])]
    return Layers(weights, biases, list(layers.activations))


def costs(layers, power=2):
    """In-cost and out-cost of the hidden neurons, layer after layer."""
    ways = [np.abs(w.astype(np.float64)) ** power for w in layers.weights]
    return (np.concatenate([w.sum(axis=1) for w in ways[:-1]]), np.concatenate([w.sum(axis=0) for w in ways[1:]]))


def deficit(layers):
    """Sum over hidden neurons of (in-cost - out-cost)^2: Baldi et al. 2024, section 10."""
    cost_in, cost_out = costs(layers)
    return np.sum((cost_in - cost_out) ** 2)


def squared_norm(layers):
    return sum(np.sum(w.astype(np.float64) ** 2) for w in layers.weights)
