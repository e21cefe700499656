"""Baldi et al. 2024, tables 1 and 2 in small: accuracy of classifiers that are balanced before or while they learn."""
import numpy as np

import tasks
from pictures import style
from table import at_least, between
from trainer import dense, losses, steps

ABOUT = "Baldi table 1, 2: accuracy with and without balancing"
SIZES = {"tiny": {"iterations": 4, "depths": (2,), "epoch": 2, "without": ("L2 decay",)},
         "small": {"iterations": 500, "depths": (2, 3), "epoch": 100, "without": ("L2 decay",)},
         "full": {"iterations": 23500, "depths": (2, 3, 5), "epoch": 235, "without": ()}}  # 100 epochs of 60,000 images
HIDDEN = {2: (256,), 3: (256, 128), 5: (512, 256, 128, 64)}
RATE, BATCH, DECAY = 1e-3, 256, 0.015

# Tables 1 and 2: test accuracy in per cent; all of table 2 is balanced at the start. "Biases left" is what the authors' code
# does: it scales weights alone, so that a network with biases starts as another function. It makes little difference.
PAPER = {2: {"plain": 90.09, "L2 decay": 90.062, "balanced first": 91.22, "balanced first, biases left": 91.22,
             "L2 every epoch": 91.19, "L1 every epoch": 94.54},
         3: {"plain": 89.594, "L2 decay": 89.70, "balanced first": 90.83, "balanced first, biases left": 90.83,
             "L2 every epoch": 90.86, "L1 every epoch": 93.94},
         5: {"plain": 89.09, "L2 decay": 90.3, "balanced first": 91.37, "balanced first, biases left": 91.37,
             "L2 every epoch": 91.63, "L1 every epoch": 96.26}}
BASE = ("plain", "L2 decay")  # not balanced


def place_of(how):
    return f"Baldi table {2 if how.endswith('every epoch') else 1}"


def make(setting):
    size, digits = SIZES[setting.size], setting.digits()
    ways = {depth: {how: _train(setting.synbal, digits, depth, how, size) for how in PAPER[depth]
                    if how not in size["without"]} for depth in size["depths"]}
    rows = [row for depth, found in ways.items() for row in _rows(depth, found, size, digits.name)]
    return _picture(ways, digits.name), rows


def _train(synbal, digits, depth, how, size):
    """[iteration, test accuracy in per cent], every epoch."""
    rng = np.random.default_rng(depth)
    layers = dense.uniform((784, *HIDDEN[depth], 10), "relu", "linear", rng, np.float32)
    if how not in BASE:
        biases = layers.biases
        layers = dense.scaled(layers, synbal.fully(layers, 1 if how.startswith("L1") else 2))
        if how.endswith("biases left"):
            layers.biases = biases
    way = [(0, _accuracy(layers, digits))]
    batches = tasks.batches(len(digits.train), BATCH, size["iterations"], rng)
    for k, batch in enumerate(batches, 1):
        _, gradients = dense.gradients(layers, _centred(digits.train[batch]), digits.train_labels[batch],
                                       losses.cross_entropy)
        steps.descend(layers.parameters(), gradients, RATE)
        if how == "L2 decay":
            steps.decay(layers.parameters(), RATE * DECAY)
        if k % size["epoch"] == 0:
            if how.endswith("every epoch"):
                layers = dense.scaled(layers, synbal.once(layers, 1 if how.startswith("L1") else 2))
            way.append((k, _accuracy(layers, digits)))
    return np.array(way)


def _centred(images):
    return (images - np.float32(0.5)) / np.float32(0.5)


def _accuracy(layers, digits):
    outputs = dense.forward(layers, _centred(digits.test))[1][-1]
    return 100 * np.mean(outputs.argmax(axis=1) == digits.test_labels)


def _rows(depth, found, size, name):
    """Whether each way is ahead of the plain one; and the figures themselves where iterations and images are the paper's."""
    end = {how: way[-1, 1] for how, way in found.items()}
    paper, iterations = PAPER[depth], size["iterations"]
    whole = name == "MNIST" and iterations == SIZES["full"]["iterations"]
    why = "one run of one seed; how images are scaled, here to -1 to 1, is not in the text" if whole else f"{iterations:,} iterations on {name} instead of 23,500 on MNIST"
    rows = [at_least(place_of(how), f"{depth} layers, {how}: accuracy % ahead of plain ({iterations:,} steps)",
                     paper[how] - paper["plain"], value - end["plain"], 0.3, why)
            for how, value in end.items() if how not in BASE]
    return rows + [between(place_of(how), f"{depth} layers, {how}: accuracy %", paper[how], value, paper[how] - 1,
                           paper[how] + 1, why) for how, value in end.items() if whole]


def _picture(ways, name):
    figure, axes = style.panels(len(ways), max(2, len(ways)))
    looks = {"plain": ("-", style.BEFORE), "L2 decay": (":", style.BEFORE), "balanced first": ("-", style.AFTER),
             "balanced first, biases left": (":", style.AFTER), "L2 every epoch": ("--", style.AFTER),
             "L1 every epoch": ("-", style.LINE)}
    for one, (depth, found) in zip(axes, ways.items()):
        for how, way in found.items():
            one.plot(way[:, 0], way[:, 1], looks[how][0], color=looks[how][1], label=how)
        one.set(xlabel="iteration", ylabel="test accuracy (%)", title=f"{depth} layers", yticks=range(0, 101, 20))
    style.legend_above(axes[0], ncol=2 if len(ways) <= 2 else 1)
    style.caption(figure, f"Baldi tables 1 and 2 on {name}: SGD at 0.001, batches of 256. Balanced with biases following, so "
                  "that a network starts as the same function; every epoch: each neuron once, from inputs to outputs.")
    return figure
