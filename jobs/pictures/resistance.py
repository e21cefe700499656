"""Effective resistances of synapses against their direct conductance, and how the leverages spread."""
import numpy as np

from . import style
from .files import table

ABOUT = "table of `synbal resistance -o`: resistance of every synapse, and its leverage"


def add_options(parser):
    parser.add_argument("file", metavar="TABLE", help=".h5, .csv or .csv.gz")


def draw(options):
    columns = table(options.file, ("conductance", "resistance", "leverage"))
    if len(columns) != 3:
        raise style.PictureError(f"{options.file}: is no table of synapses of `synbal resistance`")
    c, r, leverage = columns["conductance"], columns["resistance"], columns["leverage"]
    joined = np.isfinite(r) & (c > 0) & (r > 0)
    if not joined.any():
        raise style.PictureError(f"{options.file}: no synapse joins two neurons of a component")
    figure, axes = style.panels(2)
    _draw_resistance(axes[0], c[joined], r[joined])
    _draw_leverage(axes[1], leverage[joined])
    apart = int(np.sum(~joined))
    between = f"; {apart:,} more lead from one component to another" if apart else ""
    style.caption(figure, f"{int(joined.sum()):,} synapses{between}. Conductance of two neurons: $c_{{ij}}+c_{{ji}}$, the costs "
                  "of the synapses between them. R: effective resistance between them through the whole network; nothing can "
                  "exceed 1/conductance, where nothing goes around. Leverage: conductance times R, the share of the current "
                  "between them that the synapses carry; 1 is a bridge.")
    return figure


def _draw_resistance(axes, c, r):
    axes.set(xlim=style.limits_of(c), ylim=style.limits_of(r, 1 / c))
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)
    style.cloud(axes, c, r, style.DARK)
    ends = np.array([c.min(), c.max()])
    axes.plot(ends, 1 / ends, "--", color=style.LINE, lw=0.9, label="nothing goes around", zorder=3)
    axes.set(xlabel="conductance $c_{ij}+c_{ji}$ (cost)", ylabel="resistance $R_{ij}$ (1/cost)", title="Resistance")
    axes.legend(loc="upper right")


def _draw_leverage(axes, leverage):
    low = min(max(leverage.min(), 1e-6), 0.5)
    axes.hist(np.clip(leverage, low, 1), bins=np.geomspace(low, 1, 50), color=style.DARK)
    axes.set_yscale("log")
    axes.set(xlim=(low, 1.05), xlabel="leverage $(c_{ij}+c_{ji})\\,R_{ij}$", ylabel="synapses", title="Leverage")
    style.log_axis(axes.xaxis)
