"""Baldi et al. 2024, figures 7 and 8: the deficit while an autoencoder learns, from random weights and from balance."""
import numpy as np

import tasks
from pictures import style
from table import at_most, between, factor
from trainer import dense, losses, steps

ABOUT = "Baldi 7, 8: deficit during training with and without a regulariser"
SIZES = {"tiny": {"iterations": 20, "every": 10}, "small": {"iterations": 500, "every": 50},
         "full": {"iterations": 3000, "every": 50}}
SHAPE, BATCH, DEVIATION = (784, 200, 100, 50, 100, 200, 784), 200, 0.1

# Deficits by iteration that the authors' notebook for the MNIST autoencoder prints: means of its ten repetitions.
UNREGULARISED = {500: 19146.93, 1000: 19103.74, 3000: 18930.19}  # figure 7 A, rate 2e-5
REGULARISED = {500: 3168.44, 1000: 522.34, 3000: 0.5653}         # figure 7 A, rate 4.4e-5, decay 9e-4
SLOW = {500: 0.0418, 1000: 0.2293, 3000: 1.4936}                 # figure 8 A, from balance, rate 1e-5
FAST = {500: 5.4626, 1000: 8.5724, 3000: 20.9745}                # figure 8 A, from balance, rate 4.4e-5
HELD = {500: 0.9464, 1000: 0.3735, 3000: 0.1533}                 # figure 8 A, from balance, rate 4.4e-5, decay 9e-4
FLAT = f"{UNREGULARISED[3000] / UNREGULARISED[500]:.3g} from 500 to 3,000"

RUNS = {"7 no regulariser": (2e-5, 0, False), "7 regulariser": (4.4e-5, 9e-4, False),
        "8 small rate": (1e-5, 0, True), "8 large rate": (4.4e-5, 0, True), "8 regulariser": (4.4e-5, 9e-4, True)}


def make(setting):
    size, digits = SIZES[setting.size], setting.digits()
    ways = {name: _train(setting.synbal, digits.train, size, *how) for name, how in RUNS.items()}
    return _picture(ways, digits.name), _rows(ways, size["iterations"], digits.name)


def _train(synbal, images, size, rate, share, balanced):
    """[iteration, deficit, loss per sample], every so many iterations."""
    rng = np.random.default_rng(7)
    layers = dense.normal(SHAPE, DEVIATION, "relu", "relu", rng)
    if balanced:
        layers = dense.scaled(layers, synbal.fully(layers))
    layers.weights = [w.astype(np.float32) for w in layers.weights]
    way = []
    for k, batch in enumerate(tasks.batches(len(images), BATCH, size["iterations"] + 1, rng)):
        loss, gradients = dense.gradients(layers, images[batch], images[batch], losses.squared_error)
        if k % size["every"] == 0:
            way.append((k, dense.deficit(layers), loss / len(batch)))
        steps.descend(layers.parameters(), gradients, rate)
        steps.decay(layers.weights, share)
    return np.array(way)


def _rows(ways, last, name):
    """What is compared at the iterations that were reached."""
    other = "" if name == "MNIST" else (f"other images ({name}), so other gradients: on them the rate of 4.4e-5 is at the edge "
                                        "of what is stable, and large steps are what unbalances")
    rows = []
    for k in (500, 1000, 3000):
        if k > last:
            continue
        start, now = (_deficit(ways["7 no regulariser"], at) for at in (0, k))
        rows.append(between(f"Baldi 7 A, iteration {k}", "deficit / that at the start, no regulariser",
                            FLAT, now / start, 0.95, 1.01, other))
        rows.append(factor(f"Baldi 7 A, iteration {k}", "deficit, regulariser", REGULARISED[k],
                           _deficit(ways["7 regulariser"], k), 1.5, other))
        rows.append(factor(f"Baldi 8 A, iteration {k}", "deficit from balance, rate 1e-5", SLOW[k],
                           _deficit(ways["8 small rate"], k), 3, other))
        rows.append(factor(f"Baldi 8 A, iteration {k}", "deficit from balance, rate 4.4e-5", FAST[k],
                           _deficit(ways["8 large rate"], k), 3, other))
    fast, held = (_deficit(ways[name], last) for name in ("8 large rate", "8 regulariser"))
    there = last if last in HELD else 3000
    rows.append(at_most("Baldi 8 A", f"deficit from balance, with / without regulariser, iteration {last}",
                        HELD[there] / FAST[there], held / fast, 0.5, "few iterations" if last < 500 else other))
    return rows


def _deficit(way, iteration):
    return float(way[way[:, 0] == iteration, 1][0])


def _picture(ways, name):
    figure, axes = style.panels(3, 3)
    looks = {"no regulariser": ("-", style.BEFORE), "regulariser": ("-", style.AFTER), "small rate": ("--", style.LINE),
             "large rate": ("-", style.BEFORE)}
    for label, way in ways.items():
        number, kind = label.split(" ", 1)
        dashes, colour = looks[kind]
        axes[int(number) - 7].plot(way[:, 0], way[:, 1], dashes, color=colour, label=kind)
        axes[2].plot(way[:, 0], way[:, 2], dashes if number == "7" else ":", color=colour)
    for one, title in zip(axes, ("From random weights", "From balance", "Loss")):
        style.log_axis(one.yaxis)
        one.set(xlabel="iteration", ylabel="loss per image" if title == "Loss" else "balance deficit", title=title)
    for one in axes[:2]:
        one.legend()
    style.caption(figure, f"Baldi 7 and 8 (left columns), on {name}. a: from random weights, rate 2e-5 without, 4.4e-5 with a "
                  "decay of 9e-4 a step. b: from balance, rates 1e-5 (small) and 4.4e-5. c: squared error (dotted: from "
                  "balance).")
    return figure
