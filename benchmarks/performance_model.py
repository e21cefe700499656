#!/usr/bin/env python3
"""The performance model behind `synbal info --predict`: measured, fitted, and held against runs it has not seen.

  performance_model.py measure RUNS.jsonl   runs everything in performance_model.toml (goes on where it stopped)
  performance_model.py fit RUNS.jsonl       writes --machine from the runs of the networks under `fit` alone
  performance_model.py check RUNS.jsonl     predictions by `synbal info --predict` beside what the `held_out` took

A run is a pass over the costs (synbal-benchmark kernel) or a whole `synbal balance`. The formulas are the program's own
(include/synbal/forecast/forecast.hpp): it tells what a rank has, and only the factors are fitted here, by least squares
of relative errors, none below 0.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["measure", "fit", "check"])
    parser.add_argument("runs", type=pathlib.Path, help="lines of JSON, one for each run")
    parser.add_argument("--plan", type=pathlib.Path, default=HERE / "performance_model.toml")
    parser.add_argument("--programs", type=pathlib.Path, default=HERE.parent / "build/release/bin")
    parser.add_argument("--mpirun", default="mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1")
    parser.add_argument("--machine", type=pathlib.Path, help="parameters (fit: to write; check: to use, else built in)")
    parser.add_argument("--note", default="", help="fit: what else to say of the machine")
    return parser.parse_args()


# ---- measure


def launched(given, ranks, program, *words):
    command = [*given.mpirun.split(), "-n", str(ranks), str(given.programs / program), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout


def kernel_run(given, network, ranks):
    """Seconds of one pass, and what the machine did at best in the same run."""
    line = launched(given, ranks, "synbal-benchmark", "kernel", "--no-peers", "--repeats", "25", "--network", network)
    told = json.loads(line)
    return {"seconds": told["seconds"]["min"], "limits": told["limits"], "processor": told["machine"]["processor"],
            "cores": told["machine"]["hardware_threads"], "version": told["machine"]["version"]}


def balance_run(given, network, ranks, write):
    """Times, memory and traffic of one run of `balance`; `write`: weights or h."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        launched(given, ranks, "synbal", "balance", network, "-o", f"{folder}/result.h5", "--write", write, "--report",
                 str(report), "-q")
        told = json.loads(report.read_text(encoding="utf-8"))
    return {"time": told["time"], "memory": told["memory"], "parallel": told["parallel"], "solver": told["solver"],
            "neurons": told["input"]["n"], "synapses": told["input"]["nnz"]}


KINDS = {
    "kernel": kernel_run,
    "weights": lambda given, network, ranks: balance_run(given, network, ranks, "weights"),
    "h": lambda given, network, ranks: balance_run(given, network, ranks, "h"),
}


def sums_run(given, network, ranks):
    """Global sums for each pass over the costs of a solve."""
    line = launched(given, ranks, "synbal-benchmark", "solve", "--no-peers", "--methods", "newton", "--repeats", "1",
                    "--network", network)
    told = json.loads(line)
    return {"collectives": told["per_rank"]["collectives"]["mean"] / told["figures"]["matrix_passes"]}


def key(run):
    return run["kind"], run["network"], run["ranks"], run["round"]


