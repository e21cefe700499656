"""Stock et al. 2022, figure 1: two networks of two neurons with one input-output map and different noise."""
import numpy as np

from pictures import style
from table import at_least, at_most
from trainer.recurrent import Networks

ABOUT = "Stock 1: the same outputs, other noise"
SIZES = {"tiny": 4, "small": 50, "full": 50}  # trials; the figure has 50
NOISE, SCALING = 0.05, 1.5  # h of the second network: -+ this


def make(setting):
    trials, synbal = SIZES[setting.size], setting.synbal
    near, far = _networks()
    for name, network in (("near.npz", near), ("far.npz", far)):
        synbal.save_recurrent(name, network, 0)
    time = np.arange(400) / 10
    wave = np.maximum(0, np.sin(2 * np.pi * time / 20)) + 0.3
    synbal.write("wave.h5", inputs=np.repeat(wave[:, None, None, None], trials, axis=3))
    how = ("--drive", "wave.h5", "--readout", "states", "--end-time", 40, "--record", "all", "--against", "far.npz")
    report = synbal.run("simulate", "near.npz", "-o", "quiet.h5", *how)
    quiet = synbal.read("quiet.h5", "time", "outputs", "against/outputs")
    noisy_report = synbal.run("simulate", "near.npz", "-o", "noisy.h5", *how, "--noise", NOISE)
    noisy = synbal.read("noisy.h5", "outputs", "against/outputs")
    rows = [at_most("Stock 1 d", "outputs of both networks without noise, relative difference", "0",
                    report["against"]["output_difference_relative"], 1e-10),
            at_least("Stock 1 i-j", "squared deviation under noise, unbalanced / balanced", "above 1",
                     noisy_report["noise"][0]["deviation_ratio"], 1.5)]
    return _picture(quiet, noisy, time, wave), rows


def _networks():
    """One input drives neuron 1, which excites neuron 2, which inhibits it. The first network is balanced, the second is its
    scaling by h."""
    j, w_in, w_out = np.array([[0.0, -0.8], [0.8, 0.0]]), np.array([[1.0], [0.2]]), np.array([[0.3, 1.0]])
    factor = np.exp([-SCALING, SCALING])
    return [Networks(*(a[None] for a in arrays), np.zeros((1, 2, 1))) for arrays in
            ((j, w_in, w_out), (j * factor / factor[:, None], w_in / factor[:, None], w_out * factor))]


def _picture(quiet, noisy, time, wave):
    figure, axes = style.panels(3, 3)
    axes[0].plot(time, wave, color=style.LINE, label="input")
    axes[0].plot(quiet[0], quiet[1][:, 0, 0, 0], color=style.AFTER, lw=2.5, alpha=0.5, label="balanced")
    axes[0].plot(quiet[0], quiet[2][:, 0, 0, 0], "--", color=style.BEFORE, label="other")
    axes[0].set(ylim=(0, None))
    style.legend_above(axes[0], ncol=2)
    for one, values, colour, title in zip(axes[1:], noisy, (style.AFTER, style.BEFORE), ("Balanced", "Other network")):
        one.plot(quiet[0], values[:, 0, 0, :], color=colour, lw=0.3, alpha=0.5)
        one.set(title=title, ylim=np.percentile(noisy[1], (0.1, 99.9)))
    for one in axes:
        one.set(xlabel="time", ylabel="output")
    axes[0].set(title="Without noise")
    style.caption(figure, f"Stock 1. a: input, and outputs of both networks. b, c: outputs with noise of {NOISE:g} in both "
                  f"neurons, {noisy[0].shape[3]} trials; of the other network h is -+{SCALING:g}.")
    return figure
