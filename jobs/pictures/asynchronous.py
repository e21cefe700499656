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
    _draw(axes[0], run["alike"], "seconds", "seconds", "Equal ranks")
    _draw(axes[1], run["alike"], "bytes", "bytes sent, all ranks", "Communication")
    if slow:
        _draw_slow(axes[2], run["alike"], slow)
    style.caption(figure, _caption(run))
    return figure


def _draw(axes, rows, quantity, words, title):
    """Median and quartiles over the runs, for every method that got there."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for k, method in enumerate(methods):
        reached = [row for row in rows if row["method"] == method and row["reached"] and row[quantity]["median"] > 0]
        x = [row["tolerance"] for row in reached]
        middle = [row[quantity]["median"] for row in reached]
        spread = [[row[quantity]["median"] - row[quantity]["quartile_1"] for row in reached],
                  [row[quantity]["quartile_3"] - row[quantity]["median"] for row in reached]]
        marker, line = LOOKS.get(method, ("o", "-"))
        color = style.plt.get_cmap(style.WAYS)(0.85 * k / max(len(methods) - 1, 1))
        axes.errorbar(x, middle, spread, marker=marker, ls=line, ms=4, capsize=2, color=color, label=method)
    axes.set(xlabel="imbalance reached", ylabel=words, title=title)
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)
    axes.invert_xaxis()
    if quantity == "seconds":  # the other panel has the same lines
        style.legend_above(axes, ncol=2, columnspacing=1, handlelength=2.4)


def _draw_slow(axes, alike, slow):
    """The methods side by side at one imbalance, with equal ranks and with a slow one."""
    tolerance = slow[-1]["tolerance"]
    methods = [row["method"] for row in slow if row["tolerance"] == tolerance and row["reached"]]
    for shift, color, label, rows in ((-0.2, style.LIGHT, "equal ranks", alike),
                                      (0.2, style.DARK, f"one rank {slow[0]['slow_factor']:g} times slower", slow)):
        found = {row["method"]: row["seconds"]["median"] for row in rows
                 if row["tolerance"] == tolerance and row["reached"]}
        places = [k + shift for k, method in enumerate(methods) if method in found]
        axes.bar(places, [found[method] for method in methods if method in found], 0.38, color=color, label=label)
    axes.set_xticks(range(len(methods)), methods, rotation=35, ha="right", rotation_mode="anchor")
    axes.set(ylabel="seconds", title=f"A slow rank, imbalance {style.short(tolerance)}")
    style.log_axis(axes.yaxis)
    style.legend_above(axes)


def _caption(run):
    machine = run["machine"]
    return (f"{run['kind']}: {run['neurons']:,} neurons, {run['synapses']:,} synapses on {machine['ranks']} ranks; "
            "medians and quartiles; a method that did not get there in its time has no mark. Imbalance: "
            "$\\Sigma|\\mathrm{in}-\\mathrm{out}|/\\Sigma c$. "
            f"Comparable on these cores: {run['cores_can_show']}.")
