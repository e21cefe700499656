"""Asynchronous against synchronous balancing: what it takes to reach an imbalance, with equal ranks and with a slow one."""
import json

from . import style

ABOUT = "what benchmark_asynchronous prints: seconds and bytes to reach an imbalance, by method"
LOOKS = {"newton": ("o", "-"), "sweep": ("s", "--"), "block": ("^", "-."), "one-sided": ("D", "-"), "two-sided": ("v", ":")}


def add_options(parser):
    parser.add_argument("file", metavar="FILE.json")


def draw(options):
    try:
        with open(options.file, encoding="utf-8") as file:
            run = json.load(file)
    except (OSError, ValueError) as error:
        raise style.PictureError(f"{options.file}: {error}") from None
    if run.get("benchmark") != "asynchronous":
        raise style.PictureError(f"{options.file}: is not what benchmark_asynchronous prints")
    slow = run.get("one_rank_slower") or []
    figure, axes = style.panels(3 if slow else 2, 3)
    _draw(axes[0], run["alike"], "seconds", 1, "seconds", "Equal ranks")
    _draw(axes[1], run["alike"], "bytes", 1e6, "MB sent, all ranks", "Communication")
    if slow:
        _draw_slow(axes[2], run["alike"], slow)
    style.caption(figure, _caption(run))
    return figure


def _draw(axes, rows, quantity, unit, words, title):
    """Median and quartiles over the runs, for every method that got there."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for k, method in enumerate(methods):
        reached = [row for row in rows if row["method"] == method and row["reached"] and row[quantity]["median"] > 0]
        x = [row["tolerance"] for row in reached]
        first, middle, third = ([row[quantity][name] / unit for row in reached]
                                for name in ("quartile_1", "median", "quartile_3"))
        spread = [[m - low for m, low in zip(middle, first)], [high - m for m, high in zip(middle, third)]]
        marker, line = LOOKS.get(method, ("o", "-"))
        color = style.plt.get_cmap(style.WAYS)(0.85 * k / max(len(methods) - 1, 1))
        axes.errorbar(x, middle, spread, marker=marker, ls=line, ms=4, capsize=2, color=color,
                      label=method if reached else f"({method})")
    axes.set(xlabel="imbalance reached", ylabel=words, title=title)
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)
    axes.invert_xaxis()
    if quantity == "seconds":  # the other panel has the same lines
        style.legend_above(axes, ncol=2, columnspacing=1, handlelength=2.4)


def _draw_slow(axes, alike, slow):
    """The methods side by side at one imbalance, with equal ranks and with a slow one. (Bars would grow from an arbitrary
    place on a logarithmic axis.)"""
    tolerance = slow[-1]["tolerance"]
    seconds = [{row["method"]: row["seconds"]["median"] for row in rows if row["tolerance"] == tolerance and row["reached"]}
               for rows in (alike, slow)]
    methods = [method for method in dict.fromkeys(row["method"] for row in slow) if method in seconds[0] | seconds[1]]
    places = range(len(methods))
    for place, method in zip(places, methods):
        both = [found[method] for found in seconds if method in found]
        axes.plot([place] * len(both), both, color=style.LINE, lw=0.8, zorder=1)
    for found, marker, color, label in ((seconds[0], "o", style.LIGHT, "equal ranks"),
                                        (seconds[1], "s", style.DARK, f"one rank {slow[0]['slow_factor']:g} times slower")):
        axes.scatter(places, [found.get(method, float("nan")) for method in methods], s=36, marker=marker, color=color,
                     edgecolors="black", linewidths=0.6, label=label, zorder=2)
    axes.set_xticks(places, methods, rotation=35, ha="right", rotation_mode="anchor")
    times = [value for found in seconds for value in found.values()]
    axes.set(xlim=(-0.5, len(methods) - 0.5), ylabel="seconds", title=f"A slow rank, imbalance {style.short(tolerance)}")
    if times:
        axes.set_ylim(min(times) / 1.5, max(times) * 1.5)
    style.log_axis(axes.yaxis)
    style.legend_above(axes)


def _caption(run):
    machine = run["machine"]
    return (f"{run['kind']}: {run['neurons']:,} neurons, {run['synapses']:,} synapses on {machine['ranks']} ranks; "
            "medians and quartiles; a method that did not get there in its time has no mark, "
            "and brackets in a. Imbalance: "
            "$\\Sigma|\\mathrm{in}-\\mathrm{out}|/\\Sigma c$. "
            f"Comparable on these cores: {run['cores_can_show']}.")
