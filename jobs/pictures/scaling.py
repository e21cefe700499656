"""Speed-up, efficiency, what the seconds went into, and the roofs of memory and processor, from lines of synbal-benchmark on 1 to P ranks."""
import json

import matplotlib.pyplot as plt
import numpy as np

from . import style

ABOUT = "benchmarks.jsonl of a campaign: speed-up, efficiency, parts and share of MPI, roofline"
MARKERS = "os^Dvp*X"


def add_options(parser):
    parser.add_argument("file", metavar="FILE.jsonl")
    parser.add_argument("--subject", default="solve", help="whose scaling is drawn (solve)")
    parser.add_argument("--contender", default="", help="whose lines (the first of ours)")


def draw(options):
    lines = _lines_of(options.file)
    chosen = _chosen(lines, options)
    families = _by_family(chosen)
    figure, axes = style.panels(4)
    _draw_speed_up(axes[0], families)
    _draw_efficiency(axes[1], families)
    _draw_shares(axes[2], families)
    _draw_roof(axes[3], _by_family([line for line in lines if line["benchmark"] == "kernel" and not line["peer"]]))
    style.caption(figure, _caption(chosen))
    return figure


def _lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    except (OSError, ValueError) as error:
        raise style.PictureError(f"{path}: {error}") from None
    if not lines or any("benchmark" not in line or "limits" not in line for line in lines):
        raise style.PictureError(f"{path}: is not what synbal-benchmark prints")
    return lines


def _chosen(lines, options):
    ours = [line for line in lines if line["benchmark"] == options.subject and not line["peer"]]
    contender = options.contender or (ours[0]["contender"] if ours else "")
    chosen = [line for line in ours if line["contender"] == contender]
    if not chosen:
        raise style.PictureError(f"{options.file}: has no line of {options.subject} by '{contender}'")
    return chosen


def _by_family(lines):
    """{family: lines by ranks}; the last of several counts."""
    families = {}
    for line in lines:
        families.setdefault(line["network"]["name"].split(":")[0], {})[line["machine"]["ranks"]] = line
    return {family: [found[ranks] for ranks in sorted(found)] for family, found in families.items()}


def _looks(families):
    colors = plt.get_cmap(style.WAYS)(np.linspace(0, 0.85, len(families)))
    return zip(families.items(), colors, MARKERS)


def _ranks(lines):
    return np.array([line["machine"]["ranks"] for line in lines])


def _speed_up(lines, quantile="median"):
    """Synapses a second over those of the fewest ranks, times these: for networks that stay and that grow alike."""
    size = "synapses" if "synapses" in lines[0]["network"] else "edges"
    first = lines[0]["network"][size] / lines[0]["seconds"]["median"] / lines[0]["machine"]["ranks"]
    return np.array([line["network"][size] / line["seconds"][quantile] for line in lines]) / first


def _draw(axes, families, divisor):
    for (family, lines), color, marker in _looks(families):
        ranks = _ranks(lines)
        by = divisor(ranks)
        value, low, high = (_speed_up(lines, name) / by for name in ("median", "quartile_3", "quartile_1"))
        axes.errorbar(ranks, value, yerr=(value - low, high - value), color=color, marker=marker, ms=4, capsize=2, label=family)
    axes.set(xlabel="ranks", xticks=sorted({rank for lines in families.values() for rank in _ranks(lines)}))


def _draw_speed_up(axes, families):
    _draw(axes, families, lambda ranks: 1)
    most = max(_ranks(lines).max() for lines in families.values())
    axes.plot([1, most], [1, most], color=style.LINE, lw=0.8, ls="--", zorder=0)
    axes.set(ylabel="speed-up", title="Synapses a second, over one rank", ylim=(0, None))
    style.legend_above(axes, ncol=3)


