"""The pool of workers that stands in for a batch system on a plain machine: as many tasks at once as there are cores."""
import fcntl
import pathlib
import signal
import subprocess
import time
from collections import deque

from .data import CampaignError
from .folder import try_lock
from .systems import finished_of, lock_of

POLL_SECONDS = 0.05  # a look at the children costs nothing beside a start of MPI
CONTINUED = 75       # exit code of a task that goes back to the queue


class Pool:
    """Tasks of one size, one after the other or side by side; TERM lets them write checkpoints and stop."""

    def __init__(self, tasks, script, places, turn):
        self.tasks = pathlib.Path(tasks)
        self.turn = turn  # a lock: pools of one campaign take turns, since each fills the machine
        self.script = script
        self.places = max(1, places)
        self.waiting = deque(range(1, len(self.tasks.read_text().splitlines()) + 1))
        self.running = {}
        self.stopping = False

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        with open(lock_of(self.tasks), "w") as lock, open(self.turn, "w") as turn:
            fcntl.flock(lock, fcntl.LOCK_EX)
            while not self.stopping and not try_lock(turn):
                time.sleep(POLL_SECONDS)
            while self.running or (self.waiting and not self.stopping):
                self.start_what_fits()
                time.sleep(POLL_SECONDS)
                self.look_at_children()

    def stop(self, *_):
        self.stopping = True
        for child in self.running:
            child.send_signal(signal.SIGUSR2)

    def start_what_fits(self):
        while self.waiting and len(self.running) < self.places and not self.stopping:
            number = self.waiting.popleft()
            command = ["bash", str(self.script), str(self.tasks), str(number)]
            self.running[subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)] = number

    def look_at_children(self):
        for child in [child for child in self.running if child.poll() is not None]:
            number = self.running.pop(child)
            if child.returncode == CONTINUED:
                self.waiting.append(number)
            else:
                with open(finished_of(self.tasks), "a") as file:
                    file.write(f"{number}\n")


def work(folder, tasks):
    """Runs all tasks of a submission to a plain machine."""
    found = [submission for submission in folder.submissions() if submission["tasks_file"] == str(tasks)]
    if not found:
        raise CampaignError(f"{tasks}: nothing was submitted with these tasks")
    ranks, at_once = found[0]["ranks"], folder.campaign.job["at_once"]
    places = folder.machine.cores // ranks
    places = min(places, at_once) if at_once else places
    Pool(tasks, folder.path / found[0]["script"], places, folder.path / "logs/pool.turn").run()
