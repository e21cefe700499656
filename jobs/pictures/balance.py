"""What balancing did: in-cost against out-cost of every neuron before and after, the convergence, the scaling."""
import numpy as np

from . import style
from .files import check_same_network, need, open_hdf5

ABOUT = "RESULT.h5 of `synbal balance`: costs before and after, convergence, scaling"


def add_options(parser):
    parser.add_argument("file", metavar="RESULT.h5")
    parser.add_argument("--network", help="refuse the result if it is not one of this network")


def draw(options):
    with open_hdf5(options.file) as result:
        need(result, options.file, ("h", "in_cost", "out_cost", "history"), "result of `synbal balance`")
        need(result, options.file, ("in_cost_before", "out_cost_before"), "result with costs before (balance once more)")
        if options.network:
            check_same_network(options.network, result, options.file, options.force)
        before = (result["in_cost_before"][:], result["out_cost_before"][:])
        after = (result["in_cost"][:], result["out_cost"][:])
        figure, axes = style.panels(4)
        limits = style.limits_of(*before, *after)
        _draw_costs(axes[0], before, limits, style.BEFORE, "o", "Before")
        _draw_costs(axes[1], after, limits, style.AFTER, "s", "After")
        _draw_convergence(axes[2], result["history"])
        _draw_scaling(axes[3], result["h"][:], _alone(*before) & _alone(*after))
        style.caption(figure, _caption(result, before, after))
    return figure


def _draw_costs(axes, costs, limits, color, marker, title):
    """Every neuron that is part of a cycle; balanced means on the diagonal."""
    axes.set_title(title)
    if limits is None:
        style.say(axes, "no neuron is part of a cycle: nothing can be balanced")
        return
    axes.set(xlim=limits, ylim=limits)
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)
    shown = (costs[0] > 0) & (costs[1] > 0)
    axes.plot(limits, limits, "--", lw=0.8, color=style.LINE, label="in = out", zorder=0)
    style.cloud(axes, costs[0][shown], costs[1][shown], color, marker)
    axes.set(xlabel="in-cost of a neuron", ylabel="out-cost of a neuron")
    axes.legend(loc="upper left")


def _draw_convergence(axes, history):
    """The relative imbalance after every iteration; exact zeros have no place on a log axis."""
    iteration, imbalance = history["iteration"][:], history["imbalance"][:]
    shown = imbalance > 0
    axes.set_title("Convergence")
    if not shown.any():
        style.say(axes, "balanced from the beginning")
        return
    marker = "o-" if shown.sum() <= 60 else "-"
    axes.plot(iteration[shown], imbalance[shown], marker, ms=3, color=style.AFTER)
    style.log_axis(axes.yaxis)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="iteration", ylabel="imbalance $\\Sigma|\\mathrm{in}-\\mathrm{out}|\\,/\\,\\Sigma c$")
    axes.grid(axis="y", lw=0.3, alpha=0.5)


def _alone(incoming, outgoing):
    """Neurons that are in no cycle."""
    return (incoming <= 0) | (outgoing <= 0)


def _draw_scaling(axes, h, alone):
    """How far neurons are scaled, those in no cycle left out. Pinned ones stay at 0 and may be many, so heights are logs."""
    h = h[~alone] if not alone.all() else h
    axes.hist(h, bins=int(np.clip(2 * np.sqrt(len(h)), 10, 60)), color=style.AFTER)
    axes.set_yscale("log")
    axes.set(xlabel="scaling $h$ of a neuron", ylabel="neurons", title="Scaling")


def _caption(result, before, after):
    power = float(result.attrs["p"])
    alone = int(np.sum(_alone(*before) & _alone(*after)))
    saved = 1 - np.sum(after[0]) / np.sum(before[0]) if np.sum(before[0]) > 0 else 0
    words = (f"{len(after[0]):,} neurons, {int(result.attrs['nnz']):,} synapses. Weight $J_{{ij}}$ from neuron j to i costs "
             f"$c_{{ij}}=\\sigma_j^2|J_{{ij}}|^p$ with p = {power:g} (gain $\\sigma$ = 1 unless given) and becomes "
             f"$J_{{ij}}\\,e^{{h_j-h_i}}$. In-cost: sum over synapses onto a neuron; out-cost: over those from it; "
             f"on the dashed line it is balanced. Balancing saves {100 * saved:.3g} % of the cost.")
    those = "1 neuron is" if alone == 1 else f"{alone:,} neurons are"
    return words + (f" {those} in no cycle and not shown in a, b, d." if alone else "")
