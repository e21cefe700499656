"""What changed synapses do to the others: prediction of the Laplacian against what balancing again finds."""
import numpy as np

from . import style
from .files import table

ABOUT = "table of `synbal perturb -o`: predicted and true responses"
NAMES = ("takes_part", "changed", "predicted", "actual", "immediate", "balanced_again", "minus_c_r", "measured_over_eta",
         "response_error", "cost")


def add_options(parser):
    parser.add_argument("file", metavar="TABLE", help=".h5, .csv or .csv.gz")


def draw(options):
    columns = table(options.file, NAMES)
    if "takes_part" not in columns:
        raise style.PictureError(f"{options.file}: is no table of `synbal perturb`")
    part = columns["takes_part"] != 0
    columns = {name: values[part] for name, values in columns.items()}
    figure, axes = style.panels(3, 3)
    (_draw_one_change if "changed" in columns else _draw_each)(figure, axes, columns, options.file)
    return figure


def _draw_one_change(figure, axes, columns, path):
    if "actual" not in columns:
        raise style.PictureError(f"{path}: the true response was not computed (--truth none): nothing to compare with")
    changed = columns["changed"] != 0
    predicted, actual = columns["predicted"], columns["actual"]
    _draw_agreement(axes[0], predicted, actual, changed)
    _draw_points(axes[1], np.abs(actual), np.abs(predicted - actual), "|true log change|", "|predicted - true|")
    axes[1].set_title("Error")
    _draw_at_once(axes[2], columns["immediate"], actual, changed)
    error = np.linalg.norm(predicted - actual) / max(np.linalg.norm(actual), 1e-300)
    style.caption(figure, f"{int(changed.sum())} of {len(predicted):,} synapses changed; the whole response is "
                  f"predicted to {error:.2g} (relative). Log change of the synapse from l to k: $h_l-h_k$, once the network is "
                  "balanced again; predicted by the Laplacian of its costs. At once: the rate at which it starts to change, "
                  "$g_l-g_k$, with g in-cost minus out-cost; only synapses at the ends of a changed one start at once, all "
                  "others follow. Axes through 0 are logarithmic to both sides.")


def _draw_agreement(axes, predicted, true, marked):
    """Points should lie on the diagonal: both axes have one scale."""
    most = 4 * max(np.abs(predicted).max(initial=0), np.abs(true).max(initial=0), 1e-300)
    for axis in (axes.xaxis, axes.yaxis):
        style.signed_log_axis(axis, most)
    axes.set(xlim=(-most, most), ylim=(-most, most), title="Response")
    axes.set(xlabel="predicted log change", ylabel="true log change")
    axes.plot((-most, most), (-most, most), "--", color=style.LINE, lw=0.8)
    style.cloud(axes, predicted[~marked], true[~marked], style.DARK)
    _mark(axes, predicted[marked], true[marked])
    axes.legend(loc="upper left")


def _draw_at_once(axes, rate, true, marked):
    most = 4 * max(np.abs(true).max(initial=0), 1e-300)
    style.signed_log_axis(axes.yaxis, most)
    reach = 1.2 * max(np.abs(rate).max(initial=0), 1e-300)
    axes.set(xlim=(-reach, reach), ylim=(-most, most), xlabel="rate at once $g_l-g_k$ (cost)", ylabel="true log change",
             title="At once, in the end")
    axes.xaxis.set_major_locator(style.matplotlib.ticker.MaxNLocator(3))
    style.cloud(axes, rate[~marked], true[~marked], style.DARK)
    _mark(axes, rate[marked], true[marked])


def _mark(axes, x, y):
    axes.scatter(x, y, s=28, marker="D", color=style.LIGHT, edgecolors="black", linewidths=0.6, label="changed", zorder=3)


def _draw_points(axes, x, y, x_words, y_words):
    """Differences need log axes; what agrees to the last bit is left out."""
    shown = (x > 0) & (y > 0)
    axes.set(xlabel=x_words, ylabel=y_words)
    if not shown.any():
        style.say(axes, "the same to the last bit")
        return
    axes.set(xlim=style.limits_of(x[shown]), ylim=style.limits_of(y[shown]))
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)
    style.cloud(axes, x[shown], y[shown], style.DARK)


def _draw_each(figure, axes, columns, path):
    known = columns["balanced_again"] != 0
    leverage, measured = -columns["minus_c_r"], -columns["measured_over_eta"]
    _draw_points(axes[0], leverage[known], measured[known], "$c\\,R$", "measured / $-\\eta$")
    ends = style.limits_of(leverage[known]) or (0.5, 1)
    axes[0].plot(ends, ends, "--", color=style.LINE, lw=0.8)
    axes[0].set_title("Changed synapse")
    _draw_points(axes[1], leverage[known], columns["response_error"][known], "$c\\,R$", "relative error")
    axes[1].set_title("Error, all synapses")
    _draw_points(axes[2], columns["cost"], leverage, "cost $c$", "$c\\,R$")
    axes[2].set_title("Share taken back")
    style.caption(figure, f"{len(leverage):,} synapses changed one after the other by a factor $e^\\eta$, "
                  f"{int(known.sum()):,} of them balanced again. Balancing takes back the share $c\\,R$ of the change: the "
                  "synapse's cost times the effective resistance between its neurons. a: measured log change of that synapse. "
                  "b: error of the predicted responses of all synapses together.")
