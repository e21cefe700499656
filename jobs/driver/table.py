"""One table of all runs: parameters, how each ended, whether its result is valid, the figures of its report."""
import csv
import json

from .campaign import BENCHMARK, LINES, VERIFIED
from .data import read_text
from .folder import DONE, INVALID, UNCONVERGED, attempts_of, code_in

# Parts of a report that become columns, as `part.key`; a quantity that could not be computed stays empty.
PARTS = ("input", "components", "cost", "imbalance", "solver", "h", "time", "memory", "parallel")
LEFT_OUT = ("path", "format", "taken_as")


def rows_of(folder, states):
    """A dictionary of columns for every run."""
    return [_row(folder, run, states[run.id]) for run in folder.campaign.runs]


def _row(folder, run, state):
    path = folder.run_path(run.id)
    row = {"run": run.id, **{f"parameter.{name}": value for name, value in run.parameters.items()}}
    row |= {"network": run.network, "ranks": run.ranks, "state": state, "verdict": _verdict(run, state)}
    row |= _history(path)
    if state in (DONE, UNCONVERGED, INVALID):
        row |= _figures(path / "report.json")
    return row


def _verdict(run, state):
    """Whether `synbal verify` has confirmed the result, or synbal-benchmark found its answers right; what was not looked at is
    never called valid."""
    if state == DONE:
        return "valid" if run.command in (VERIFIED, BENCHMARK) else "not checked"
    return state if state in (UNCONVERGED, INVALID) else "no result"


def _history(path):
    """Exit code, attempts, seconds of all attempts together, and where and when the last one was."""
    attempts = attempts_of(path)
    spans = [(code_in(attempt / "started"), code_in(attempt / "ended")) for attempt in attempts]
    history = {name: code_in(path / name) for name in ("exit_code", "verify_code")} | {"attempts": len(attempts)}
    history["wall_seconds"] = sum(end - start for start, end in spans if start and end)
    last = attempts[-1] if attempts else None
    return history | {"host": last and read_text(last / "host"), "job": last and read_text(last / "job")}


def _figures(path):
    """The numbers of a report, flat."""
    text = read_text(path)
    report = json.loads(text) if text else {}
    figures = {"version": report.get("version"), "git": report.get("git")}
    for part in PARTS:
        for name, value in (report.get(part) or {}).items():
            if name not in LEFT_OUT and not isinstance(value, (dict, list)):
                figures[f"{part}.{name}"] = value
    return figures


def write_lines(path, folder, states):
    """All lines of benchmarks that are done, each with its run and its parameters. Returns how many."""
    lines = []
    for run in folder.campaign.runs:
        if run.command == BENCHMARK and states[run.id] == DONE:
            told = (read_text(folder.run_path(run.id) / LINES) or "").splitlines()
            lines += [{"run": run.id, "parameters": run.parameters, **json.loads(line)} for line in told]
    if lines:
        partial = path.with_name(path.name + ".partial")
        partial.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        partial.replace(path)
    return len(lines)


def columns_of(rows):
    """All columns in the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def write_csv(path, rows):
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns_of(rows), restval="")
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    partial.replace(path)


def write_hdf5(path, rows, attributes):
    """The same as datasets of equal length, NaN where a number is not known. Returns False where h5py is not installed."""
    try:
        import h5py
        import numpy
    except ImportError:
        return False
    partial = path.with_name(path.name + ".partial")
    with h5py.File(partial, "w") as file:
        file.attrs.update(attributes)
        for name in columns_of(rows):
            file[name] = _array([row.get(name) for row in rows], numpy)
    partial.replace(path)
    return True


def _array(values, numpy):
    """Numbers as float64 (whole numbers beyond 2^53 nowhere occur), all else as texts."""
    if all(value is None or isinstance(value, (int, float)) for value in values):
        return numpy.array([numpy.nan if value is None else float(value) for value in values])
    return numpy.array(["" if value is None else str(value) for value in values], dtype="S")
