#!/usr/bin/env python3
"""Draws what `synbal perturb` wrote: what the Laplacian predicts against what balancing again finds.

    plot_perturb.py OUT.h5|OUT.csv PICTURE.png|.svg|.pdf

After one change (one synapse, or several with --together) every synapse of the network is a point: the log changes
predicted and true, and at once against in the end. After several, one after the other, every changed synapse is a point:
-c R against its measured log change over eta, for those that were balanced again, and how large the errors are.
"""
import matplotlib.ticker
import numpy as np

from plotting import BLUE as POINT, GREY as LINE, ORANGE as CHANGED, arguments, columns_of, panels, save


class Columns:
    """The columns of a table by name, without synapses that take no part."""

    def __init__(self, path):
        self.columns = columns_of(path)
        if "takes_part" not in self.columns:
            raise SystemExit(f"{path}: no table of `synbal perturb -o`")
        self.part = self.columns["takes_part"] != 0

    def __contains__(self, name):
        return name in self.columns

    def __getitem__(self, name):
        return self.columns[name][self.part]


def set_signed_scale(values, *axes):
    """Logarithmic to both sides of 0, but for what is a million times smaller than the largest."""
    most = np.abs(values).max(initial=1e-300)
    decades = 10.0 ** (np.floor(np.log10(most)) - np.array([0, 2, 4]))
    for axis in axes:
        set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
        set_scale("symlog", linthresh=most * 1e-6)
        axis.set_ticks(np.concatenate((-decades, [0], decades)))
        axis.set_minor_locator(matplotlib.ticker.NullLocator())
    return most


def draw_agreement(axes, predicted, true, marked, labels):
    """Points should lie on the diagonal: both axes have one scale."""
    most = 1.3 * set_signed_scale(np.concatenate((predicted, true)), axes.xaxis, axes.yaxis)
    axes.set(xlim=(-most, most), ylim=(-most, most), xlabel=labels[0], ylabel=labels[1], aspect="equal")
    axes.plot((-most, most), (-most, most), color=LINE, lw=0.8)
    axes.scatter(predicted[~marked], true[~marked], s=9, color=POINT, alpha=0.6, linewidths=0)
    axes.scatter(predicted[marked], true[marked], s=30, color=CHANGED, label="changed synapse")
    axes.legend(frameon=False)


def draw_at_once(axes, rate, true, marked):
    """Only synapses at the ends of a changed one start at once; all others follow."""
    set_signed_scale(true, axes.yaxis)
    for name, color, size, shown in (("follows", POINT, 9, ~marked), ("changed", CHANGED, 30, marked)):
        axes.scatter(rate[shown], true[shown], s=size, color=color, alpha=0.6, linewidths=0, label=name)
    axes.set(xlabel="rate at once  $g_l - g_k$", ylabel="true log change", title="At once and in the end")
    axes.legend(frameon=False)


def draw_errors(axes, size, error, labels):
    """Differences need a log scale; what agrees to the last bit is left out."""
    shown = (size > 0) & (error > 0)
    axes.loglog(size[shown], error[shown], ".", ms=4, color=POINT, alpha=0.6)
    axes.set(xlabel=labels[0], ylabel=labels[1])


def draw_one_change(axes, table):
    changed = table["changed"] != 0
    predicted = table["predicted"]
    if "actual" not in table:
        raise SystemExit("the true response was not asked for (--truth none): there is nothing to compare with")
    actual = table["actual"]
    draw_agreement(axes[0], predicted, actual, changed, ("predicted log change  $h_l - h_k$", "true log change"))
    axes[0].set_title("Response of every synapse")
    draw_errors(axes[1], np.abs(actual), np.abs(predicted - actual), ("|true log change|", "|predicted - true|"))
    error = np.linalg.norm(predicted - actual) / max(np.linalg.norm(actual), 1e-300)
    axes[1].set_title(f"Error {error:.2g} of the whole response")
    draw_at_once(axes[2], table["immediate"], actual, changed)
    return f"{int(changed.sum())} of {len(predicted):,} synapses changed"


def draw_each(axes, table):
    known = table["balanced_again"] != 0
    leverage, measured = -table["minus_c_r"], -table["measured_over_eta"]
    draw_errors(axes[0], leverage[known], measured[known], ("$c R$", "measured log change / $-\\eta$"))
    ends = leverage[known].min(initial=1.0), leverage[known].max(initial=0.0)
    axes[0].plot(ends, ends, color=LINE, lw=0.8)
    axes[0].set_title(f"{int(known.sum()):,} synapses balanced again")
    draw_errors(axes[1], leverage[known], table["response_error"][known], ("$c R$", "relative error"))
    axes[1].set_title("Error of the response of all synapses")
    draw_errors(axes[2], table["cost"], leverage, ("cost $c$", "$c R$"))
    axes[2].set_title("How much balancing takes back")
    return f"{len(leverage):,} synapses, one after the other"


def main():
    options = arguments(__doc__, "table").parse_args()
    table = Columns(options.table)
    figure, axes = panels(3, 16)
    draw = draw_one_change if "changed" in table else draw_each
    save(figure, draw(axes, table), options.picture)


if __name__ == "__main__":
    main()
