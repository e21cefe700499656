"""How tasks are handed to a machine, and which of them it still holds: SLURM, PBS, or a pool of workers of our own."""
import getpass
import os
import pathlib
import shlex
import subprocess
import sys
import time

from .data import CampaignError, read_text
from .folder import RUNNING, WAITING, is_locked

START_SECONDS = 10  # a start of Python on a busy machine
ENTRY = pathlib.Path(__file__).resolve().parents[1] / "campaign.py"


def command_for(folder, script, tasks, count):
    """The command that hands in `count` tasks, the lines of the file `tasks`."""
    at_once = folder.campaign.job["at_once"]
    if folder.machine.system == "slurm":
        array = f"--array=1-{count}" + (f"%{at_once}" if at_once else "")
        return ["sbatch", "--parsable", array, str(script), str(tasks)]
    if folder.machine.system == "pbs":
        array = ["-J", f"1-{count}"] if count > 1 else []  # PBS knows no array of one
        task = "" if count > 1 else ",SYNBAL_TASK=1"
        return ["qsub", *array, "-v", f"SYNBAL_TASKS={tasks}{task}", str(script)]
    return [sys.executable, str(ENTRY), "work", str(folder.path), str(tasks)]


def hand_in(folder, command):
    """Runs such a command of a batch system. Returns the job's name there."""
    done = _run(command)
    if done is None or done.returncode != 0:
        why = "there is no such command here" if done is None else done.stderr.strip()
        raise CampaignError(f"`{shlex.join(command)}` failed: {why}")
    return done.stdout.strip().split(";")[0]


def start_pool(command, tasks):
    """Starts a pool that goes on by itself, and returns once it is there; its messages stand beside its tasks."""
    with open(tasks.with_suffix(".log"), "a") as log:
        pool = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + START_SECONDS
    while not is_locked(lock_of(tasks)) and pool.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return pool.pid


def held_runs(folder):
    """Runs that the machine still holds, by id: "waiting" or "running"."""
    held = {}
    ask = {"slurm": _slurm_tasks, "pbs": _pbs_tasks, "plain": _pool_tasks}[folder.machine.system]
    submissions = folder.submissions()
    states = ask(folder, submissions) if submissions else {}
    for submission in submissions:
        for number, task in enumerate(submission["tasks"], 1):
            state = states.get((submission["job"], number))
            if state:
                held |= {run: state for run in task}
    return held


def _slurm_tasks(folder, submissions):
    """Tasks in SLURM's queue, by job and number."""
    done = _run(["squeue", "-h", "-r", "-u", getpass.getuser(), "-o", "%F %K %t"])
    if done is None or done.returncode != 0:
        raise CampaignError("squeue does not answer: whether runs wait or have died is not known")
    rows = [line.split() for line in done.stdout.splitlines()]
    return {(job, int(number)): RUNNING if state in ("R", "CG") else WAITING
            for job, number, state in rows if number.isdigit()}


def _pbs_tasks(folder, submissions):
    """Tasks of jobs that PBS knows and has not finished, by the job that they were first submitted with."""
    states = {}
    for submission in submissions:
        numbers = range(1, len(submission["tasks"]) + 1)
        if _pbs_knows(submission["job"]):
            states |= {(submission["job"], number): WAITING for number in numbers}
        else:
            again = {number: read_text(f"{submission['tasks_file']}.again-{number}") for number in numbers}
            states |= {(submission["job"], number): WAITING for number, job in again.items() if job and _pbs_knows(job)}
    return states


def _pbs_knows(job):
    done = _run(["qstat", job])
    if done is None:
        raise CampaignError("there is no qstat here: whether runs wait or have died is not known")
    return done.returncode == 0


def _pool_tasks(folder, submissions):
    """Tasks of pools that are alive, without those that they have finished with."""
    states = {}
    for submission in submissions:
        tasks = pathlib.Path(submission["tasks_file"])
        if not is_locked(lock_of(tasks)):
            continue
        finished = set((read_text(finished_of(tasks)) or "").split())
        numbers = range(1, len(submission["tasks"]) + 1)
        states |= {(submission["job"], number): WAITING for number in numbers if str(number) not in finished}
    return states


def lock_of(tasks):
    return tasks.with_suffix(".lock")


def finished_of(tasks):
    return tasks.with_suffix(".finished")


def _run(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ)
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        raise CampaignError(f"`{shlex.join(command)}` does not answer") from None
