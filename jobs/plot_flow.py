#!/usr/bin/env python3
"""Draws a run of `synbal flow`: cost and imbalance over time, h of the neurons, and, where they were recorded, costs of
synapses and the heat equation beside the true flow.

    plot_flow.py TRAJECTORY.h5 PICTURE.png|.svg|.pdf [--neurons COUNT] [--linear-time]

Works on a trajectory that still grows, too. Of many neurons COUNT are drawn, spread evenly over where they end.
"""
import h5py
import numpy as np

from plotting import BLUE as COST, GREY as HEAT, ORANGE as IMBALANCE, arguments, panels, plt, save


class Trajectory:
    """The whole rows of a file; what was not recorded is None."""

    def __init__(self, path):
        self.file = h5py.File(path, "r")
        self.rows = int(self.file["rows"][0])
        if self.rows == 0:
            raise SystemExit(f"{path}: no row has been written yet")
        self.time = self.get("time")
        self.power = float(self.file.attrs["p"])
        reason = self.file.attrs["reason"]
        self.reason = reason.decode() if isinstance(reason, bytes) else reason

    def get(self, name, columns=slice(None)):
        if name not in self.file:
            return None
        data = self.file[name]
        return data[: self.rows] if data.ndim == 1 else data[: self.rows, columns]

    def some_neurons(self, count):
        """Columns of at most `count` neurons, among those that move, from the lowest to the highest end."""
        if "h" not in self.file:
            return None
        last = self.file["h"][self.rows - 1]
        moving = np.flatnonzero((last != 0) | (self.file["h"][0] != 0))
        order = moving[np.argsort(last[moving])]
        chosen = np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)) if len(order) else []
        return np.sort(order[chosen]) if len(order) else order


def set_time_axis(axes, time, linear):
    """Logarithmic, unless everything happens at one time; the start at 0 is then drawn at the left border."""
    positive = time[time > 0]
    if linear or positive.size < 2:
        axes.set_xlabel("time")
        return time
    axes.set_xscale("log")
    axes.set_xlabel("time (start at the left border)" if time[0] == 0 else "time")
    return np.where(time > 0, time, positive[0] / 2)


def draw_cost(axes, run, linear):
    """Cost above its last value says when it has settled; the imbalance needs a log scale."""
    time = set_time_axis(axes, run.time, linear)
    axes.plot(time, run.get("cost"), color=COST, lw=1.5)
    axes.set_ylabel("cost", color=COST)
    axes.tick_params(axis="y", colors=COST)
    imbalance = run.get("imbalance")
    shown = imbalance > 0
    right = axes.twinx()
    right.semilogy(time[shown], imbalance[shown], "--", color=IMBALANCE, lw=1.5)
    right.set_ylabel("imbalance  $\\sum_i |in_i - out_i| \\; / \\; \\sum c$", color=IMBALANCE)
    right.tick_params(axis="y", colors=IMBALANCE)
    axes.set_title("Cost and imbalance")


def draw_h(axes, run, columns, linear):
    """Every neuron's way; where the heat equation went along, its ways are dashed."""
    axes.set_title("Scaling of the neurons")
    if columns is None or len(columns) == 0:
        axes.text(0.5, 0.5, "no neuron was recorded that moves", ha="center", transform=axes.transAxes)
        return
    time = set_time_axis(axes, run.time, linear)
    h, heat = run.get("h", columns), run.get("heat/h", columns)
    end = h[-1]
    low, high = end.min(), end.max()
    for k, way in enumerate(h.T):
        place = (end[k] - low) / (high - low) if high > low else 0.5
        axes.plot(time, way, lw=0.8, color=plt.cm.viridis(place))
    if heat is not None:
        axes.plot(time, heat, ":", lw=0.8, color=HEAT)
        axes.plot([], [], ":", color=HEAT, label="heat equation")
        axes.legend(frameon=False)
    axes.set_ylabel("$h_i$")


def draw_synapses(axes, run, linear):
    """Costs of the synapses that were asked for."""
    time = set_time_axis(axes, run.time, linear)
    cost = run.get("synapse/cost")
    post, pre = run.file["synapse/postsynaptic"][:], run.file["synapse/presynaptic"][:]
    for k, way in enumerate(cost.T[:20]):
        axes.plot(time, way, lw=1.2, label=f"{pre[k]} $\\to$ {post[k]}")
    axes.set(yscale="log", ylabel="$c_{ij}$", title="Costs of synapses")
    axes.legend(frameon=False, fontsize="small")


def main():
    parser = arguments(__doc__, "trajectory")
    parser.add_argument("--neurons", type=int, default=60, help="how many are drawn at most")
    parser.add_argument("--linear-time", action="store_true", help="no logarithmic time axis")
    options = parser.parse_args()
    run = Trajectory(options.trajectory)
    columns = run.some_neurons(options.neurons)
    with_synapses = "synapse/cost" in run.file
    figure, axes = panels(3, 16.5) if with_synapses else panels(2, 11)
    draw_cost(axes[0], run, options.linear_time)
    draw_h(axes[1], run, columns, options.linear_time)
    if with_synapses:
        draw_synapses(axes[2], run, options.linear_time)
    shown = "" if columns is None else f", {len(columns)} of {run.file['h'].shape[1]:,} neurons shown"
    save(figure, f"{run.reason}: {run.rows} times{shown}, p = {run.power:g}", options.picture)


if __name__ == "__main__":
    main()
