"""One look for all pictures: colours that differ in grey as well, panel letters, ticks, captions, files of 300 dpi."""
import pathlib
import re
import textwrap

import matplotlib

matplotlib.use("Agg")  # no display needed
import matplotlib.pyplot as plt
import matplotlib.ticker
import numpy as np

# Told apart with any colour vision and, by their lightness, in grey print (about 0.65, 0.35, 0.25 of white).
LIGHT, DARK, LINE = "#E69F00", "#0072B2", "#444444"
BEFORE, AFTER = LIGHT, DARK
WAYS = "viridis"            # of many lines, ordered by a value
DENSITIES = {LIGHT: "Oranges", DARK: "Blues"}
MOST_POINTS = 10_000        # more are drawn as a density: a blob tells nothing
WIDTH = 6.9                 # inches of a printed page
HEIGHTS = {1: 2.9, 2: 2.9, 3: 2.4}  # of a panel in rows of so many
DOTS = 300
FORMULA = "\0"              # stands for a letter's width of a formula while lines are broken
MARK = "synbal-plot"        # in every file, so that only our own pictures are replaced

plt.rcParams.update({"font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 7,
                     "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.2,
                     "axes.titlelocation": "left", "axes.unicode_minus": False, "svg.fonttype": "none", "pdf.fonttype": 42})


class PictureError(Exception):
    """Something that the user can mend: one message."""


def panels(count, columns=2):
    """A figure with that many lettered panels in rows of `columns`."""
    rows = -(-count // columns)
    beside = min(columns, count)
    size = (WIDTH / 2 if beside == 1 else WIDTH, HEIGHTS[beside] * rows)
    figure, axes = plt.subplots(rows, beside, figsize=size, constrained_layout={"w_pad": 0.08, "h_pad": 0.06}, squeeze=False)
    axes = axes.ravel()
    for unused in axes[count:]:
        unused.remove()
    for letter, one in zip("abcdefgh", axes[:count]):
        one.annotate(letter, (0, 1), xycoords="axes fraction", xytext=(-28, 6), textcoords="offset points", fontsize=10,
                     fontweight="bold", annotation_clip=False)
        for axis in (one.xaxis, one.yaxis):  # no factor above the axis, in the place of the title
            axis.set_major_formatter(matplotlib.ticker.FuncFormatter(short))
    return figure, axes[:count]


def log_axis(axis):
    """Logarithmic, with at least three numbers on it, however short the range is."""
    (axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale)("log")
    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high) - np.log10(low) if low > 0 else 9
    if decades >= 3:
        axis.set_major_locator(Decades())
        axis.set_minor_locator(matplotlib.ticker.LogLocator(subs=np.arange(1, 10) if decades < 7 else (1,), numticks=99))
    else:
        subs = (1, 3) if decades > 1.5 else (1, 2, 5) if decades > 0.7 else None
        locator = matplotlib.ticker.LogLocator(subs=subs, numticks=9) if subs else matplotlib.ticker.MaxNLocator(4)
        axis.set_major_locator(locator)
        axis.set_major_formatter(matplotlib.ticker.FuncFormatter(short))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


