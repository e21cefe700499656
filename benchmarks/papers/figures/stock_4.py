"""Stock et al. 2022, figure 4: regularised networks become balanced, and balanced ones bear more noise."""
import numpy as np

import tasks
from pictures import style
from table import Row, at_most, between, near
from trainer import losses, recurrent, steps

ABOUT = "Stock 4: |g| of context networks while they learn, loss under noise after balancing"
SIZES = {"tiny": {"neurons": 16, "iterations": 20, "every": 10, "trials": 2, "null": 200, "more": 1},
         "small": {"neurons": 64, "iterations": 2000, "every": 50, "trials": 30, "null": 2000, "more": 0},
         "full": {"neurons": 256, "iterations": 6000, "every": 50, "trials": 30, "null": 10000, "more": 3}}
LAMBDAS = (0.0, 0.1, 0.3)  # of three networks that start alike; `more` others of the last one, for b
TIMES, SUBSTEPS, RATE, CLIP = 50, 10, 0.005, 10.0
NOISE = (0, 0.03, 0.06, 0.12, 0.18, 0.24, 0.3)
START = 2.0  # |g| of J ~ N(0, 1/N) as the figure shows it


def make(setting):
    size, synbal = SIZES[setting.size], setting.synbal
    networks, way, loss = _train(size)
    nulls = [_null(synbal, networks, k, size) for k in range(len(LAMBDAS))]
    noise = [_noise(synbal, networks, k, size) for k in range(len(LAMBDAS) - 1, len(networks.recurrent))]
    return _picture(way, nulls, noise, loss, size), _training_rows(way, nulls, setting.size) + _noise_rows(noise, setting.size)


def _train(size):
    """The networks, on the same trials; |g| [times, 1 + networks]; losses."""
    rng = np.random.default_rng(4)
    starts = [0] * len(LAMBDAS) + list(range(1, size["more"] + 1))
    networks = recurrent.normal(starts, size["neurons"], 6, 2, rng, substeps=SUBSTEPS)
    penalty = 2 * np.array([*LAMBDAS, *[LAMBDAS[-1]] * size["more"]])[:, None, None]
    way, loss = [], None
    for k in range(size["iterations"] + 1):
        if k % size["every"] == 0:
            way.append((k, *_gradient_norms(networks)))
        u, targets = tasks.contexts(TIMES, rng)
        loss, gradients = recurrent.gradients(networks, u, targets, losses.root_mean_square)
        gradients[0] += penalty * networks.recurrent
        steps.descend(networks.parameters(), steps.clip(gradients, CLIP), RATE)
    return networks, np.array(way), loss


def _gradient_norms(networks):
    """|g| with costs J^2: eq. 17."""
    costs = networks.recurrent ** 2
    return np.linalg.norm(costs.sum(axis=2) - costs.sum(axis=1), axis=1)


def _null(synbal, networks, k, size):
    """|g| and its null by permuted rows, from `synbal info --null`, whose unit is the largest cost."""
    name = f"context{k}.npz"
    synbal.save_recurrent(name, networks, k)
    null = synbal.run("info", name, "--null", size["null"])["null"]
    unit = _gradient_norms(networks)[k] / null["value"]
    return {"z": null["z"], **{key: unit * null[key] for key in ("value", "mean", "sd")}}


def _noise(synbal, networks, k, size):
    """Gains, the balance by them, and both networks under noise on new trials: the report of `simulate --against`."""
    name = f"context{k}.npz"
    synbal.save_recurrent(name, networks, k)
    how = ("--readout", "states", "--phi", "relu")
    synbal.write("gain_trials.h5", **_trials(size["trials"], 1))
    synbal.write("test_trials.h5", **_trials(size["trials"], 2))
    synbal.run("simulate", name, "-o", "gains.h5", "--drive", "gain_trials.h5", *how)
    synbal.run("balance", name, "-o", "balanced.h5", "--gain", "gains.h5")
    report = synbal.run("simulate", name, "-o", "noise.h5", "--drive", "test_trials.h5", "--targets", "test_trials.h5", *how,
                        "--noise", ",".join(map(str, NOISE)), "--against", "balanced.h5")
    report["level"], report["one"], report["other"] = synbal.read("noise.h5", "noise/level", "noise/loss",
                                                                  "against/noise/loss")
    return report


