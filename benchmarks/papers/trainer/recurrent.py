"""Several recurrent networks at once, x += dt (-x + J phi(x) + W_in u + b), y = W_out x, and back-propagation through time.

Arrays have networks as their first axis, conditions as their last: J [networks, N, N], inputs [times, inputs, conditions],
states [steps + 1, networks, N, conditions], outputs [networks, times, outputs, conditions]. An input lasts `substeps` steps
of dt = 1 / substeps; outputs are read at the end of every input.
"""
import dataclasses

import numpy as np

from . import activations


@dataclasses.dataclass
class Networks:
    recurrent: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    biases: np.ndarray  # [networks, N, 1]
    activation: str = "relu"
    substeps: int = 10

    def parameters(self):
        return [self.recurrent, self.inputs, self.outputs, self.biases]


def normal(starts, size, inputs, outputs, rng, **options):
    """Weights of N(0, 1/N), no biases yet. Networks of one number in `starts` start alike, and differ in what follows."""
    def draw(*shape):
        return rng.normal(0, size ** -0.5, (max(starts) + 1, *shape))[list(starts)]

    return Networks(draw(size, size), draw(size, inputs), draw(outputs, size), np.zeros((len(starts), size, 1)), **options)


def run(networks, u):
    """States from the origin, and outputs."""
    dt, phi = 1 / networks.substeps, networks.activation
    recurrent, inputs, biases = (dt * a for a in (networks.recurrent, networks.inputs, networks.biases))
    states = np.zeros((len(u) * networks.substeps + 1, *networks.biases.shape[:2], u.shape[2]))
    for time, now in enumerate(u):
        drive = inputs @ now + biases
        for step in range(time * networks.substeps, (time + 1) * networks.substeps):
            x = states[step]
            following = np.matmul(recurrent, activations.value(phi, x), out=states[step + 1])
            following += drive
            following += (1 - dt) * x
    return states, np.matmul(networks.outputs, states[networks.substeps::networks.substeps]).swapaxes(0, 1)


def gradients(networks, u, targets, loss):
    """Loss of every network [networks], and gradients by all parameters."""
    states, outputs = run(networks, u)
    value, by_outputs = loss(outputs, targets)
    adjoint = _adjoint(networks, states, by_outputs)
    rates = activations.value(networks.activation, states[:-1])
    held = adjoint.reshape(len(u), networks.substeps, *adjoint.shape[1:]).sum(axis=1)
    heard = np.broadcast_to(u[:, None], (len(u), len(value), *u.shape[1:]))
    read = states[networks.substeps::networks.substeps]
    return value, [_over_time(adjoint, rates), _over_time(held, heard), _over_time(by_outputs.swapaxes(0, 1), read),
                   adjoint.sum(axis=(0, 3))[..., None]]


def _adjoint(networks, states, by_outputs):
    """dt times the gradient by the state after every step."""
    dt = 1 / networks.substeps
    back = dt * np.ascontiguousarray(networks.recurrent.swapaxes(1, 2))
    slopes = activations.slope(networks.activation, states[1:])
    by_states = np.matmul(networks.outputs.swapaxes(1, 2)[:, None], by_outputs)
    adjoint = np.empty_like(slopes)
    now = np.zeros_like(slopes[0])
    for step in reversed(range(len(slopes))):
        if step < len(slopes) - 1:
            now = (1 - dt) * now + slopes[step] * (back @ now)
        if (step + 1) % networks.substeps == 0:
            now = now + by_states[:, (step + 1) // networks.substeps - 1]
        adjoint[step] = dt * now
    return adjoint


def _over_time(left, right):
    """Sum over times and conditions of left right^T: one product for every network."""
    return np.stack([np.tensordot(left[:, k], right[:, k], axes=((0, 2), (0, 2))) for k in range(left.shape[1])])
