#!/usr/bin/env python3
"""Draws cost and balance deficit over the visits of many random orders, as figure 9 A-B of Baldi et al. 2024 does.

    benchmark_uniqueness --csv uniqueness.csv > uniqueness.json
    plot_uniqueness.py uniqueness.csv PICTURE.png|.svg|.pdf [--json uniqueness.json]
"""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "jobs"))
from plotting import BLUE as DEFICIT, GREY as LINE, ORANGE as COST, arguments, panels, save

PUBLISHED = 1e-2  # deficit at which the published notebooks stop


def draw_cost(axes, data, neurons):
    """The mean over orders and one standard deviation, over the first visits, where nearly all happens."""
    x = data["visits"] / neurons
    mean, deviation = data["cost_mean"], data["cost_sd"]
    axes.fill_between(x, mean - deviation, mean + deviation, color=COST, alpha=0.3, lw=0, label="± one deviation")
    axes.plot(x, mean, color=COST, lw=1.4, label="mean over orders")
    axes.axhline(mean[-1], color=LINE, lw=0.8, ls="--", zorder=0)
    axes.annotate(f"{mean[0]:,.0f}", (x[0], mean[0]), textcoords="offset points", xytext=(6, -3))
    axes.annotate(f"{mean[-1]:,.0f}", (x[0], mean[-1]), textcoords="offset points", xytext=(6, 4))
    axes.set(xlim=(0, 5), xlabel="visits per neuron", ylabel="cost  $\\Vert W \\Vert_F^2$", title="Sum of squares")
    axes.legend(frameon=False)


def draw_deficit(axes, data, neurons):
    """The largest, mean and smallest deficit of all orders, down to rounding errors."""
    x = data["visits"] / neurons
    axes.fill_between(x, data["deficit_min"], data["deficit_max"], color=DEFICIT, alpha=0.3, lw=0, label="all orders")
    axes.semilogy(x, data["deficit_mean"], color=DEFICIT, lw=1.4, label="mean over orders")
    axes.axhline(PUBLISHED, color=LINE, lw=0.8, ls="--", zorder=0, label="where the published notebooks stop")
    axes.set(xlim=(0, x[-1]), xlabel="visits per neuron", ylabel="deficit  $\\sum_i (in_i - out_i)^2$")
    axes.set(title="Balance deficit")
    axes.grid(True, which="major", lw=0.4, alpha=0.5)
    axes.legend(frameon=False)


def title_of(path):
    """What the run found, from its JSON."""
    if path is None:
        return None, None
    with open(path, encoding="utf-8") as file:
        run = json.load(file)
    difference = run["largest_relative_difference_between_orders"]
    text = f"{run['orders']:,} random orders of {run['layers']}: weights differ by at most {difference:.1e} (relative)"
    return text, run["hidden_neurons"]


def main():
    parser = arguments(__doc__, "csv")
    parser.add_argument("--json", help="what the benchmark printed, for the title and the number of neurons")
    paths = parser.parse_args()
    data = np.genfromtxt(paths.csv, delimiter=",", names=True)
    text, neurons = title_of(paths.json)
    neurons = neurons or 10 * data["visits"][1]  # the first record is taken after a tenth of the neurons
    figure, (left, right) = panels(2, 11, 4.5)
    draw_cost(left, data, neurons)
    draw_deficit(right, data, neurons)
    save(figure, text, paths.picture)


if __name__ == "__main__":
    main()
