"""Stock et al. 2022, figure 3: two neurons, where the way of balancing is known in closed form (eq. 29 to 31)."""
import numpy as np

from pictures import style
from table import at_most, near

ABOUT = "Stock 3: two neurons against eq. 29 and 31"
FORWARD, BACK, END, P = 2.0, 0.3, 2.0, 2  # costs c_12 and c_21, time


def make(setting):
    alone, both = (_way(setting.synbal, costs) for costs in ((FORWARD, 0), (FORWARD, BACK)))
    known = _known(both[0])
    rows = [at_most("Stock 3 c", "one synapse: eq. 31, largest relative difference", "0",
                    _apart(alone[1][:, 0], FORWARD / (2 * FORWARD * P * alone[0] + 1)), 1e-4),
            at_most("Stock 3 d", "two synapses: eq. 29 with gamma p^2 = p, largest relative difference", "0",
                    max(_apart(both[1][:, k], known[k]) for k in (0, 1)), 1e-4),
            at_most("Stock 3 d", "two synapses: eq. 29 as printed (p^2), largest relative difference", "0",
                    max(_apart(both[1][:, k], _known(both[0], P)[k]) for k in (0, 1)), 1e-4,
                    "eq. 29 lacks the factor gamma = 1/p that eq. 31 has; with it the way agrees (row above)"),
            near("Stock 3 d", "cost of both synapses at the end: eq. 30", (FORWARD * BACK) ** 0.5, both[1][-1, 0], 1e-3)]
    return _picture(alone, both, known), rows


def _way(synbal, costs):
    """Times, and costs [times, 2] of the synapses 2 -> 1 and 1 -> 2."""
    matrix = np.array([[0, costs[0]], [costs[1], 0]]) ** (1 / P)
    synbal.save("two.npz", matrix)
    pairs = "0,1;1,0" if costs[1] else "0,1"
    synbal.run("flow", "two.npz", "-o", "way.h5", "--end-time", END, "--components", "all", "--record-synapses", pairs,
               "--relative-tolerance", 1e-9, "--absolute-tolerance", 1e-11, "--tolerance", 0, "--output-times", "linear:100")
    return synbal.read("way.h5", "time", "synapse/cost")


def _known(time, more=1):
    """Eq. 29: the way of c_12 and c_21; `more` multiplies the rate."""
    middle = (FORWARD * BACK) ** 0.5
    start = np.sqrt(FORWARD / BACK)
    grow = np.tanh(2 * P * more * middle * time + np.arctanh(min(start, 1 / start)))
    smaller, larger = middle * grow, middle / grow
    return (larger, smaller) if start > 1 else (smaller, larger)


def _apart(found, known):
    return np.abs(found / known - 1).max()


def _picture(alone, both, known):
    figure, axes = style.panels(2)
    axes[0].plot(alone[0], alone[1][:, 0], color=style.AFTER, label="$c_{12}$")
    axes[0].plot(alone[0][::10], FORWARD / (2 * FORWARD * P * alone[0][::10] + 1), "o", ms=3, color=style.LINE, label="eq. 31")
    for k, colour in enumerate((style.AFTER, style.BEFORE)):
        axes[1].plot(both[0], both[1][:, k], color=colour, label=("$c_{12}$", "$c_{21}$")[k])
        axes[1].plot(both[0][::10], known[k][::10], "o", ms=3, color=style.LINE, label="eq. 29" if k else None)
    for one, title in zip(axes, ("One synapse: no equilibrium", "Two synapses")):
        one.set(xlabel="time", ylabel="cost", title=title, ylim=(0, None))
        one.legend()
    style.caption(figure, "Stock 3 c, d: lines by `synbal flow`, dots in closed form.")
    return figure
