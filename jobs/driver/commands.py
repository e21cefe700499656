"""The command line: plan, submit, status, retry, collect. Exit codes: 0 done, 2 usage, 3 something to mend, 4 not all runs
are done."""
import argparse
import collections
import pathlib
import shlex
import sys
import time

from . import folder as folders
from . import pool, systems, table
from .campaign import load_campaign
from .data import CampaignError, clock
from .machine import load_machine
from .scripts import job_script_name

SHOWN = 10       # runs that are named one by one
POLL_SECONDS = {"plain": 0.2, "slurm": 15, "pbs": 15}  # batch systems are asked no more often than that


def main(words, about):
    options = _parser(about).parse_args(words)
    try:
        return options.act(options) or 0
    except CampaignError as error:
        print(f"campaign.py: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


def _parser(about):
    parser = argparse.ArgumentParser(prog=pathlib.Path(sys.argv[0]).name, description=about,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("plan", help="write the scripts of all runs to a folder; submits nothing")
    add.add_argument("campaign", help="campaign file (.toml), see jobs/campaigns")
    add.add_argument("--machine", required=True, help="machine file (.toml), see jobs/machines")
    add.add_argument("--folder", help="where everything goes (the campaign's name)")
    add.add_argument("--program", default="", help="synbal (the machine's; else the one built or installed with this script; "
                     "else that in PATH)")
    add.set_defaults(act=plan)
    add = _folder_command(commands, "submit", "hand in the runs that were planned", submit)
    add.add_argument("--go", action="store_true", help="really; without it, only say what would be done")
    add = _folder_command(commands, "retry", "hand in once more what failed, died, was stopped or got lost", retry)
    add.add_argument("--go", action="store_true", help="really; without it, only say what would be done")
    add.add_argument("--state", action="append", default=[], choices=folders.STATES, help="these instead; may be repeated")
    add = _folder_command(commands, "status", "how far all runs are", status)
    add.add_argument("--wait", action="store_true", help="until nothing waits or runs any more")
    _folder_command(commands, "collect", "one table of all runs: table.csv, and table.h5 where h5py is installed", collect)
    add = _folder_command(commands, "work", argparse.SUPPRESS, work)
    add.add_argument("tasks")
    return parser


def _folder_command(commands, name, text, act):
    add = commands.add_parser(name, **({} if text is argparse.SUPPRESS else {"help": text}))
    add.add_argument("folder", help="the campaign's folder")
    add.set_defaults(act=act)
    return add


def plan(options):
    campaign = load_campaign(options.campaign)
    machine = load_machine(options.machine, options.program)
    _check_fit(campaign, machine)
    folder = folders.make_folder(options.folder or campaign.name, campaign, machine)
    print(f"campaign   {campaign.name}: {len(campaign.runs)} runs{'; ' + campaign.about if campaign.about else ''}")
    print(f"machine    {machine.name}: {machine.system}, {machine.cores} cores a node, program {machine.program}")
    for ranks, runs in sorted(_by_ranks(campaign.runs).items()):
        limit = f", {campaign.job['time']} at most each" if campaign.job["seconds"] else ""
        nodes = machine.nodes(ranks)
        print(f"jobs       {len(_tasks(campaign, runs))} tasks of {ranks} rank(s) on {nodes} node(s){limit}")
    for run in campaign.runs[:SHOWN]:
        print(f"run {run.id}   {run.network}  {shlex.join(run.options)}")
    if len(campaign.runs) > SHOWN:
        print(f"...        {len(campaign.runs) - SHOWN} more")
    print(f"folder     {folder.path}: scripts are written, nothing is submitted;")
    print(f"           go on with `campaign.py submit {folder.path}`")


def _check_fit(campaign, machine):
    """What no batch system could do is told before anything is written."""
    seconds = campaign.job["seconds"]
    if machine.system != "plain" and not seconds:
        raise CampaignError(f"campaign {campaign.name}: [job] time is missing: {machine.system} needs a limit (HH:MM:SS)")
    if seconds and seconds < machine.stop_before + 5:
        raise CampaignError(f"campaign {campaign.name}: [job] time {campaign.job['time']} is too short: "
                            f"runs stop {machine.stop_before} s before it (stop_before of machine {machine.name})")


def _by_ranks(runs):
    groups = collections.defaultdict(list)
    for run in runs:
        groups[run.ranks].append(run)
    return groups


def _tasks(campaign, runs):
    """Ids of runs, so many for each task as the campaign wants."""
    size = campaign.job["runs_per_task"]
    return [[run.id for run in runs[k:k + size]] for k in range(0, len(runs), size)]


def submit(options):
    folder = folders.Folder(options.folder)
    with folder.only_one_submits():
        states = folders.states_of(folder, systems.held_runs(folder))
        _hand_in(folder, [run for run in folder.campaign.runs if states[run.id] == folders.PLANNED], options)


def retry(options):
    folder = folders.Folder(options.folder)
    wanted = options.state or folders.TO_RETRY
    for state in set(wanted) & {folders.RUNNING, folders.WAITING}:
        raise CampaignError(f"runs that are {state} are not handed in once more")
    with folder.only_one_submits():
        states = folders.states_of(folder, systems.held_runs(folder))
        runs = [run for run in folder.campaign.runs if states[run.id] in wanted]
        if options.go and options.state:
            for run in runs:
                folders.forget_end(folder, run.id)
        _hand_in(folder, runs, options)


def _hand_in(folder, runs, options):
    """Submits these runs as arrays of one size each, or tells how."""
    if not runs:
        print("nothing to submit: see `campaign.py status`")
        return
    for ranks, group in sorted(_by_ranks(runs).items()):
        tasks = _tasks(folder.campaign, group)
        for first in range(0, len(tasks), folder.machine.array_limit):
            _hand_in_array(folder, ranks, tasks[first:first + folder.machine.array_limit], options.go)
    if not options.go:
        print("nothing was submitted: add --go to do it")


def _hand_in_array(folder, ranks, tasks, go):
    number = len(folder.submissions()) + 1
    file = folder.path / f"logs/submission-{number}.tasks"
    script = folder.path / job_script_name(ranks)
    command = systems.command_for(folder, script, file, len(tasks))
    count = sum(len(task) for task in tasks)
    print(f"{count} run(s) of {ranks} rank(s) in {len(tasks)} task(s): {shlex.join(command)}")
    if not go:
        return
    folders.write_whole(file, "".join(" ".join(task) + "\n" for task in tasks))
    record = {"number": number, "when": folders.now(), "script": job_script_name(ranks), "ranks": ranks,
              "tasks_file": str(file), "tasks": tasks, "job": file.stem}
    if folder.machine.system == "plain":
        folder.add_submission(record)
        print(f"pool {systems.start_pool(command, file)} works on it; kill -TERM stops it, with checkpoints")
    else:
        job = systems.hand_in(folder, command)
        folder.add_submission(record | {"job": job})
        print(f"job {job}")


def status(options):
    folder = folders.Folder(options.folder)
    while True:
        states = folders.states_of(folder, systems.held_runs(folder))
        busy = any(state in (folders.RUNNING, folders.WAITING) for state in states.values())
        if not (options.wait and busy):
            break
        time.sleep(POLL_SECONDS[folder.machine.system])
    counts = collections.Counter(states.values())
    named = ", ".join(f"{counts[state]} {state}" for state in folders.STATES if counts[state])
    print(f"{folder.campaign.name}: {len(states)} runs: {named}")
    _name_troubles(folder, states)
    return 0 if counts[folders.DONE] == len(states) else 4


def _name_troubles(folder, states):
    """Runs that did not end well, and the file that says why."""
    wrong = [run for run, state in states.items() if state not in (folders.DONE, *folders.STATES[1:4])]
    for run in wrong[:SHOWN]:
        attempts = folders.attempts_of(folder.run_path(run))
        code = folders.code_in(folder.run_path(run) / "exit_code")
        where = f"; see {attempts[-1]}/log" if attempts else ""
        print(f"  run {run} {states[run]}{f' (exit code {code})' if code is not None else ''}{where}")
    if len(wrong) > SHOWN:
        print(f"  ... {len(wrong) - SHOWN} more")


def collect(options):
    folder = folders.Folder(options.folder)
    states = folders.states_of(folder, systems.held_runs(folder))
    rows = table.rows_of(folder, states)
    path = folder.path / "table.csv"
    table.write_csv(path, rows)
    counts = collections.Counter(row["verdict"] for row in rows)
    print(f"{path}: {len(rows)} runs: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items())))
    lines = table.write_lines(folder.path / "benchmarks.jsonl", folder, states)
    if lines:
        print(f"{folder.path / 'benchmarks.jsonl'}: {lines} lines, for `synbal-plot scaling`")
    attributes = {"campaign": folder.campaign.name, "machine": folder.machine.name, "collected": folders.now()}
    if table.write_hdf5(path.with_suffix(".h5"), rows, attributes):
        print(f"{path.with_suffix('.h5')}: the same")
    else:
        print("no table.h5: this python3 has no h5py (Debian: python3-h5py, and /usr/bin/python3)")


def work(options):
    folder = folders.Folder(options.folder)
    pool.work(folder, pathlib.Path(options.tasks))
