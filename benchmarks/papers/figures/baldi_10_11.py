"""Baldi et al. 2024, figures 10 and 11: five neurons that learn to tell two circles apart, balanced at every epoch."""
import numpy as np

import tasks
from pictures import style
from table import at_least, at_most
from trainer import dense, losses, steps

ABOUT = "Baldi 10, 11: partial and full balancing at every epoch"
SIZES = {"tiny": {"epochs": 4}, "small": {"epochs": 40}, "full": {"epochs": 1000}}  # a run of synbal an epoch and way
POINTS, HIDDEN, RATE = 1000, 5, 0.01


def make(setting):
    epochs = SIZES[setting.size]["epochs"]
    ways = {"neither": _train(None, epochs), "partial": _train(setting.synbal.once, epochs),
            "full": _train(setting.synbal.fully, epochs)}
    return _picture(ways), _rows(ways)


def _train(balance, epochs):
    """[ratios of norms (epochs + 1 x neurons), losses]: the start, then after every epoch and what follows it."""
    rng = np.random.default_rng(10)
    layers = dense.uniform((2, HIDDEN, 1), "relu", "linear", rng)
    points, labels = tasks.circles(POINTS, rng)
    adam = steps.Adam(layers.parameters(), RATE)
    ratios, loss = [_ratios(layers)], []
    for _ in range(epochs):
        value, gradients = dense.gradients(layers, points, labels, losses.binary_cross_entropy)
        adam.step(layers.parameters(), gradients)
        if balance:
            layers = dense.scaled(layers, balance(layers))
        ratios.append(_ratios(layers))
        loss.append(value)
    return np.array(ratios), np.array(loss)


def _ratios(layers):
    """Norm of a neuron's inputs over that of its outputs."""
    inside, outside = dense.costs(layers)
    return np.sqrt(inside / outside)


def _rows(ways):
    off = {name: np.abs(np.log(ratios)).max(axis=1) for name, (ratios, _) in ways.items()}
    return [at_most("Baldi 11", "|log ratio of norms| after one epoch, full balancing", "0, almost instantly", off["full"][1],
                    1e-8),
            at_most("Baldi 11", "|log ratio of norms|, worst of later epochs, full balancing", "0",
                    off["full"][1:].max(), 1e-8),
            at_most("Baldi 10", "|log ratio of norms| at the end, partial balancing", "0, gradually", off["partial"][-1], 0.01),
            at_least("Baldi 10", "|log ratio of norms| after one epoch, partial / full balancing", "above 1 (gradual)",
                     off["partial"][1] / max(off["full"][1], 1e-16), 10,
                     "neurons of a single hidden layer share no synapse, so one visit of each is full balance already: by "
                     "sect. 11 partial and full balancing are the same operation here, and what makes figure 10 gradual "
                     "is not in the text"),
            at_least("Baldi 10", "|log ratio of norms| at the end, no balancing", "not balanced", off["neither"][-1], 0.05)]


def _picture(ways):
    figure, axes = style.panels(3, 3)
    for one, (name, (ratios, _)) in zip(axes, ways.items()):
        one.plot(ratios, color=style.BEFORE if name == "neither" else style.AFTER, lw=0.9)
        one.axhline(1, color=style.LINE, lw=0.6)
        one.set(xlabel="epoch", ylabel="norm in / norm out", title=f"{name.capitalize()} balancing" if name != "neither"
                else "No balancing")
    style.caption(figure, "Baldi 10, 11: 2-5-1 on two circles, Adam at 0.01, a line for each hidden neuron. Partial: every "
                  "neuron balances once an epoch, from inputs to outputs. Full: to the end.")
    return figure
