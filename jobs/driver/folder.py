"""A campaign's folder: what was planned, what was handed in, and how far every run is, as its files tell."""
import fcntl
import json
import pathlib
import time
from contextlib import contextmanager
from dataclasses import asdict

from .campaign import VERIFIED, Campaign, Run
from .data import CampaignError, read_text, write_whole
from .machine import Machine
from .scripts import write_scripts

# States of a run. Ends that stay as they are until `retry --state` asks for them:
DONE, UNCONVERGED, INVALID, REFUSED = "done", "not converged", "invalid", "refused"
# Ends that `retry` begins again by itself:
FAILED, DIED, STOPPED, LOST = "failed", "died", "stopped", "lost"
PLANNED, WAITING, RUNNING = "planned", "waiting", "running"
STATES = (DONE, RUNNING, WAITING, PLANNED, STOPPED, DIED, FAILED, LOST, UNCONVERGED, INVALID, REFUSED)
TO_RETRY = (FAILED, DIED, STOPPED, LOST)
ANSWERS = {2: REFUSED, 3: REFUSED, 4: UNCONVERGED, 75: STOPPED}


class Folder:
    """The folder of a planned campaign. Raises CampaignError where there is none."""

    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()
        plan = read_text(self.path / "plan.json")
        if plan is None:
            raise CampaignError(f"{path}: no campaign was planned here (there is no plan.json): see `campaign.py plan`")
        data = json.loads(plan)
        runs = [Run(**run) for run in data["campaign"].pop("runs")]
        self.campaign = Campaign(**data["campaign"], runs=runs)
        self.machine = Machine(**data["machine"])

    def run_path(self, run_id):
        return self.path / "runs" / run_id

    def submissions(self):
        """All that was handed in, oldest first."""
        return json.loads(read_text(self.path / "submissions.json") or "[]")

    def add_submission(self, submission):
        write_whole(self.path / "submissions.json", json.dumps([*self.submissions(), submission], indent=1))

    @contextmanager
    def only_one_submits(self):
        """Two submissions at a time could hand in one run twice."""
        with open(self.path / ".submit.lock", "w") as lock:
            if not try_lock(lock):
                raise CampaignError(f"{self.path}: another `submit` or `retry` is at work here")
            yield


def make_folder(path, campaign, machine):
    """Writes the plan and its scripts. A folder that holds a plan already may only gain runs. Returns the Folder."""
    path = pathlib.Path(path).resolve()
    if (path / "plan.json").exists():
        _check_same(Folder(path), campaign)
    elif path.exists() and any(path.iterdir()):
        raise CampaignError(f"{path}: this folder is not empty, and holds no campaign: name another one by --folder")
    path.mkdir(parents=True, exist_ok=True)
    write_scripts(path, campaign, machine)
    write_whole(path / "plan.json", json.dumps({"campaign": asdict(campaign), "machine": asdict(machine)}, indent=1))
    return Folder(path)


def _check_same(old, campaign):
    begun = [run for run in old.campaign.runs if (old.run_path(run.id) / "attempt-1").exists()]
    new = {run.id: run for run in campaign.runs}
    for run in begun:
        if new.get(run.id) != run:
            raise CampaignError(f"{old.path}: run {run.id} has been started, and would be another one now: "
                                "plan into a new folder")


def try_lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


def is_locked(path):
    """Whether a process of this host works under this lock."""
    try:
        with open(path) as file:
            return not try_lock(file)
    except FileNotFoundError:
        return False


def code_in(path):
    """The exit code that a file holds, or None."""
    text = read_text(path)
    return int(text) if text and text.lstrip("-").isdigit() else None


def attempts_of(path):
    """The folders of a run's attempts, first to last."""
    return sorted(path.glob("attempt-*"), key=lambda attempt: int(attempt.name.split("-")[1]))


def state_of(folder, run, queue, submitted):
    """The state of one run; `queue` maps runs that batch system or pool still hold to "waiting" or "running"."""
    path = folder.run_path(run.id)
    attempts = attempts_of(path)
    code = code_in(path / "exit_code")
    held = queue.get(run.id)
    if is_locked(path / ".lock"):
        return RUNNING
    if code == 0 and run.command != VERIFIED:
        return DONE
    if code == 0 and (verdict := code_in(path / "verify_code")) is not None:
        return DONE if verdict == 0 else INVALID
    if code in (2, 3, 4):
        return ANSWERS[code]
    if held:
        return held
    if attempts:
        return DIED if code is None or code > 5 and code != 75 else ANSWERS.get(code, STOPPED if code == 0 else FAILED)
    return LOST if run.id in submitted else PLANNED


def states_of(folder, queue):
    """The state of every run, by id."""
    submitted = {run for submission in folder.submissions() for task in submission["tasks"] for run in task}
    return {run.id: state_of(folder, run, queue, submitted) for run in folder.campaign.runs}


def forget_end(folder, run_id):
    """Lets a run begin again that has ended for good."""
    for name in ("exit_code", "verify_code"):
        (folder.run_path(run_id) / name).unlink(missing_ok=True)


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
