"""What the plot scripts share: colours, arguments, tables in both formats, and pictures without a display."""
import argparse
import gzip

import matplotlib

matplotlib.use("Agg")  # no display needed
import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#444444"  # told apart with any colour vision


def arguments(description, *names):
    """A parser that takes these files and then a picture."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in (*names, "picture"):
        parser.add_argument(name)
    return parser


def panels(count, width, height=5):
    """A figure of `count` panels in a row, and these."""
    return plt.subplots(1, count, figsize=(width, height), constrained_layout=True)


def save(figure, title, path):
    if title:
        figure.suptitle(title)
    figure.savefig(path, dpi=150)


def columns_of(path):
    """The columns of a table by name, in whichever format it was written."""
    if path.endswith((".csv", ".csv.gz")):
        with (gzip.open if path.endswith(".gz") else open)(path, "rt") as text:
            first = text.readline()
            while first.startswith("#"):  # that the run did not converge
                first = text.readline()
            names = first.strip().split(",")
            rows = np.loadtxt(text, delimiter=",", ndmin=2).reshape(-1, len(names))
        return dict(zip(names, rows.T))
    import h5py

    with h5py.File(path, "r") as file:
        return {name: file[name][:] for name in file}
