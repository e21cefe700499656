#!/usr/bin/env python3
"""Draws what `synbal perturb` wrote: what the Laplacian predicts against what balancing again finds.

    plot_perturb.py OUT.h5|OUT.csv PICTURE.png|.svg|.pdf

After one change (one synapse, or several with --together) every synapse of the network is a point: the log changes
predicted and true, and at once against in the end. After several, one after the other, every changed synapse is a point:
-c R against its measured log change over eta, for those that were balanced again, and how large the errors are.
"""
import argparse
import gzip

import matplotlib
import matplotlib.ticker

matplotlib.use("Agg")  # no display needed
import matplotlib.pyplot as plt
import numpy as np

POINT, CHANGED, LINE = "#0072B2", "#D55E00", "#444444"  # told apart with any colour vision


class Columns:
    """The columns of a table by name, in whichever format it was written, without synapses that take no part."""

    def __init__(self, path):
        if path.endswith((".csv", ".csv.gz")):
            with (gzip.open if path.endswith(".gz") else open)(path, "rt") as text:
                names = text.readline().strip().split(",")
                rows = np.loadtxt(text, delimiter=",", ndmin=2).reshape(-1, len(names))
            self.columns = dict(zip(names, rows.T))
        else:
            import h5py

            with h5py.File(path, "r") as file:
                self.columns = {name: file[name][:] for name in file}
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


def draw_one_change(panels, table):
    changed = table["changed"] != 0
    predicted = table["predicted"]
    if "actual" not in table:
        raise SystemExit("the true response was not asked for (--truth none): there is nothing to compare with")
    actual = table["actual"]
    draw_agreement(panels[0], predicted, actual, changed, ("predicted log change  $h_l - h_k$", "true log change"))
    panels[0].set_title("Response of every synapse")
    draw_errors(panels[1], np.abs(actual), np.abs(predicted - actual), ("|true log change|", "|predicted - true|"))
    error = np.linalg.norm(predicted - actual) / max(np.linalg.norm(actual), 1e-300)
    panels[1].set_title(f"Error {error:.2g} of the whole response")
    draw_at_once(panels[2], table["immediate"], actual, changed)
    return f"{int(changed.sum())} of {len(predicted):,} synapses changed"


def draw_each(panels, table):
    known = table["balanced_again"] != 0
    leverage, measured = -table["minus_c_r"], -table["measured_over_eta"]
    draw_errors(panels[0], leverage[known], measured[known], ("$c R$", "measured log change / $-\\eta$"))
    ends = leverage[known].min(initial=1.0), leverage[known].max(initial=0.0)
    panels[0].plot(ends, ends, color=LINE, lw=0.8)
    panels[0].set_title(f"{int(known.sum()):,} synapses balanced again")
    draw_errors(panels[1], leverage[known], table["response_error"][known], ("$c R$", "relative error"))
    panels[1].set_title("Error of the response of all synapses")
    draw_errors(panels[2], table["cost"], leverage, ("cost $c$", "$c R$"))
    panels[2].set_title("How much balancing takes back")
    return f"{len(leverage):,} synapses, one after the other"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("picture")
    options = parser.parse_args()
    table = Columns(options.table)
    figure, panels = plt.subplots(1, 3, figsize=(16, 5), constrained_layout=True)
    draw = draw_one_change if "changed" in table else draw_each
    figure.suptitle(draw(panels, table))
    figure.savefig(options.picture, dpi=150)


if __name__ == "__main__":
    main()
