"""Stock et al. 2022, figure 5: a ring of twelve neurons, one synapse of which is potentiated."""
import numpy as np

from pictures import style
from table import Row, at_most

ABOUT = "Stock 5: a ring relaxes after one synapse has changed"
NEURONS, COST, I, J, P = 12, 3.0, 5, 6, 2  # the synapse from J to I costs three instead of one
MODES = (2, 4, 6)                          # eigenvectors that are drawn: v_3, v_5, v_7

# Figure 5 (b): what becomes of the synapses' costs, by (postsynaptic, presynaptic) neuron.
SYNAPSES = {"A": (I, J), "B": (J, I), "C": (I - 1, I), "D": (I, I - 1), "E": (J, J + 1), "F": (J + 1, J), "G": (0, 11),
            "H": (11, 0)}
WEAKENED, STRENGTHENED = "ADF", "BCE"


def make(setting):
    synbal = setting.synbal
    costs = _ring()
    synbal.save("ring.npz", costs ** (1 / P))
    pairs = ";".join(f"{i},{j}" for i, j in SYNAPSES.values())
    synbal.run("flow", "ring.npz", "-o", "way.h5", "--end-time", 10, "--record-synapses", pairs, "--output-times", "linear:400",
               "--relative-tolerance", 1e-9, "--absolute-tolerance", 1e-11, "--tolerance", 0)
    time, h, way = synbal.read("way.h5", "time", "h", "synapse/cost")
    exact, approximate, rates = _modes(costs, time, h)
    return _picture(time, way, exact, approximate, rates), _rows(time, way, exact, approximate)


def _ring():
    """Costs [post, pre]: one in both directions between neighbours."""
    costs = np.roll(np.eye(NEURONS), 1, axis=0) + np.roll(np.eye(NEURONS), -1, axis=0)
    costs[I, J] = COST
    return costs


def _modes(costs, time, h):
    """h along the Laplacian's eigenvectors [times, modes], its quadratic approximation by eq. 39, eigenvalues."""
    conductance = costs + costs.T
    rates, vectors = np.linalg.eigh(np.diag(conductance.sum(axis=0)) - conductance)
    start = vectors.T @ (costs.sum(axis=1) - costs.sum(axis=0))
    decay = P * np.maximum(rates, 1e-12)
    reached = np.where(rates > 1e-9, start / decay, 0)
    return h @ vectors, reached * (1 - np.exp(-np.outer(time, decay))), rates


def _rows(time, way, exact, approximate):
    names = list(SYNAPSES)
    end = dict(zip(names, way[-1] / way[0]))
    weakened, strengthened = max(end[k] for k in WEAKENED), min(end[k] for k in STRENGTHENED)
    half = [time[np.argmax(np.abs(way[:, names.index(k)] - way[0, names.index(k)]) >=
                           0.5 * abs(way[-1, names.index(k)] - way[0, names.index(k)]))] for k in "DG"]
    error = np.abs(exact - approximate).max() / np.abs(exact).max()
    return [Row("Stock 5 b", "costs of A, D, F at the end / before, the largest", "below 1", f"{weakened:.4g}", "below 1",
                bool(weakened < 1)),
            Row("Stock 5 b", "costs of B, C, E at the end / before, the smallest", "above 1", f"{strengthened:.4g}", "above 1",
                bool(strengthened > 1)),
            Row("Stock 5 b", "time to half of the change, distant G / near D", "above 1", f"{half[1] / half[0]:.4g}", "above 1",
                bool(half[1] > half[0])),
            at_most("Stock 5 b", "distant synapses end where near ones do (G, D, F; H, C, E), relative", "0",
                    max(abs(end[k] / end[like] - 1) for k, like in ("GD", "GF", "HC", "HE")), 1e-3),
            at_most("Stock 5 d", "h along the modes, quadratic approximation (eq. 39), relative error", "small", error, 0.3)]


def _picture(time, way, exact, approximate, rates):
    figure, axes = style.panels(2)
    colours = style.plt.get_cmap(style.WAYS)(np.linspace(0, 0.9, len(SYNAPSES)))
    for values, name, colour in zip(way.T, SYNAPSES, colours):
        axes[0].plot(time, values, color=colour, label=name)
    axes[0].set(xlabel="time", ylabel="cost", title="Synapses", xlim=(0, 5))
    axes[0].legend(ncol=2)
    for mode, colour in zip(MODES, (style.BEFORE, style.AFTER, style.LINE)):
        axes[1].plot(time, exact[:, mode], color=colour, label=f"$\\lambda$ = {rates[mode]:.3g}")
        axes[1].plot(time, approximate[:, mode], ":", color=colour)
    axes[1].set(xlabel="time", ylabel="h along a mode", title="Modes of the Laplacian", xlim=(0, 5))
    axes[1].legend()
    style.caption(figure, f"Stock 5: a ring of {NEURONS} neurons at balance, all costs 1; at time 0 synapse A costs "
                  f"{COST:g}. a: A and B join the same two neurons, C to F are next to them, G and H opposite. b: h "
                  "along modes, by `synbal flow`; dotted: eq. 39.")
    return figure
