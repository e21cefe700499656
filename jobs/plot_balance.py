#!/usr/bin/env python3
"""Draws what balancing did: in-cost against out-cost of every neuron before and after, and the convergence.

    plot_balance.py NETWORK.h5 RESULT.h5 PICTURE.png|.svg|.pdf

NETWORK is in the native format, RESULT what `synbal balance` made of it. The costs before come from the network's own
weights, those after from the result: edges inside components, without self-loops, as in the report.
"""
import h5py
import numpy as np

from plotting import BLUE as AFTER, GREY as LINE, ORANGE as BEFORE, arguments, panels, save


def costs_before(network, component, power):
    """In-cost and out-cost of every neuron as given: sums of gain_j^2 |J_ij|^p over rows and columns."""
    weights = network["weights"]
    indptr = weights["indptr"][:]
    column = weights["indices"][:]
    row = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    cost = np.abs(weights["data"][:]) ** power
    if "gain" in network:
        cost *= network["gain"][:][column] ** 2
    inside = (component[row] == component[column]) & (row != column)
    n = len(component)
    return (np.bincount(row[inside], cost[inside], n), np.bincount(column[inside], cost[inside], n))


def draw_costs(axes, before, after):
    """Every neuron twice: where it was, and where it is now; balanced means on the diagonal."""
    values = np.concatenate([*before, *after])
    positive = values[values > 0]
    if positive.size == 0:
        axes.text(0.5, 0.5, "no neuron is part of a cycle", ha="center", transform=axes.transAxes)
        return
    limits = [positive.min() / 2, positive.max() * 2]
    axes.loglog(*before, "o", ms=3, alpha=0.5, mew=0, color=BEFORE, label="before", rasterized=True)
    axes.loglog(*after, "s", ms=2.5, alpha=0.7, mew=0, color=AFTER, label="after", rasterized=True)
    axes.loglog(limits, limits, "--", lw=0.8, color=LINE, label="in = out", zorder=0)
    axes.set(xlim=limits, ylim=limits, aspect="equal", title="Cost of every neuron's synapses")
    axes.set(xlabel="in-cost  $\\sum_j |J_{ij}|^p$", ylabel="out-cost  $\\sum_k |J_{ki}|^p$")
    axes.legend(frameon=False, markerscale=2)


def draw_convergence(axes, history):
    """The relative imbalance after every iteration; exact zeros have no place on a log axis."""
    iteration, imbalance = history["iteration"][:], history["imbalance"][:]
    shown = imbalance > 0
    axes.semilogy(iteration[shown], imbalance[shown], "o-", ms=4, lw=1.2, color=AFTER)
    axes.set(xlabel="iteration", ylabel="imbalance  $\\sum_i |in_i - out_i| \\; / \\; \\sum c$", title="Convergence")
    axes.grid(True, which="major", lw=0.4, alpha=0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)


def main():
    paths = arguments(__doc__, "network", "result").parse_args()
    with h5py.File(paths.network, "r") as network, h5py.File(paths.result, "r") as result:
        power = float(result.attrs["p"])
        before = costs_before(network, result["component"][:], power)
        after = (result["in_cost"][:], result["out_cost"][:])
        figure, (left, right) = panels(2, 11)
        draw_costs(left, before, after)
        draw_convergence(right, result["history"])
        title = f"{len(after[0]):,} neurons, {network['weights/data'].shape[0]:,} synapses, p = {power:g}"
        save(figure, title, paths.picture)


if __name__ == "__main__":
    main()
