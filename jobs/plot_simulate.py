#!/usr/bin/env python3
"""Draws what `synbal simulate` wrote: outputs over time, gains of the neurons, and errors over the level of noise, with
the network of --against beside it.

    plot_simulate.py OUT.h5 PICTURE.png|.svg|.pdf [--output K]

Outputs are means over trials, a line for each condition (of the output K, 0 unless said otherwise).
"""
import h5py
import numpy as np

from plotting import BLUE as FIRST, GREY as DIAGONAL, ORANGE as SECOND, arguments, panels, save


def draw_outputs(axes, file, output):
    outputs = file["outputs"]
    if outputs.shape[0] == 0 or output >= outputs.shape[1]:
        raise SystemExit(f"{file.filename}: has no output {output}, or no time was recorded")
    time, mean = file["time"][:], outputs[:, output].mean(axis=2)
    for condition in range(mean.shape[1]):
        axes.plot(time, mean[:, condition], color=FIRST, lw=1, alpha=0.8)
    if "against" in file:
        other = file["against/outputs"][:, output].mean(axis=2)
        for condition in range(other.shape[1]):
            axes.plot(time, other[:, condition], color=SECOND, lw=1, ls="--", alpha=0.8)
    axes.set_xlabel("time")
    axes.set_ylabel(f"output {output}, mean over trials" + (" (dashed: against)" if "against" in file else ""))


def draw_gains(axes, file):
    sigma = np.sort(file["sigma"][:])[::-1]
    axes.plot(np.arange(1, len(sigma) + 1), sigma, color=FIRST, lw=1.5)
    axes.set_xlabel(f"neurons ({np.sum(sigma == 0)} of {len(sigma)} silent)")
    axes.set_ylabel("gain $\\sigma$")
    axes.set_ylim(bottom=0)


def draw_noise(axes, file):
    level = file["noise/level"][:]
    name = "loss" if "noise/loss" in file else "deviation"
    order = np.argsort(level)
    axes.plot(level[order], file[f"noise/{name}"][:][order], "o-", color=FIRST, label="network")
    axes.set_xlabel("noise")
    axes.set_ylabel("mean squared distance from the " + ("target" if name == "loss" else "outputs without noise"))
    if "against" not in file:
        return
    axes.plot(level[order], file[f"against/noise/{name}"][:][order], "s--", color=SECOND, label="against")
    axes.legend()
    noisy = order[level[order] > 0]
    if len(noisy) == 0:
        return
    right = axes.twinx()
    ratio = file[f"against/noise/{name}"][:][noisy] / file[f"noise/{name}"][:][noisy]
    right.plot(level[noisy], ratio, ":", color=DIAGONAL)
    right.set_ylabel("ratio (dotted)", color=DIAGONAL)


def main():
    parser = arguments(__doc__, "simulation")
    parser.add_argument("--output", type=int, default=0)
    options = parser.parse_args()
    with h5py.File(options.simulation, "r") as file:
        if "outputs" not in file or "sigma" not in file:
            raise SystemExit(f"{options.simulation}: was not written by `synbal simulate`")
        figure, axes = panels(3, 15)
        draw_outputs(axes[0], file, options.output)
        draw_gains(axes[1], file)
        draw_noise(axes[2], file)
        save(figure, "", options.picture)


if __name__ == "__main__":
    main()
