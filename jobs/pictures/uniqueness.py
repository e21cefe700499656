"""Cost and balance deficit over the visits of many random orders, as figure 9 A-B of Baldi et al. 2024 does."""
import json

import numpy as np

from . import style
from .files import table

ABOUT = "FILE.csv of benchmark_uniqueness: cost and deficit over visits, many random orders"
NAMES = ("visits", "cost_mean", "cost_sd", "deficit_min", "deficit_max", "deficit_mean")
PUBLISHED = 1e-2  # deficit at which the published notebooks stop


def add_options(parser):
    parser.add_argument("file", metavar="FILE.csv")
    parser.add_argument("--json", help="what the benchmark printed in the same run, for the caption")


def draw(options):
    data = table(options.file, NAMES)
    if len(data) != len(NAMES):
        raise style.PictureError(f"{options.file}: is no table of benchmark_uniqueness --csv")
    run = _run_of(options.json)
    # The first record is taken after a tenth of the neurons.
    neurons = 10 * data["visits"][1]
    if run and abs(neurons / run["hidden_neurons"] - 1) > 0.1 and not options.force:
        raise style.PictureError(f"{options.json}: tells of {run['hidden_neurons']} neurons, "
                                 f"{options.file} of some {neurons:g}: give files of one run, or --force")
    neurons = run["hidden_neurons"] if run else neurons
    figure, axes = style.panels(2)
    _draw_cost(axes[0], data, neurons)
    _draw_deficit(axes[1], data, neurons)
    style.caption(figure, _caption(run))
    return figure


def _run_of(path):
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
    except (OSError, ValueError) as error:
        raise style.PictureError(f"{path}: {error}") from None
    if "hidden_neurons" not in run:
        raise style.PictureError(f"{path}: is not what benchmark_uniqueness prints")
    return run


def _draw_cost(axes, data, neurons):
    """The mean over orders and one standard deviation, over the first visits, where nearly all happens."""
    x = data["visits"] / neurons
    mean, deviation = data["cost_mean"], data["cost_sd"]
    narrow = np.max(deviation) < 0.005 * np.ptp(mean)
    axes.fill_between(x, mean - deviation, mean + deviation, color=style.LIGHT, alpha=0.4, lw=0,
                      label="± one deviation" + (" (within the line)" if narrow else ""))
    axes.plot(x, mean, color=style.LINE, label="mean over orders")
    axes.axhline(mean[-1], color=style.LINE, lw=0.8, ls="--", zorder=0)
    for value, shift in ((mean[0], -3), (mean[-1], 4)):
        words = f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
        axes.annotate(words, (x[0], value), textcoords="offset points", xytext=(6, shift))
    axes.set(xlim=(0, 5), xlabel="visits per neuron", ylabel="cost $\\Vert W\\Vert_F^2$", title="Sum of squares")
    axes.legend()


def _draw_deficit(axes, data, neurons):
    """The largest, mean and smallest deficit of all orders, down to rounding errors."""
    x = data["visits"] / neurons
    axes.fill_between(x, data["deficit_min"], data["deficit_max"], color=style.DARK, alpha=0.3, lw=0, label="all orders")
    rare = np.flatnonzero(np.diff(x, prepend=0) > 0.04 * x[-1])  # records far apart: the line between is no datum
    axes.plot(x, data["deficit_mean"], color=style.DARK, label="mean over orders", marker="o", ms=3,
              markevery=rare.tolist(), clip_on=False)
    style.log_axis(axes.yaxis)
    axes.axhline(PUBLISHED, color=style.LINE, lw=0.8, ls="--", zorder=0, label="published notebooks stop")
    axes.set(xlim=(0, x[-1]), xlabel="visits per neuron", ylabel="$\\Sigma_i(\\mathrm{in}_i-\\mathrm{out}_i)^2$", title="Balance deficit")
    axes.legend()


def _caption(run):
    words = ("Neurons are visited in random order, and balanced one at a time; W: all weights; in, out: sums of squares of the "
             "weights onto a neuron and from it.")
    if run is None:
        return words
    difference = run["largest_relative_difference_between_orders"]
    return (f"{run['orders']:,} random orders of {run['layers']}: in the end weights differ by at most {style.short(difference)} "
            f"(relative). {words}")
