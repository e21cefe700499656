#!/usr/bin/env python3
"""Figures and tables of Stock et al. 2022 and Baldi et al. 2024, computed again: one command.

    python3 benchmarks/papers/reproduce.py --synbal build/release/bin/synbal -o papers [--small] [--mnist DIR]

Writes a picture for each figure and table.txt, table.csv: paper / here / verdict. All networks are balanced, run and
compared with chance by `synbal`; training is numpy's. Needs python3-numpy, -scipy, -h5py, -matplotlib, and python3-sklearn
for digits where MNIST's IDX files are not given. --small takes minutes, the full version hours.
"""
import argparse
import importlib
import importlib.util
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = ("baldi_9", "stock_4", "stock_1", "stock_3", "stock_5", "stock_s1_1", "baldi_7_8", "baldi_10_11", "baldi_tables")
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
    parser.add_argument("--format", choices=("svg", "pdf", "png"), default="svg", help="of the pictures (svg)")
    options = parser.parse_args(words)
    unknown = set(options.only.split(",")) - set(FIGURES)
    if unknown:
        parser.error(f"--only: no figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    return options


def make(name, setting, output, kind):
    """One picture and its rows; says how long it took."""
    from pictures import style

    start, calls = time.monotonic(), setting.synbal.calls
    module = importlib.import_module(f"figures.{name}")
    figure, rows = module.make(setting)
    style.save(figure, output / f"{name}.{kind}", force=True)
    print(f"{module.ABOUT}: {time.monotonic() - start:.0f} s, {setting.synbal.calls - calls} runs of synbal", flush=True)
    return rows


def notes_of(options):
    digits = f"MNIST of {options.mnist}" if options.mnist else "scikit-learn's 8x8 digits, enlarged to 28x28"
    return [f"Size: {options.size}. Digits: {digits}.",
            "The paper's values are those in its text or figures and, where these are curves, what the authors' published "
            "notebooks print for them.",
            "Left out: Baldi's recurrent network on IMDB (tables 3 and 5, figures 15 and 17): the published one is an LSTM, "
            "whose sigmoids and tanhs are not homogeneous, so no scaling keeps what it computes."]


def main():
    go_on_with_a_python_that_has_them()
    sys.path[:0] = [str(HERE), str(HERE.parents[1] / "jobs")]
    import figures
    import program
    import table
    import tasks

    options = options_of(sys.argv[1:])
    output = pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        setting = figures.Setting(options.size, program.Synbal(options.synbal, folder), lambda: tasks.digits(options.mnist))
        for name in options.only.split(","):
            rows += make(name, setting, output, options.format)
    table.write_csv(output / "table.csv", rows)
    text = table.as_text(rows, notes_of(options))
    (output / "table.txt").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
