#!/usr/bin/env python3
"""Pictures of what synbal computes: .png of 300 dpi, .svg or .pdf.

    synbal-plot balance RESULT.h5 -o balance.png
    synbal-plot flow|simulate FILE.h5
    synbal-plot resistance|perturb TABLE.csv
    synbal-plot uniqueness|asynchronous FILE
    synbal-plot scaling CAMPAIGN/benchmarks.jsonl

Without -o the picture lies beside the file, with the extension .png. A file that is no picture of ours is replaced with
--force only. Exit codes: 0 drawn, 2 command line, 3 something to mend.
"""
import argparse
import importlib.util
import os
import pathlib
import sys

KINDS = ("balance", "flow", "resistance", "perturb", "simulate", "uniqueness", "asynchronous", "scaling")
NEEDED = ("numpy", "matplotlib")
SYSTEM_PYTHON = "/usr/bin/python3"  # the distribution's, which has its packages; another one may come first in PATH


def go_on_with_a_python_that_can_draw():
    """Replaces this process by the system's python where that has what this one lacks; tells what to install otherwise."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return
    another = os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON) and os.access(SYSTEM_PYTHON, os.X_OK)
    if another and not os.environ.get("SYNBAL_PLOT"):
        os.environ["SYNBAL_PLOT"] = "tried"  # no python calls the other one back
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    sys.exit(f"synbal-plot: {sys.executable} has no {' and no '.join(missing)}: install them "
             "(Debian: apt install python3-matplotlib python3-h5py; elsewhere: pip install matplotlib h5py)")


def options_of(words, kinds):
    parser = argparse.ArgumentParser(prog="synbal-plot", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="KIND")
    for name, kind in kinds.items():
        command = commands.add_parser(name, help=kind.ABOUT, description=kind.ABOUT)
        kind.add_options(command)
        command.add_argument("-o", "--output", metavar="PICTURE", help=".png, .svg or .pdf (beside the file, .png)")
        command.add_argument("--force", action="store_true", help="files that do not belong together; replace any file")
        command.set_defaults(draw=kind.draw)
    return parser.parse_args(words)


def default_picture(file):
    path = pathlib.Path(file)
    return path.with_name(path.name.removesuffix(".gz")).with_suffix(".png")


def main():
    go_on_with_a_python_that_can_draw()
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    from pictures import style

    options = options_of(sys.argv[1:], {name: importlib.import_module(f"pictures.{name}") for name in KINDS})
    try:
        style.save(options.draw(options), options.output or default_picture(options.file), options.force)
    except style.PictureError as error:
        print(f"synbal-plot: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
