"""A machine as data: its cores and memory, how programs are started there and how jobs are handed in."""
import os
import pathlib
import re
import shutil
import string
from dataclasses import asdict, dataclass

from .data import CampaignError, checked, read_toml

KEYS = {
    "name": str,
    "about": "",
    "system": str,            # plain, slurm or pbs
    "cores": 0,               # of one node; 0: those of this machine
    "memory": 0.0,            # GiB of one node; 0: not asked for
    "launcher": str,          # the command before the program; {ranks} stands for their number
    "program": "",            # synbal; "": the one built or installed beside this script, else the one in PATH
    "modules": [],            # names for `module load`
    "setup": [],              # lines of bash before the program starts: variables, paths
    "header": [],             # lines of the batch script, e.g. "#SBATCH --account=abc"
    "stop_before": 60,        # seconds before a job's limit at which runs write their checkpoints and stop
    "array_limit": 1000,      # tasks in one array at most (SLURM: MaxArraySize - 1)
}
SYSTEMS = ("plain", "slurm", "pbs")


@dataclass
class Machine:
    name: str
    about: str
    system: str
    cores: int
    memory: float
    launcher: str
    program: str
    modules: list
    setup: list
    header: list
    stop_before: int
    array_limit: int

    def as_data(self):
        return asdict(self)

    def launch(self, ranks):
        """The launcher's words for so many ranks, as shell text."""
        return self.launcher.format(ranks=ranks)

    def nodes(self, ranks):
        return -(-ranks // self.cores)


def load_machine(path, program=""):
    """The machine of a TOML file; `program` overrides what it says. Raises CampaignError."""
    table = checked(_with_whole_memory(read_toml(path)), KEYS, path)
    if table["system"] not in SYSTEMS:
        raise CampaignError(f"{path}: system '{table['system']}' is none of {', '.join(SYSTEMS)}")
    _check_launcher(table["launcher"], path)
    for line in table["modules"] + table["setup"] + table["header"]:
        if not isinstance(line, str):
            raise CampaignError(f"{path}: modules, setup and header are lists of texts, not of {line!r}")
    table["cores"] = table["cores"] or len(os.sched_getaffinity(0))
    table["program"] = _program(program or table["program"], table["system"])
    return Machine(**table)


def _with_whole_memory(table):
    memory = table.get("memory", 0.0)
    return {**table, "memory": float(memory) if isinstance(memory, int) else memory}


def _check_launcher(launcher, path):
    names = {name for _, name, _, _ in string.Formatter().parse(launcher) if name is not None}
    if names != {"ranks"}:
        raise CampaignError(f"{path}: launcher '{launcher}' must contain {{ranks}} and no other name in braces")


def _program(wanted, system):
    """Where synbal is. A name without a folder is looked for where the job runs, and here only on a plain machine."""
    if not wanted:
        folders = pathlib.Path(__file__).resolve().parents  # of a checkout, or of a prefix into which this was installed
        beside = [folders[2] / "build/release/bin/synbal", folders[3] / "bin/synbal"]
        wanted = next((str(program) for program in beside if program.exists()), "synbal")
    if "/" in wanted:
        wanted = str(pathlib.Path(wanted).expanduser().absolute())
        if not os.access(wanted, os.X_OK):
            raise CampaignError(f"there is no program {wanted}: build it, or name it by --program or in the machine's file")
    elif system == "plain" and shutil.which(wanted) is None:
        raise CampaignError(f"there is no '{wanted}' in PATH: build or install it, or name it by --program")
    elif not re.fullmatch(r"[\w.+-]+", wanted):
        raise CampaignError(f"'{wanted}' is no name of a program")
    return wanted