def _draw_efficiency(axes, families):
    _draw(axes, families, lambda ranks: ranks)
    axes.axhline(1, color=style.LINE, lw=0.8, ls="--", zorder=0)
    axes.set(ylabel="efficiency", title="Speed-up over ranks", ylim=(0, None))


PARTS = {"pass": "passes", "costs": "costs at a base", "sweep": "sweeps", "visits": "visits", "laplacian": "Laplacian",
         "simulate": "products", "assembly": "assembly", "preconditioner": "preconditioners", "preconditioner_setup": "their set-up",
         "rest": "rest"}


def _draw_shares(axes, families):
    """What the last run spent its time on, and how much of it in MPI."""
    bars = [(f"{family}, {line['machine']['ranks']}", line) for family, lines in families.items() for line in lines]
    places = np.arange(len(bars))
    totals = np.array([sum(line["parts"].values()) for _, line in bars])
    found = [part for part in PARTS if any(part in line["parts"] for _, line in bars)]
    left = np.zeros(len(bars))
    for part, color in zip(found, plt.get_cmap(style.WAYS)(np.linspace(0, 0.95, len(found)))):
        share = np.array([line["parts"].get(part, 0) for _, line in bars]) / totals
        axes.barh(places, share, left=left, color=color, label=PARTS[part])
        left += share
    in_mpi = [min(line["per_rank"]["share_in_mpi"]["mean"], 1) for _, line in bars]
    axes.plot(in_mpi, places, ls="", marker="|", ms=7, mew=2, color="white", zorder=3)
    axes.plot(in_mpi, places, ls="", marker="|", ms=7, mew=1, color="black", zorder=4, label="all in MPI")
    axes.set_yticks(places, [name for name, _ in bars], fontsize=6)
    axes.set(xlabel="share of the seconds", title="Family, ranks", xlim=(0, 1), ylim=(len(bars) - 0.4, -0.6))
    style.legend_above(axes, ncol=2, columnspacing=0.8, handlelength=1.2)


def _draw_roof(axes, families):
    if not families:
        style.say(axes, "no lines of the kernel")
        return
    lines = [line for found in families.values() for line in found]
    intensity = np.array([line["figures"]["flops_per_byte"] for line in lines])
    span = np.array([intensity.min() / 4, 64])
    axes.set(xlim=span)
    for ranks in sorted(set(_ranks(lines))):
        roofs = [line["limits"]["read_bytes_per_second"] for line in lines if line["machine"]["ranks"] == ranks]
        flat = [line["limits"]["operations_per_second"] for line in lines if line["machine"]["ranks"] == ranks]
        reach = np.geomspace(*span, 200)
        axes.plot(reach, np.minimum(reach * np.median(roofs), np.median(flat)) / 1e9, color=style.LINE, lw=0.8,
                  ls="-" if ranks == 1 else "--", label=f"{ranks} rank{'s' if ranks > 1 else ''} at best")
    for (family, found), color, marker in _looks(families):
        x = [line["figures"]["flops_per_byte"] for line in found]
        y = [line["figures"]["flops_per_byte"] * line["figures"]["bytes_per_second"] / 1e9 for line in found]
        axes.plot(x, y, color=color, marker=marker, ms=4, ls="", label=None)
    axes.set(xlabel="operations a byte", ylabel="10$^9$ operations/s", title="The kernel under the roofs")
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)
    style.legend_above(axes)


def _caption(lines):
    say = "" if all(line["machine"]["times_say"] == "speed" for line in lines) else " Where ranks share cores, times say nothing of speed."
    return (f"{lines[0]['benchmark']} by {lines[0]['contender']}, {lines[0]['seconds']['runs']} runs each on "
            f"{lines[0]['machine']['processor']} with {lines[0]['machine']['hardware_threads']} hardware threads; medians, brackets from "
            "quartile to quartile. c: of the last run, mean over ranks, waiting for others included. d: slopes are read bandwidths, flats sums "
            f"and products in registers, both measured in the same runs.{say}")