def _trials(count, seed):
    """Inputs and targets for every step, [steps, channels, conditions, trials]: an input lasts SUBSTEPS steps, the target
    is the integral of the gated signal (Methods)."""
    rng = np.random.default_rng(seed)
    pairs = [tasks.contexts(TIMES, rng) for _ in range(count)]
    u = np.stack([np.repeat(u, SUBSTEPS, axis=0) for u, _ in pairs], axis=-1)
    gated = [np.diff(z, axis=0, prepend=0) for _, z in pairs]
    targets = np.stack([np.cumsum(np.repeat(z / SUBSTEPS, SUBSTEPS, axis=0), axis=0) for z in gated], axis=-1)
    return {"inputs": u, "targets": targets}


def _training_rows(way, nulls, size):
    start, end = way[0, 1:], way[-1, 1:]
    short = f"{SIZES[size]['iterations']:,} iterations only"
    rows = [near("Stock 4a", "|g| at the start", START, start[0], 0.15, "a random draw of few neurons"),
            near("Stock 4a", "|g| at the end / at the start, lambda = 0", 1, end[0] / start[0], 0.1,
                 "|g| is conserved by infinitely small steps; these are finite")]
    rows += [at_most("Stock 4a", f"z of |g| against permuted rows, lambda = {LAMBDAS[k]}", "far below the null", nulls[k]["z"],
                     -3, f"{SIZES[size]['neurons']} neurons and {SIZES[size]['iterations']:,} iterations, not 256 and 6,000: a "
                     "weak penalty takes longer, and |g| still falls") for k in (1, 2)]
    return rows + [between("Stock 4a", "|g| at the end, lambda = 0.3 / 0.1", "below 1", end[2] / end[1], 0, 1, short)]


def _noise_rows(noise, size):
    """Of the worst of several networks."""
    short = f"{SIZES[size]['neurons']} neurons, {SIZES[size]['iterations']:,} iterations: not yet at its task"
    ratios = np.array([one["other"] / one["one"] for one in noise])
    against = [one["against"] for one in noise]
    apart, gains = (max(one[key] for one in against) for key in ("output_difference_relative", "gain_difference"))
    falls = bool(np.all(ratios[:, -1] < ratios[:, 1]))
    return [at_most("Stock 4b", "|loss ratio - 1| without noise", "0 (task is preserved)", np.abs(ratios[:, 0] - 1).max(),
                    1e-9),
            at_most("Stock 4b", "outputs before - after, relative", "0", apart, 1e-10),
            at_most("Stock eq. 11", "gains before - after", "0", gains, 0),
            at_most("Stock 4b", f"loss ratio balanced / original at noise {NOISE[-1]}", "below 1, falling",
                    ratios[:, -1].max(), 0.95, short),
            Row("Stock 4b", "loss ratio falls as noise grows", "yes", "yes" if falls else "no",
                f"at {NOISE[-1]} below that at {NOISE[1]}", falls, short)]


def _picture(way, nulls, noise, loss, size):
    figure, axes = style.panels(3, 3)
    colours = (style.BEFORE, style.LINE, style.AFTER)
    for k, colour in enumerate(colours):
        axes[0].plot(way[:, 0], way[:, 1 + k], color=colour, label=rf"$\lambda$ = {LAMBDAS[k]:g}")
        axes[1].errorbar(k, nulls[k]["mean"], nulls[k]["sd"], fmt="s", ms=4, color=colour, capsize=3)
        axes[1].plot(k, nulls[k]["value"], "o", ms=5, color=colour)
    axes[0].set(xlabel="iteration", ylabel="|g|", title="Training", ylim=(0, None))
    style.legend_above(axes[0])
    axes[1].set(xticks=range(3), xlabel=r"$\lambda$", ylabel="|g|", ylim=(0, None), title="At the end (square: null)")
    axes[1].set_xticklabels([f"{value:g}" for value in LAMBDAS])
    for one in noise:
        axes[2].plot(one["level"], one["other"] / one["one"], "o-", ms=3, color=style.AFTER)
    axes[2].axhline(1, color=style.LINE, lw=0.6)
    axes[2].set(xlabel="noise in neurons", ylabel="loss, balanced / original", title="After balancing")
    losses_at_end = ", ".join(f"{x:.3g}" for x in loss[:len(LAMBDAS)])
    style.caption(figure, f"Stock 4. {size['neurons']} neurons, losses at the end {losses_at_end}. a: "
                  "|g| with costs $J^2$. b: its null by permuted rows, mean and standard deviation. c: networks "
                  r"of $\lambda$ = 0.3 before and after balancing by their gains, same trials and same noise.")
    return figure
