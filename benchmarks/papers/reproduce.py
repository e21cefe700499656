#!/usr/bin/env python3
"""Figures and tables of Stock et al. 2022 and Baldi et al. 2024, computed again: one command.

    python3 benchmarks/papers/reproduce.py --synbal build/release/bin/synbal -o papers [--small] [--mnist DIR]

Writes a picture for each figure and table.txt, table.csv: paper / here / verdict. All networks are balanced, run and
compared with chance by `synbal`; training is numpy's. Needs python3-numpy, -scipy, -h5py, -matplotlib, and python3-sklearn
for digits where MNIST's IDX files are not given; with OpenBLAS (libopenblas0) numpy trains several times as fast. --small takes
minutes, the full version hours. A figure's networks are trained by one thread; --processes figures are made at a time.
"""
import argparse
import concurrent.futures
import importlib
import importlib.util
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = ("stock_4", "baldi_7_8", "baldi_tables", "baldi_9", "baldi_10_11", "stock_1", "stock_3", "stock_5", "stock_s1_1")
NEEDED = ("numpy", "scipy", "h5py", "matplotlib")
SYSTEM_PYTHON = "/usr/bin/python3"  # the distribution's, which has its packages


def go_on_with_a_python_that_has_them():
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return
    if os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON) and not os.environ.get("SYNBAL_PAPERS"):
        os.environ["SYNBAL_PAPERS"] = "tried"
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    sys.exit(f"reproduce: no {' and no '.join(missing)}: bash jobs/install_dependencies.sh papers")


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synbal", required=True, help="the program")
    parser.add_argument("-o", "--output", default="papers", help="folder for pictures and table (papers)")
    sizes = parser.add_mutually_exclusive_group()
    for name, text in (("tiny", "under a minute: whether it works at all"), ("small", "under ten minutes")):
        sizes.add_argument(f"--{name}", dest="size", action="store_const", const=name, default="full", help=text)
    parser.add_argument("--mnist", metavar="DIR", help="IDX files of MNIST (without: 8x8 digits of scikit-learn)")
    parser.add_argument("--only", metavar="NAMES", default=",".join(FIGURES), help=f"of {', '.join(FIGURES)}")
    parser.add_argument("--processes", type=int, default=2, help="figures at a time (2)")
    parser.add_argument("--format", choices=("svg", "pdf", "png"), default="svg", help="of the pictures (svg)")
    options = parser.parse_args(words)
    unknown = set(options.only.split(",")) - set(FIGURES)
    if unknown:
        parser.error(f"--only: no figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    return options


def make(name, options):
    """One picture and its rows; says how long it took."""
    import figures
    import program
    import tasks
    from pictures import style

    start = time.monotonic()
    module = importlib.import_module(f"figures.{name}")
    with tempfile.TemporaryDirectory() as folder:
        synbal = program.Synbal(options.synbal, folder)
        figure, rows = module.make(figures.Setting(options.size, synbal, lambda: tasks.digits(options.mnist)))
    style.save(figure, pathlib.Path(options.output) / f"{name}.{options.format}", force=True)
    print(f"{module.ABOUT}: {time.monotonic() - start:.0f} s, {synbal.calls} runs of synbal", flush=True)
    return rows


def notes_of(options):
    digits = f"MNIST of {options.mnist}" if options.mnist else "scikit-learn's 8x8 digits, enlarged to 28x28"
    return [f"Size: {options.size}. Digits: {digits}.",
            "The paper's values are those in its text or figures and, where these are curves, what the authors' published "
            "notebooks print for them.",
            "Balancing while networks train is a run of synbal for every epoch (and way) rather than every step.",
            "Left out: Baldi's recurrent network on IMDB (tables 3 and 5, figures 15 and 17): the published one is an LSTM, "
            "whose sigmoids and tanhs are not homogeneous, so no scaling keeps what it computes."]


def main():
    go_on_with_a_python_that_has_them()
    sys.path[:0] = [str(HERE), str(HERE.parents[1] / "jobs")]
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
    import table

    options = options_of(sys.argv[1:])
    output = pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    names = options.only.split(",")
    with concurrent.futures.ProcessPoolExecutor(options.processes) as pool:
        made = dict(zip(names, pool.map(make, names, [options] * len(names))))
    rows = [row for name in sorted(names) for row in made[name]]
    table.write_csv(output / "table.csv", rows)
    text = table.as_text(rows, notes_of(options))
    (output / "table.txt").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
