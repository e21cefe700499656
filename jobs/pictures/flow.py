"""The way to balance: cost and imbalance over time, the scaling of the neurons, costs of synapses that were recorded."""
import numpy as np

from . import style
from .files import need, open_hdf5, text_of

ABOUT = "TRAJECTORY.h5 of `synbal flow`: cost, imbalance, scaling and synapses over time"
NAMED = 8   # synapses with an entry in the legend
HEATED = 7  # neurons whose way by the heat equation is drawn, too: from the lowest to the highest end


def add_options(parser):
    parser.add_argument("file", metavar="TRAJECTORY.h5")
    parser.add_argument("--neurons", type=int, default=60, help="how many are drawn one by one at most (60)")
    parser.add_argument("--linear-time", action="store_true", help="no logarithmic time axis")


class Trajectory:
    """The whole rows of a file, which may still grow; what was not recorded is None."""

    def __init__(self, path):
        self.file = open_hdf5(path)
        need(self.file, path, ("rows", "time", "cost", "imbalance"), "trajectory of `synbal flow`")
        self.rows = int(self.file["rows"][0])
        if self.rows == 0:
            raise style.PictureError(f"{path}: no row has been written yet")
        self.time = self.get("time")

    def get(self, name, columns=slice(None)):
        if name not in self.file:
            return None
        data = self.file[name]
        return data[: self.rows] if data.ndim == 1 else data[: self.rows, columns]

    def some_neurons(self, count):
        """Columns of at most `count` neurons, among those that move, from the lowest to the highest end."""
        last = self.file["h"][self.rows - 1]
        moving = np.flatnonzero((last != 0) | (self.file["h"][0] != 0))
        order = moving[np.argsort(last[moving])]
        chosen = np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)) if len(order) else []
        return np.sort(order[chosen]) if len(order) else order

    def bands(self):
        """Quantiles of h over all recorded neurons, row by row: no whole trajectory in memory."""
        return np.array([np.quantile(self.file["h"][row], (0.05, 0.25, 0.75, 0.95)) for row in range(self.rows)]).T


def draw(options):
    run = Trajectory(options.file)
    columns = run.some_neurons(options.neurons) if "h" in run.file else None
    figure, axes = style.panels(4) if "synapse/cost" in run.file else style.panels(3, 3)
    time = _time_axes(axes, run.time, options.linear_time)
    _draw_cost(axes[0], time, run)
    _draw_imbalance(axes[1], time, run)
    _draw_h(axes[2], time, run, columns)
    if len(axes) > 3:
        _draw_synapses(axes[3], time, run)
    style.caption(figure, _caption(run, columns))
    return figure


def _time_axes(axes, time, linear):
    """Logarithmic, unless everything happens at one time; the start at 0 is then drawn at the left border."""
    positive = time[time > 0]
    logarithmic = not linear and positive.size >= 2
    shown = np.where(time > 0, time, positive[0] / 2) if logarithmic else time
    for one in axes:
        one.set_xlabel("time (start at the left border)" if logarithmic and time[0] == 0 else "time")
        if logarithmic:
            one.set_xlim(shown[0], shown[-1])
            style.log_axis(one.xaxis)
    return shown


def _draw_cost(axes, time, run):
    cost = run.get("cost")
    axes.plot(time, cost / (cost[0] or 1), color=style.DARK)
    axes.set(ylabel="cost $C(t)\\,/\\,C(0)$", title="Cost")


def _draw_imbalance(axes, time, run):
    imbalance = run.get("imbalance")
    shown = imbalance > 0
    axes.set_title("Imbalance")
    if shown.any():
        axes.plot(time[shown], imbalance[shown], color=style.DARK)
        style.log_axis(axes.yaxis)
    axes.set_ylabel("$\\Sigma|\\mathrm{in}-\\mathrm{out}|\\,/\\,\\Sigma c$")


def _draw_h(axes, time, run, columns):
    """Some neurons one by one, lighter the higher they end; behind them how all are spread."""
    axes.set(title="Scaling", ylabel="$h_i$")
    if columns is None or len(columns) == 0:
        style.say(axes, "no neuron was recorded that moves")
        return
    if len(columns) < run.file["h"].shape[1]:
        outer, lower, upper, most = run.bands()
        axes.fill_between(time, outer, most, color="#DDDDDD", lw=0, label="90 % of all")
        axes.fill_between(time, lower, upper, color="#BBBBBB", lw=0, label="half of all")
    ways = run.get("h", columns)
    order = np.argsort(np.argsort(ways[-1])) / max(len(columns) - 1, 1)
    for way, place in zip(ways.T, order):
        axes.plot(time, way, lw=0.7, color=style.plt.get_cmap(style.WAYS)(0.9 * place))
    some = columns[np.argsort(ways[-1])[np.unique(np.linspace(0, len(columns) - 1, HEATED).astype(int))]]
    heat = run.get("heat/h", np.sort(some))
    if heat is not None:
        axes.plot(time, heat, ":", lw=1, color=style.LINE)
        axes.plot([], [], ":", color=style.LINE, label="heat equation, some")
    if axes.get_legend_handles_labels()[0]:
        style.legend_above(axes)


def _draw_synapses(axes, time, run):
    """Costs of the synapses that were asked for; the first ones named, with lines that differ in more than colour."""
    cost = run.get("synapse/cost")
    post, pre = run.file["synapse/postsynaptic"][:], run.file["synapse/presynaptic"][:]
    for k, way in enumerate(cost.T[:NAMED]):
        color = style.plt.get_cmap(style.WAYS)(0.9 * k / max(min(cost.shape[1], NAMED) - 1, 1))
        axes.plot(time, way, ("-", "--", "-.", ":")[k % 4], color=color, label=f"{pre[k]} $\\to$ {post[k]}")
    if cost.shape[1] > NAMED:
        axes.plot(time, cost[:, NAMED:], lw=0.5, color="#999999", zorder=1)
        axes.plot([], [], color="#999999", label=f"{cost.shape[1] - NAMED} more")
    axes.set(ylabel="$c_{ij}$", title="Costs of synapses")
    if (cost > 0).any():
        style.log_axis(axes.yaxis)
    style.legend_above(axes, ncol=2)


def _caption(run, columns):
    of_all = (f", {len(columns)} of {run.file['h'].shape[1]:,} recorded neurons drawn (the lighter, the higher $h_i$ ends)"
              if columns is not None else "")
    reason = text_of(run.file.attrs["reason"])
    return (f"{reason[:1].upper()}{reason[1:]}; {run.rows} points in time{of_all}. The flow: $dh_i/dt$ is in-cost minus "
            "out-cost of neuron i; time is in units of one over cost; the cost is "
            f"$C=\\Sigma c_{{ij}}$, {run.get('cost')[0]:.4g} at first, $c_{{ij}}=\\sigma_j^2|J_{{ij}}|^p e^{{p(h_j-h_i)}}$, "
            f"p = {float(run.file.attrs['p']):g}; $h_i$: scaling of neuron i.")
