#!/usr/bin/env python3
"""Draws what `synbal resistance --synapses -o FILE` wrote: the effective resistance of every synapse against its direct
conductance, and how the leverages spread.

    plot_resistance.py FILE.h5|.csv|.csv.gz PICTURE.png|.svg|.pdf [--points COUNT]

No resistance can exceed 1/c, where nothing goes around the synapse (leverage 1: a bridge). Of many synapses COUNT are
drawn, drawn at random; the distribution is that of all.
"""
import numpy as np

from plotting import BLUE as BARS, GREY as LINE, arguments, columns_of, panels, save


def read(path):
    """Columns `conductance`, `resistance` and `leverage` of the synapses whose neurons are joined."""
    table = columns_of(path)
    columns = np.array([table[name] for name in ("conductance", "resistance", "leverage")])
    joined = np.isfinite(columns[1]) & (columns[0] > 0) & (columns[1] > 0)
    return columns[:, joined], int(np.sum(~joined))


def draw_resistance(figure, axes, columns):
    """Every synapse once; those near the line are the only way there is."""
    c, r, leverage = columns
    points = axes.scatter(c, r, s=4, c=leverage, cmap="viridis_r", vmin=0, vmax=1, linewidths=0, rasterized=True)
    figure.colorbar(points, ax=axes, label="leverage $c R$")
    ends = np.array([c.min(), c.max()])
    axes.plot(ends, 1 / ends, "--", color=LINE, lw=1, label="$1/c$: nothing goes around")
    axes.set(xscale="log", yscale="log", xlabel="direct conductance $c_{ij} + c_{ji}$",
             ylabel="effective resistance $R_{ij}$", title="Resistance against conductance")
    axes.legend(frameon=False, loc="lower left")


def draw_leverage(axes, leverage):
    """How many synapses carry how much of the current between their ends themselves."""
    low = max(leverage.min(), 1e-6)
    axes.hist(np.clip(leverage, low, 1), bins=np.geomspace(low, 1, 60) if low < 1 else 10, color=BARS)
    axes.set(xscale="log", yscale="log", xlabel="leverage $c R$", ylabel="synapses", title="Leverage")


def main():
    parser = arguments(__doc__, "table")
    parser.add_argument("--points", type=int, default=50_000, help="how many are drawn at most")
    options = parser.parse_args()
    columns, apart = read(options.table)
    count = columns.shape[1]
    if count == 0:
        raise SystemExit(f"{options.table}: no synapse joins two neurons of a component")
    some = np.random.default_rng(1).choice(count, min(count, options.points), replace=False)
    figure, (left, right) = panels(2, 11.5)
    draw_resistance(figure, left, columns[:, some])
    draw_leverage(right, columns[2])
    between = f", {apart:,} more lead from one component to another" if apart else ""
    save(figure, f"{count:,} synapses{between}", options.picture)


if __name__ == "__main__":
    main()