class Decades(matplotlib.ticker.Locator):
    """Powers of ten at even distances, as many as there is room for, but three where so many are in view."""

    def __call__(self):
        return self.tick_values(*sorted(self.axis.get_view_interval()))

    def tick_values(self, vmin, vmax):
        powers = np.arange(np.ceil(np.log10(vmin)), np.floor(np.log10(vmax)) + 1)
        return 10.0 ** powers[::max(1, -(-len(powers) // self._most()))]

    def _most(self):
        axes = self.axis.axes
        box = axes.get_window_extent()
        inches = (box.width if self.axis is axes.xaxis else box.height) / axes.figure.dpi
        return max(3, int(inches / (0.4 if self.axis is axes.xaxis else 0.2)))


def short(value, _=None):
    """A number as a tick says it."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:g}"
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.3g}")


def signed_log_axis(axis, most):
    """Logarithmic to both sides of 0, but for what is a million times smaller than the largest."""
    set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
    set_scale("symlog", linthresh=most * 1e-6)
    few = axis is axis.axes.xaxis  # numbers stand side by side there
    decades = 10.0 ** (np.floor(np.log10(most)) - np.array([0] if few else [0, 3]))
    axis.set_ticks(np.concatenate((-decades, [0], decades)))
    axis.set_minor_locator(matplotlib.ticker.NullLocator())


def cloud(axes, x, y, color, marker="o", label=None):
    """Points, or how many there are at a place. Scales and limits of the axes must have been set."""
    if len(x) <= MOST_POINTS:
        size = 9 if len(x) <= 1000 else 3
        axes.scatter(x, y, s=size, marker=marker, color=color, alpha=0.6, linewidths=0, label=label, rasterized=True)
        return
    place = (axes.transScale + axes.transLimits).transform(np.column_stack((x, y)))
    counts, _, _ = np.histogram2d(place[:, 0], place[:, 1], bins=80, range=[[0, 1], [0, 1]])
    shown = np.ma.masked_equal(counts.T, 0)
    image = axes.imshow(shown, extent=(0, 1, 0, 1), transform=axes.transAxes, origin="lower", aspect="auto", zorder=1,
                        cmap=_strong_half(DENSITIES[color]), norm=matplotlib.colors.LogNorm(1, max(shown.max(), 2)))
    axes.figure.colorbar(image, ax=axes, pad=0.02, shrink=0.8)


def _strong_half(name):
    """A colour map without its palest part, which cannot be told from paper."""
    return matplotlib.colors.ListedColormap(plt.get_cmap(name)(np.linspace(0.25, 1, 256)))


def legend_above(axes, ncol=1, **options):
    """A legend in room of its own above what is drawn, as high as its lines are."""
    rows = -(-len(axes.get_legend_handles_labels()[0]) // ncol)
    line = 1.5 * plt.rcParams["legend.fontsize"] / 72  # inches
    drawn = 0.52 * HEIGHTS[axes.get_gridspec().ncols]  # without title, numbers and words below
    share = min((rows + 0.6) * line / drawn, 0.6)
    axes.get_ylim()  # brings the transformation up to date
    low, high = axes.transData.inverted().transform(axes.transAxes.transform([(0, 0), (0, 1 / (1 - share))]))[:, 1]
    axes.set_ylim(low, high)
    axes.legend(loc="upper left", ncol=ncol, **options)


def limits_of(*values):
    """The range of all positive values, with a margin; None where there is none."""
    positive = [part[(part > 0) & np.isfinite(part)] for part in values]
    positive = np.concatenate(positive)
    return (positive.min() / 1.6, positive.max() * 1.6) if positive.size else None


def say(axes, text):
    """Words where there is nothing to draw."""
    axes.text(0.5, 0.5, textwrap.fill(text, 34), ha="center", va="center", transform=axes.transAxes)
    axes.set(xticks=[], yticks=[])
    axes.minorticks_off()


def caption(figure, text):
    """What the symbols mean, below the panels; formulas stay whole."""
    if any(axes.images for axes in figure.axes):
        text += " Shade, with its scale beside: how many lie at a place."
    width = int(figure.get_figwidth() * 18)  # letters of 7 points in a line
    parts = text.split("$")
    formulas = parts[1::2]
    parts[1::2] = [FORMULA * _width_of(formula) for formula in formulas]
    wrapped = textwrap.fill("".join(parts), width, break_long_words=False, break_on_hyphens=False)
    for formula in formulas:
        wrapped = wrapped.replace(FORMULA * _width_of(formula), f"${formula}$", 1)
    figure.supxlabel(wrapped, fontsize=7, ha="left", x=0.01, color="#333333")


def _width_of(formula):
    """About as many letters as a formula is wide: its commands are one each, its indices small."""
    drawn = re.sub(r"\\[A-Za-z]+", "x", re.sub(r"\\[,;!]", "", formula))
    return max(1, round(0.8 * len(re.sub(r"[{}^_ ]", "", drawn))))


def save(figure, path, force):
    """Writes the picture in the format of its extension. @raises PictureError where something else would be lost."""
    path = pathlib.Path(path)
    kind = path.suffix.lstrip(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise PictureError(f"{path}: pictures are .png, .svg or .pdf")
    if path.exists() and not force and (not path.is_file() or MARK.encode() not in path.read_bytes()):
        raise PictureError(f"{path}: is there already and no picture of {MARK}'s: name another file, or give --force")
    partial = path.with_name(f".{path.name}.partial")
    try:
        figure.savefig(partial, dpi=DOTS, format=kind, metadata={"Software" if kind == "png" else "Creator": MARK})
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PictureError(f"{path}: {error.strerror}") from None
    print(f"{path}: written")
