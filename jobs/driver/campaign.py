"""A campaign as data: a network, options and a grid of parameters; and the runs that these make."""
import glob
import itertools
import os
import pathlib
import re
import string
from dataclasses import asdict, dataclass, field

from .data import CampaignError, checked, read_toml, seconds_of

KEYS = {
    "name": str,          # of the jobs and the table
    "about": "",
    "network": str,       # a file or KIND:key=value,...; {parameter} stands for its value, as in all templates below
    "command": "balance",
    "output": "",         # of other commands than balance
    "benchmark": "",      # a subject of synbal-benchmark instead of a command: its lines are collected
    "ranks": "1",
    "prepare": "",        # a line of shell that runs first, in the run's folder; {here}: the folder of the campaign's file
    "grid": {},           # parameter = values: every combination is a run
    "together": [],       # tables of parameter = values, all of one length, that go side by side
    "options": {},        # option = value; true: the option alone; a list: the option several times
    "verify": {},         # options of `synbal verify` that tell it how to read the network (--gain, --pinned ...)
    "job": {},
}
JOB_KEYS = {
    "time": "",           # limit of a batch job, HH:MM:SS; "": none (plain machines only)
    "runs_per_task": 1,   # so many runs one after the other in each task of an array
    "at_once": 0,         # so many tasks of an array at once; 0: as the system likes
    "retries": 1,         # how often a run that died (a lost node, no memory, a kill) begins again by itself
    "attempts": 100,      # no run is started more often than this
}
GENERATORS = ("random", "modular", "smallworld", "kronecker", "lattice", "ring", "layered", "dense")
VERIFIED = "balance"      # the command whose results `synbal verify` judges, and which keeps checkpoints
BENCHMARK = "benchmark"  # stands for the command of such runs, whose program is synbal-benchmark
LINES = "lines.jsonl"    # their output
MOST_RUNS = 1_000_000     # a grid with more is a slip of the pen


@dataclass
class Run:
    """One run: everything its script needs, with all templates filled in."""

    id: str
    parameters: dict
    network: str
    command: str
    output: str
    ranks: int
    prepare: str
    options: list
    verify: list
    subject: str = ""  # of a benchmark


@dataclass
class Campaign:
    name: str
    about: str
    job: dict
    runs: list = field(default_factory=list)

    def as_data(self):
        return asdict(self)


def load_campaign(path):
    """The campaign of a TOML file with all its runs. Raises CampaignError."""
    path = pathlib.Path(path).resolve()
    table = checked(read_toml(path), KEYS, path)
    job = checked(table["job"], JOB_KEYS, f"{path}: [job]")
    job["seconds"] = seconds_of(job["time"], f"{path}: [job] time")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", table["name"]):
        raise CampaignError(f"{path}: name '{table['name']}' must be letters, digits, _ . - (it names jobs)")
    if job["runs_per_task"] < 1:
        raise CampaignError(f"{path}: [job] runs_per_task must be at least 1")
    if table["benchmark"]:
        table |= {"command": BENCHMARK, "output": LINES}
    if table["command"] != VERIFIED and not table["output"]:
        raise CampaignError(f"{path}: 'output' must name what `{table['command']}` writes")
    combinations = _combinations(table, path)
    width = max(4, len(str(len(combinations))))
    runs = [_run(table, f"{k:0{width}d}", values, path) for k, values in enumerate(combinations, 1)]
    return Campaign(table["name"], table["about"], job, runs)


def _combinations(table, path):
    """Dictionaries of parameters: every combination of the grid's values and the rows of parameters that go together."""
    axes = [[{name: value} for value in _values(values, path, name)] for name, values in table["grid"].items()]
    axes += [_rows(side_by_side, path) for side_by_side in table["together"]]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count == 0 or count > MOST_RUNS:
        raise CampaignError(f"{path}: the grid has {count} runs, but must have 1 to {MOST_RUNS}")
    return [_merged(parts, path) for parts in itertools.product(*axes)]


def _rows(side_by_side, path):
    """The rows of one table of `together`."""
    columns = {name: _values(values, path, name) for name, values in side_by_side.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise CampaignError(f"{path}: [[together]] {', '.join(columns)} must have equally many values")
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def _merged(parts, path):
    merged = {}
    for part in parts:
        twice = set(merged) & set(part)
        if twice:
            raise CampaignError(f"{path}: the parameter '{twice.pop()}' is given twice")
        merged |= part
    return merged


def _values(values, path, name):
    """A list as it is; "1..100": these whole numbers; {files = "nets/*.mtx"}: the files that match, in order."""
    if isinstance(values, str) and (match := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", values)):
        return list(range(int(match[1]), int(match[2]) + 1))
    if isinstance(values, dict) and set(values) == {"files"}:
        return _matching(values["files"], path, name)
    if isinstance(values, list) and all(isinstance(value, (str, int, float)) for value in values):
        return values
    raise CampaignError(f'{path}: the values of \'{name}\' must be a list, "FIRST..LAST" or {{files = "PATTERN"}}')


def _matching(pattern, path, name):
    found = sorted(glob.glob(str(path.parent / os.path.expanduser(pattern)), recursive=True))
    if not found:
        raise CampaignError(f"{path}: no file matches the pattern '{pattern}' of '{name}'")
    return found


def _run(table, run_id, values, path):
    fill = _Filler(values, path)
    ranks = fill(table["ranks"], "ranks")
    if not re.fullmatch(r"[1-9]\d*", ranks):
        raise CampaignError(f"{path}: ranks is '{ranks}' for run {run_id}, but must be a whole number from 1")
    output = "result.h5" if table["command"] == VERIFIED else fill(table["output"], "output")
    return Run(run_id, values, _network(fill(table["network"], "network"), path), table["command"], output, int(ranks),
               fill(table["prepare"], "prepare"), fill.options(table["options"]), fill.options(table["verify"]),
               fill(table["benchmark"], "benchmark"))


def _network(text, path):
    """Names of generators stay, files are found from the folder of the campaign's file."""
    if text.split(":", 1)[0] in GENERATORS and ":" in text:
        return text
    return str(path.parent / os.path.expanduser(text))


class _Filler:
    """Puts the values of parameters in the places of their names."""

    def __init__(self, values, path):
        self.values = {**values, "here": str(path.parent)}
        self.path = path

    def __call__(self, template, where):
        try:
            return string.Formatter().vformat(template, (), self.values)
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(self.values)
            why = f"names {error}, which is no parameter ({known})"
            raise CampaignError(f"{self.path}: {where} = '{template}' {why}") from None

    def options(self, table):
        """Words of a command line."""
        words = []
        for name, value in table.items():
            if value is False:
                continue
            for one in value if isinstance(value, list) else [value]:
                words += [f"--{name}"] if one is True else [f"--{name}", self(str(one), f"option {name}")]
        return words
