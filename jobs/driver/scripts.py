"""Scripts out of data: one for the machine, one for every run, one for every size of job; for readers, too."""
import pathlib
import shlex
import shutil

from .campaign import VERIFIED
from .data import clock, write_whole

FRAMES = ("run_frame.sh", "job_frame.sh", "attend.sh")  # what all runs and all jobs do; copied, so that a folder stays as it was planned


def write_scripts(folder, campaign, machine):
    """Everything that jobs of this campaign need, below `folder`."""
    here = pathlib.Path(__file__).resolve().parent
    for frame in FRAMES:
        shutil.copyfile(here / frame, folder / frame)
    write_whole(folder / "machine.sh", machine_script(machine))
    for run in campaign.runs:
        write_whole(folder / "runs" / run.id / "run.sh", run_script(campaign, run), executable=True)
    for ranks in sorted({run.ranks for run in campaign.runs}):
        write_whole(folder / job_script_name(ranks), job_script(folder, campaign, machine, ranks), executable=True)
    (folder / "logs").mkdir(exist_ok=True)


def job_script_name(ranks):
    return f"jobs/ranks-{ranks}.sh"


def words(items):
    return " ".join(shlex.quote(item) for item in items)


def machine_script(machine):
    """How programs start on this machine, as functions of the shell."""
    # A signal from the batch system comes first there; the program's own clock is the second line.
    reserve = machine.stop_before // 2 if machine.system == "slurm" else machine.stop_before
    setup = [f"module load {shlex.quote(module)} || return 1" for module in machine.modules] + machine.setup
    launcher = machine.launcher.replace("{ranks}", '"$ranks"')
    return "\n".join([
        f"# The machine {machine.name}, as `campaign.py plan` found it.",
        f"program={shlex.quote(machine.program)}",
        f"reserve={reserve} # seconds before a job's limit at which a run stops by itself",
        "setup() {",
        *[f"  {line}" for line in setup],
        "  :",
        "}",
        f"launch() {{ exec {launcher} \"$@\"; }} # in a process of its own",
        f"launch_words() {{ echo {shlex.quote(machine.launcher)}; }}",
        ""])


def run_script(campaign, run):
    """What one run is; how it is done stands in run_frame.sh."""
    verified = run.command == VERIFIED
    return "\n".join([
        "#!/usr/bin/env bash",
        f"# Run {run.id} of the campaign {campaign.name}. Started again it goes on from its checkpoint, or does nothing.",
        *[f"#   {name} = {value}" for name, value in run.parameters.items()],
        f"run={run.id}",
        f"ranks={run.ranks}",
        f"command={shlex.quote(run.command)}",
        f"subject={shlex.quote(run.subject)}",
        f"network={shlex.quote(run.network)}",
        f"output={shlex.quote(run.output)}",
        f"options=({words(run.options)})",
        f"verify={'yes' if verified else 'no'}",
        f"verify_options=({words(run.verify)})",
        f"most_attempts={campaign.job['attempts']}",
        "prepare() {",
        f"  {run.prepare or ':'}",
        "}",
        'source "$(dirname "${BASH_SOURCE[0]}")/../../run_frame.sh"',
        ""])


def job_script(folder, campaign, machine, ranks):
    """A batch script for runs of so many ranks; its first lines are those of the machine's batch system."""
    make_header, locate_task, requeue = _SYSTEMS[machine.system]
    return "\n".join([
        "#!/usr/bin/env bash",
        *make_header(folder, campaign, machine, ranks),
        *machine.header,
        f"# Tasks of the campaign {campaign.name} with {ranks} rank(s) each; submitted by `campaign.py submit`.",
        f"campaign_folder={shlex.quote(str(folder))}",
        f"job_limit={campaign.job['seconds']} # seconds; 0: none",
        f"retries={campaign.job['retries']}",
        f"job_script={shlex.quote(str(folder / job_script_name(ranks)))}",
        *locate_task,
        *requeue,
        'source "$campaign_folder/job_frame.sh"',
        ""])


def _plain_header(folder, campaign, machine, ranks):
    return []


def _slurm_header(folder, campaign, machine, ranks):
    nodes = machine.nodes(ranks)
    lines = [f"--job-name={campaign.name}", f"--nodes={nodes}", f"--ntasks={ranks}",
             f"--ntasks-per-node={-(-ranks // nodes)}", "--cpus-per-task=1", "--requeue", "--open-mode=append",
             f"--output={folder}/logs/%x-%A_%a.out", f"--signal=B:USR2@{machine.stop_before}"]
    if campaign.job["seconds"]:
        lines.append(f"--time={clock(campaign.job['seconds'])}")
    if machine.memory:
        lines.append(f"--mem-per-cpu={int(machine.memory * 1024 / machine.cores)}M")
    return [f"#SBATCH {line}" for line in lines]


def _pbs_header(folder, campaign, machine, ranks):
    nodes = machine.nodes(ranks)
    each = -(-ranks // nodes)
    memory = f":mem={int(machine.memory * 1024 * each / machine.cores)}mb" if machine.memory else ""
    lines = [f"-N {campaign.name[:15]}", f"-l select={nodes}:ncpus={each}:mpiprocs={each}{memory}", "-r y", "-j oe",
             f"-o {folder}/logs/"]
    if campaign.job["seconds"]:
        lines.append(f"-l walltime={clock(campaign.job['seconds'])}")
    return [f"#PBS {line}" for line in lines]


# What stands in a job script: header, where the task's number and file come from, how the task goes back to the queue.
_SYSTEMS = {
    "plain": (_plain_header, ["task=$2", "tasks=$1"], ["requeue() { :; } # the pool of workers sees the exit code 75"]),
    "slurm": (_slurm_header, ["task=${SLURM_ARRAY_TASK_ID:?submit this as an array}", "tasks=$1"],
              # Never SLURM_JOB_ID: for the last task of an array it is the array's own, and all tasks would be requeued.
              ['requeue() { scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"; }']),
    "pbs": (_pbs_header, ["task=${SYNBAL_TASK:-${PBS_ARRAY_INDEX:?submit this as an array}}", "tasks=$SYNBAL_TASKS"],
            # The job that goes on with the task is noted where `campaign.py status` looks for it.
            ['requeue() { qsub -v SYNBAL_TASKS="$tasks",SYNBAL_TASK="$task" "$job_script" >"$tasks.again-$task"; }']),
}
