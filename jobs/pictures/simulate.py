"""A network that was run: outputs over time, gains, what noise does; and the network of --against beside it."""
import numpy as np

from . import style
from .files import need, open_hdf5

ABOUT = "OUT.h5 of `synbal simulate`: outputs, gains, errors over noise, two networks compared"

TRIALS = 2  # this axis of one output: times x conditions x trials


def add_options(parser):
    parser.add_argument("file", metavar="OUT.h5")
    parser.add_argument("--channel", type=int, default=0, help="which output is drawn (0)")


def draw(options):
    with open_hdf5(options.file) as file:
        need(file, options.file, ("outputs", "sigma", "noise"), "output of `synbal simulate`")
        figure, axes = style.panels(3, 3)
        _draw_outputs(axes[0], file, options)
        _draw_gains(axes[1], file["sigma"][:])
        _draw_noise(axes[2], file)
        beside = " Dashed, squares: the network of --against." if "against" in file else ""
        aim = "targets" if "noise/loss" in file else "outputs without noise"
        style.caption(figure, f"{len(file['sigma']):,} neurons. a: output {options.channel}, mean over trials, a line for each "
                      "condition. b: gains $\\sigma$, the slope at which a neuron works, in order. c: mean squared distance of "
                      f"the outputs from the {aim}, over the level of the noise.{beside}")
    return figure


def _draw_outputs(axes, file, options):
    outputs = file["outputs"]
    axes.set_title("Output")
    if outputs.shape[0] == 0 or not 0 <= options.channel < outputs.shape[1]:
        raise style.PictureError(f"{options.file}: has no output {options.channel}, or no time was recorded")
    time = file["time"][:]
    axes.plot(time, outputs[:, options.channel].mean(axis=TRIALS), color=style.DARK, lw=1, alpha=0.8)
    if "against" in file:
        other = file["against/outputs"][:, options.channel].mean(axis=TRIALS)
        axes.plot(time, other, "--", color=style.LIGHT, lw=1, alpha=0.9)
    axes.set(xlabel="time (unit of --tau)", ylabel=f"output {options.channel}")


def _draw_gains(axes, sigma):
    gains = np.sort(sigma)[::-1]
    axes.plot(np.arange(1, len(gains) + 1), gains, color=style.DARK)
    axes.set(ylim=(0, None), ylabel="gain $\\sigma$", title="Gains")
    axes.set_xlabel(f"neurons ({np.sum(gains == 0):,} of {len(gains):,} silent)")


def _draw_noise(axes, file):
    name = "loss" if "noise/loss" in file else "deviation"
    level = file["noise/level"][:]
    order = np.argsort(level)
    axes.plot(level[order], file[f"noise/{name}"][:][order], "o-", ms=4, color=style.DARK, label="network")
    if "against" in file:
        axes.plot(level[order], file[f"against/noise/{name}"][:][order], "s--", ms=4, color=style.LIGHT, label="--against")
        axes.legend()
    axes.set(xlabel="level of the noise", ylabel="mean squared distance", title="Noise")
    _spread_out(axes)


def _spread_out(axes):
    """Values that span many decades, as those of networks without a bound, on a logarithmic axis, which has no 0."""
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    positive = values[values > 0]
    if not positive.size or positive.max() <= 1e4 * positive.min():
        return
    for line in axes.lines:
        line.set_ydata(np.where(line.get_ydata() > 0, line.get_ydata(), np.nan))
    style.log_axis(axes.yaxis)
