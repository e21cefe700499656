"""Baldi et al. 2024, figure 9: neurons that balance in any random order end at the same weights."""
import numpy as np
import scipy.sparse

from pictures import style
from table import at_most, near
from trainer import dense

ABOUT = "Baldi 9: stochastic balancing ends at one state"
SIZES = {"tiny": {"orders": 2, "sweeps": (2,), "local": False},
         "small": {"orders": 10, "sweeps": (1, 2, 3, 5, 8, 12), "local": True},
         "full": {"orders": 1000, "sweeps": (1, 2, 3, 5, 8, 12, 20), "local": True}}
SHAPE = (784, 200, 100, 50, 100, 200, 784)  # section 10
FOLLOWED = 4  # orders whose way is drawn

# Printed by the authors' notebook for A-B: sum of squares and deficit of the random weights, sum of squares at balance.
NORM_BEFORE, NORM_AFTER, DEFICIT_BEFORE = 3638.9153, 1497.6942, 19237.0195
LOCAL_BEFORE, LOCAL_AFTER = 5982.6714, 1396.4629  # for C-D

WAY = ("--method", "stochastic", "--schedule", "random")


def make(setting):
    size, synbal = SIZES[setting.size], setting.synbal
    layers = dense.normal(SHAPE, 0.1, "relu", "relu", np.random.default_rng(9))
    synbal.save_layers(layers)
    best = synbal.balance_layers()[0]
    ends = [synbal.balance_layers(*WAY, "--seed", seed)[0] for seed in range(1, size["orders"] + 1)]
    distance, norm = _ways(synbal, layers, best, size)
    figure = _picture(size["sweeps"], distance, norm)
    return figure, _rows(layers, best, ends) + (_local(synbal) if size["local"] else [])


def _ways(synbal, layers, best, size):
    """Distance to the balanced weights and norm [orders, sweeps], the start included, each from a run of so many sweeps."""
    goal = dense.scaled(layers, best)
    distance, norm = [], []
    for seed in range(1, min(size["orders"], FOLLOWED) + 1):
        states = [np.zeros_like(best)]
        states += [synbal.balance_layers(*WAY, "--seed", seed, "--max-iterations", sweeps)[0] for sweeps in size["sweeps"]]
        now = [dense.scaled(layers, h) for h in states]
        distance.append([_distance(one, goal) for one in now])
        norm.append([dense.squared_norm(one) ** 0.5 for one in now])
    return np.array(distance), np.array(norm)


def _distance(one, other):
    return sum(np.sum((a - b) ** 2) for a, b in zip(one.weights, other.weights)) ** 0.5


def _rows(layers, best, ends):
    balanced = dense.scaled(layers, best)
    apart = max(np.abs(h - best).max() for h in ends)
    x = np.random.default_rng(1).random((50, SHAPE[0]))
    before, after = (dense.forward(one, x)[1][-1] for one in (layers, balanced))
    return [near("Baldi 9 B", "|W|^2 before, 784-200-100-50-100-200-784", NORM_BEFORE, dense.squared_norm(layers), 0.02),
            near("Baldi 9 B", "|W|^2 at balance", NORM_AFTER, dense.squared_norm(balanced), 0.02),
            near("Baldi 9 A", "deficit before", DEFICIT_BEFORE, dense.deficit(layers), 0.03),
            at_most("Baldi 9 A", f"most that h differs over {len(ends)} random orders", "0 (1,000 orders)", apart, 1e-8),
            at_most("Baldi 9", "outputs before - after, relative", "0", np.abs(before - after).max() / np.abs(before).max(),
                    1e-10)]


def _local(synbal):
    """C-D: sheets that hear each other through windows, then dense layers."""
    rng = np.random.default_rng(10)
    sheets = ((3, 32, 8), (8, 25, 8), (8, 18, 10), (16, 9, None))
    blocks = [_sheet(a, b, rng) for a, b in zip(sheets, sheets[1:])]
    sizes = [c * side * side for c, side, _ in sheets] + [300, 100, 10]
    blocks += [scipy.sparse.csr_matrix(rng.normal(0, 0.04, (b, a))) for a, b in zip(sizes[3:], sizes[4:])]
    matrix = scipy.sparse.bmat([[blocks[i - 1] if j == i - 1 else scipy.sparse.csr_matrix((a, b))
                                 for j, b in enumerate(sizes)] for i, a in enumerate(sizes)], format="csr")
    synbal.save("layers.npz", matrix)
    np.savetxt(synbal.folder / "ends.txt", np.r_[:sizes[0], sum(sizes[:-1]):sum(sizes)], fmt="%d")
    reports = [synbal.balance_layers(*how)[1] for how in ((), WAY)]
    costs = [report["cost"]["final"] for report in reports]
    return [near("Baldi 9 D", "|W|^2 before, locally connected", LOCAL_BEFORE, reports[0]["cost"]["initial"], 0.02),
            near("Baldi 9 D", "|W|^2 at balance, locally connected", LOCAL_AFTER, costs[0], 0.02),
            at_most("Baldi 9 C", "|W|^2 at balance by stochastic balancing, relative difference", "0",
                    abs(costs[1] / costs[0] - 1), 1e-9)]


def _sheet(below, above, rng):
    """Weights from one stack of sheets to the next; every neuron has weights of its own to a window of all sheets below."""
    (maps, side, kernel), (new_maps, new_side, _) = below, above
    place = np.arange(new_maps * new_side ** 2)
    row, column = place // new_side % new_side, place % new_side
    m, y, x = (a.ravel() for a in np.meshgrid(range(maps), range(kernel), range(kernel), indexing="ij"))
    heard = (m * side + row[:, None] + y) * side + column[:, None] + x
    values = rng.normal(0, 0.04, heard.size)
    ends = np.arange(len(place) + 1) * len(m)
    return scipy.sparse.csr_matrix((values, heard.ravel(), ends), (len(place), maps * side ** 2))


def _picture(sweeps, distance, norm):
    figure, axes = style.panels(2)
    x = (0, *sweeps)
    for one, values, name in zip(axes, (distance, norm), (r"$\|W - W_{balanced}\|_F$", r"$\|W\|_F$")):
        mean, spread = values.mean(axis=0), values.std(axis=0)
        one.fill_between(x, mean - spread, mean + spread, color=style.AFTER, alpha=0.25, linewidth=0)
        one.plot(x, mean, "o-", ms=3, color=style.AFTER)
        one.set(xlabel="visits of every neuron", ylabel=name, ylim=(0, None))
    style.caption(figure, f"Baldi 9 A, B. a: distance to the balanced weights. b: norm of the weights. Mean and standard "
                  f"deviation over {len(distance)} random orders; each point is the end of a run of so many sweeps.")
    return figure