def read_runs(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def planned(plan):
    """All runs, the first of each before the second of any; memory hardly varies and is looked at once, as are sums."""
    for turn in range(plan["repeats"]):
        kinds = KINDS if turn == 0 else {"kernel": KINDS["kernel"], "h": KINDS["h"]}
        for network in plan["fit"] + plan["held_out"]:
            for ranks in plan["ranks"]:
                for kind, run in kinds.items():
                    yield run, {"kind": kind, "network": network, "ranks": ranks, "round": turn}
    for network in plan["sums"]:
        yield sums_run, {"kind": "sums", "network": network, "ranks": max(plan["ranks"]), "round": 0}


def is_slow(run, plan):
    return run["kind"] in ("h", "weights") and run["told"]["time"]["total"] > plan["most_seconds"]


def measure(given, plan):
    runs = read_runs(given.runs)
    done = {key(run) for run in runs}
    slow = {(run["network"], run["ranks"]) for run in runs if is_slow(run, plan)}
    with given.runs.open("a", encoding="utf-8") as lines:
        for run, about in planned(plan):
            if key(about) in done or (about["round"] > 0 and (about["network"], about["ranks"]) in slow):
                continue
            about["told"] = run(given, about["network"], about["ranks"])
            if is_slow(about, plan):
                slow.add((about["network"], about["ranks"]))
            print(json.dumps(about), file=lines, flush=True)
            print(*key(about), file=sys.stderr)


# ---- what runs came to, and what the program makes of their networks


class Measured:
    """The least seconds and the bytes of a network on so many ranks."""

    def __init__(self, runs):
        passes = [run["told"] for run in runs if run["kind"] == "kernel"]
        solves = [run["told"] for run in runs if run["kind"] in ("h", "weights")]
        self.run_pass = min(told["seconds"] for told in passes)
        self.solve = min(told["time"]["solve"] for told in solves)
        self.setup = min(told["time"]["read"] + told["time"]["components"] for told in solves)
        self.memory = {kind: statistics.median(run["told"]["memory"]["peak_rss_sum"] / run["ranks"]
                                               for run in runs if run["kind"] == kind) for kind in ("weights", "h")}
        self.limits = [told["limits"] for told in passes]
        self.machine = passes[0]


def measured(runs, networks):
    """Of all networks and numbers of ranks of which there are runs of all kinds."""
    found = {}
    for run in runs:
        if run["network"] in networks and run["kind"] in KINDS:
            found.setdefault((run["network"], run["ranks"]), []).append(run)
    return {of: Measured(several) for of, several in found.items() if {run["kind"] for run in several} == set(KINDS)}


def predicted(given, points, machine=None):
    """What `synbal info --predict` says of networks on numbers of ranks."""
    told = {}
    for network in dict.fromkeys(network for network, _ in points):
        ranks = [ranks for other, ranks in points if other == network]
        for count, forecast in zip(ranks, forecasts(given, network, ranks, machine)):
            told[network, count] = forecast
    return told


def forecasts(given, network, ranks, machine):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        words = [str(given.programs / "synbal"), "info", network, "--predict", ",".join(map(str, ranks)), "--report", str(report)]
        if machine:
            words += ["--machine", str(machine)]
        subprocess.run(words, check=True, capture_output=True, timeout=60)
        told = json.loads(report.read_text(encoding="utf-8"))["prediction"]
    return [{"family": told["family"], **forecast} for forecast in told["forecasts"]]


# ---- fit


def least_squares(rows, values, whole=None, rounds=50000):
    """Factors >= 0 with rows @ factors near values, errors relative to the whole; by coordinate descent."""
    whole = whole or values
    scaled = [[x / unit for x in row] for row, unit in zip(rows, whole)]
    size = len(rows[0])
    norms = [math.sqrt(sum(row[i] ** 2 for row in scaled)) or 1.0 for i in range(size)]
    scaled = [[row[i] / norms[i] for i in range(size)] for row in scaled]
    gram = [[sum(row[i] * row[j] for row in scaled) for j in range(size)] for i in range(size)]
    goal = [value / unit for value, unit in zip(values, whole)]
    right = [sum(row[i] * y for row, y in zip(scaled, goal)) for i in range(size)]
    factors = [0.0] * size
    for _ in range(rounds):
        moved = 0.0
        for i in range(size):
            if gram[i][i] == 0:
                continue
            new = max(0.0, factors[i] + (right[i] - sum(g * x for g, x in zip(gram[i], factors))) / gram[i][i])
            moved, factors[i] = max(moved, abs(new - factors[i])), new
        if moved < 1e-12:
            break
    return [x / norm for x, norm in zip(factors, norms)]


def robust_fit(rows, values, whole, usual=0.15):
    """The same with absolute errors beyond the usual ones (Huber): others at work only ever add to a time."""
    trusted = whole
    for _ in range(8):
        factors = least_squares(rows, values, trusted, rounds=5000)
        errors = [abs(sum(x * f for x, f in zip(row, factors)) - value) / unit
                  for row, value, unit in zip(rows, values, whole)]
        trusted = [unit * math.sqrt(max(1.0, error / usual)) for unit, error in zip(whole, errors)]
    return factors


def cache_of_core():
    command = ["getconf", "LEVEL2_CACHE_SIZE"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def limits_of(points):
    """What the machine does: medians of bandwidths and latencies, and the best link (others take turns on it)."""
    alone = [limits for (_, ranks), point in points.items() if ranks == 1 for limits in point.limits]
    together = [limits for (_, ranks), point in points.items() if ranks > 1 for limits in point.limits]
    links = [limits["link_bytes_per_second"] for limits in together if limits["link_bytes_per_second"]]
    return {
        "core_bandwidth": statistics.median(limits["read_bytes_per_second"] for limits in alone),
        "node_bandwidth": statistics.median(limits["read_bytes_per_second"] for limits in together),
        "latency": statistics.median(limits["latency_seconds"] for limits in together if limits["latency_seconds"]),
        "link_bandwidth": statistics.quantiles(links, n=10)[-1],
    }


def fit_pass(points, layouts, machine):
    """Beside what bandwidths and latencies explain: costs of all families, then the pace of each."""
    rows, values, known = [], [], []
    for of, point in points.items():
        layout, ranks = layouts[of]["layout"], of[1]
        most = layout["synapses"] * layout["nnz_max_over_mean"]
        bandwidth = min(machine["core_bandwidth"], machine["node_bandwidth"] / min(ranks, machine["cores"]))
        rounds = 2 * layout["peers"] + machine["collectives"] * math.ceil(math.log2(ranks))
        exchanged = layout["ghosts"] * 16 / machine["link_bandwidth"] + rounds * machine["latency"]
        rows.append([most, layout["neurons"], most * layout["far"] * layout["lines_fetched"], layout["ghosts"]])
        known.append(max(0.0, most * 12 - machine["cache"]) / bandwidth + exchanged)
        values.append(point.run_pass)
    rest = [value - part for value, part in zip(values, known)]
    factors = robust_fit(rows, rest, values)
    costs = dict(zip(("synapse", "neuron", "far", "ghost"), factors))
    paces = {}
    for of, row, part in zip(points, rows, rest):
        own, others = (sum(x * f for x, f in zip(row[of_kind], factors[of_kind])) for of_kind in (slice(2), slice(2, 4)))
        paces.setdefault(layouts[of]["family"], []).append(max((part - others) / own, 0.01))
    return costs, {family: statistics.median(several) for family, several in paces.items()}


def fit_memory(points, layouts):
    """One process, two ways of holding synapses, and what each family's preconditioner takes beside."""
    families = sorted({layouts[of]["family"] for of in points} - {"random"})
    rows, values = [], []
    for of, point in points.items():
        layout, family = layouts[of]["layout"], layouts[of]["family"]
        has = [layout["synapses"], layout["neurons"], layout["ghosts"]]
        solver = [layout["synapses"] if family == other else 0.0 for other in families]
        rows.append([1.0, *has, 0.0, 0.0, 0.0, *solver])
        values.append(point.memory["weights"])
        rows.append([1.0, 0.0, 0.0, 0.0, *has, *solver])
        values.append(point.memory["h"])
    process, *factors = least_squares(rows, values)
    names = ("synapse", "neuron", "ghost")
    return {"process": process, "weights": dict(zip(names, factors[:3])), "costs_alone": dict(zip(names, factors[3:6])),
            "solver": {"random": 0.0, **dict(zip(families, factors[6:]))}}


def fit_families(points, layouts, paces, solver):
    """What a solve takes beside the passes that the model predicts; set-up for each synapse."""
    families = {}
    for kind in sorted({told["family"] for told in layouts.values()}):
        of_kind = [(of, point) for of, point in points.items() if layouts[of]["family"] == kind]
        most = [layouts[of]["layout"]["synapses"] * layouts[of]["layout"]["nnz_max_over_mean"] for of, _ in of_kind]
        rows = [[layouts[of]["pass"]["total"], layouts[of]["layout"]["neurons"], synapses]
                for (of, _), synapses in zip(of_kind, most)]
        solves = [point.solve for _, point in of_kind]
        factors = robust_fit(rows, solves, solves)
        setup = statistics.median(point.setup / synapses for (_, point), synapses in zip(of_kind, most))
        families[kind] = {"pace": paces[kind], **dict(zip(("passes", "neuron", "synapse"), factors)), "setup": setup,
                          "solver": solver[kind]}
    return families


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def fit(given, plan):
    runs = read_runs(given.runs)
    points = measured(runs, plan["fit"])
    layouts = predicted(given, points)
    about = next(iter(points.values())).machine
    machine = {
        "measured_on": f"{about['cores']} cores of {about['processor']}, ranks 1 and 2 of one host{given.note}",
        "cores": about["cores"],
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "cache": cache_of_core(),
        **limits_of(points),
        "collectives": statistics.median(run["told"]["collectives"] for run in runs if run["kind"] == "sums"),
    }
    machine["pass"], paces = fit_pass(points, layouts, machine)
    memory = fit_memory(points, layouts)
    solver = memory.pop("solver")
    machine |= memory
    machine["families"] = {kind: {"pace": pace, **dict.fromkeys(("passes", "neuron", "synapse", "setup", "solver"), 0.0)}
                           for kind, pace in paces.items()}
    write(given.machine, machine)  # the program tells the passes that solves are counted in
    layouts = predicted(given, points, given.machine)
    machine["families"] = fit_families(points, layouts, paces, solver)
    write(given.machine, machine)


def write(path, machine):
    path.write_text(json.dumps(rounded(machine), indent=2) + "\n", encoding="utf-8")


# ---- check


def errors_of(point, told):
    """Predicted and measured, by what is predicted."""
    return {
        "pass": (told["pass"]["total"], point.run_pass),
        "solve": (told["solve"], point.solve),
        "set-up and solve": (told["total"], point.setup + point.solve),
        "memory": (told["memory"]["rank"], point.memory["weights"]),
        "memory, --write h": (told["memory_costs_alone"]["rank"], point.memory["h"]),
    }


def text_of(what, value):
    return f"{value / 2**20:8.1f} MiB" if what.startswith("memory") else f"{1e3 * value:8.3g} ms"


def check(given, plan):
    points = measured(read_runs(given.runs), plan["held_out"])
    told = predicted(given, points, given.machine)
    found = {}
    for (network, ranks), point in points.items():
        for what, (ours, theirs) in errors_of(point, told[network, ranks]).items():
            found.setdefault(what, []).append((ours / theirs - 1, network, ranks, ours, theirs))
    for what, errors in found.items():
        print(f"{what}: predicted and measured, {len(errors)} configurations that no figure was fitted to")
        for error, network, ranks, ours, theirs in errors:
            print(f"  {network:44} {ranks} {text_of(what, ours)} {text_of(what, theirs)} {100 * error:+7.1f} %")
    print("error        median   worst")
    for what, errors in found.items():
        worst = max(errors, key=lambda row: abs(row[0]))
        median = statistics.median(abs(row[0]) for row in errors)
        print(f"{what:18} {100 * median:5.1f} %  {100 * worst[0]:+.0f} % ({worst[1]} on {worst[2]})")


def main():
    given = arguments()
    if given.step == "fit" and not given.machine:
        sys.exit("performance_model.py: fit writes parameters: say where with --machine FILE.json")
    plan = tomllib.loads(given.plan.read_text(encoding="utf-8"))
    {"measure": measure, "fit": fit, "check": check}[given.step](given, plan)


main()
