"""Whether lines of synbal-benchmark have all that they promise: benchmark_lines.py SUBJECT RANKS FILE [PEERS]."""
import json
import math
import sys

SPREAD = ("min", "quartile_1", "median", "quartile_3", "max")
PER_RANK = ("messages", "bytes", "collectives", "share_in_mpi", "peak_memory")
MACHINE = ("host", "system", "processor", "hardware_threads", "memory", "load_at_start", "times_say", "version", "git",
           "libraries", "when")
GRAPHS = ("laplacian", "modes", "resistance")


def refuse(word):
    raise ValueError(f"{word} is no JSON")


def check_spread(seconds):
    values = [seconds[name] for name in SPREAD]
    assert values == sorted(values) and values[0] > 0, seconds
    assert seconds["runs"] == 2, seconds


def check_ranks(per_rank, ranks):
    for name in PER_RANK:
        one = per_rank[name]
        assert 0 <= one["least"] <= one["mean"] * (1 + 1e-12) and one["mean"] <= one["most"] * (1 + 1e-12), (name, one)
    assert per_rank["share_in_mpi"]["most"] <= 1, per_rank
    assert per_rank["peak_memory"]["least"] > 1e6, per_rank
    if ranks == 1:
        assert per_rank["messages"]["most"] == 0, per_rank


def check_network(network, subject, ranks):
    kinds = ("nodes", "edges", "edges_max_over_mean") if subject in GRAPHS else ("neurons", "synapses", "synapses_max_over_mean")
    assert all(network[name] >= 1 for name in kinds), network
    assert network[kinds[2]] <= ranks, network
    assert (network["ghost_fraction"] > 0) == (ranks > 1), network


def check_limits(limits, ranks):
    assert limits["array_bytes"] == 4194304, limits
    assert limits["read_bytes_per_second"] > 0 and limits["triad_bytes_per_second"] > 0, limits
    assert limits["operations_per_second"] > 1e6, limits
    for name in ("latency_seconds", "link_bytes_per_second"):
        assert limits[name] is None if ranks == 1 else limits[name] > 0, limits


PARTS = {"kernel": {"pass"}, "solve": {"pass"}, "simulate": {"simulate"}, "laplacian": {"laplacian"}, "stochastic": {"visits", "sweep"}}


def check_parts(line, subject):
    """What the last run was made of adds up to that run."""
    parts, seconds = line["parts"], line["seconds"]
    assert all(value >= 0 for value in parts.values()) and "rest" in parts, parts
    whole = sum(parts.values())
    assert seconds["min"] * 0.99 <= whole <= seconds["max"] * 1.01, (parts, seconds)
    if not line["peer"] and subject in PARTS:
        assert PARTS[subject] & parts.keys(), (subject, parts)


def check_blocks(lines):
    """Ghosts grow with the ranks, none on one; what was expected is what was counted, within a tenth."""
    assert [line["ranks"] for line in lines] == [2**k for k in range(len(lines))] and len(lines) > 4, lines
    for line in lines:
        counted, expected = line["counted"], line["expected"]
        assert (counted["ghosts"] > 0) == (line["ranks"] > 1), line
        assert abs(counted["ghosts"] - expected["ghosts"]) <= 0.1 * counted["ghosts"], line
        assert counted["synapses"] * line["ranks"] == line["network"]["synapses"], line


def check(line, subject, ranks):
    assert line["benchmark"] == subject, line
    check_spread(line["seconds"])
    assert line["phases"]
    for phase in line["phases"].values():
        assert phase["runs"] == 2 and phase["median"] >= 0, phase
    whole = sum(phase["max"] for phase in line["phases"].values())
    assert line["seconds"]["max"] <= whole * (1 + 1e-12), (line["seconds"], line["phases"])
    check_parts(line, subject)
    check_ranks(line["per_rank"], ranks)
    check_network(line["network"], subject, ranks)
    check_limits(line["limits"], ranks)
    assert line["machine"]["ranks"] == ranks and all(line["machine"][name] for name in MACHINE if name != "load_at_start")
    verdict = line["correct"]
    assert verdict["check"] and math.isfinite(verdict["value"]) and verdict["value"] <= verdict["limit"], verdict


def main(subject, ranks, file, peers=""):
    with open(file, encoding="utf-8") as text:
        lines = [json.loads(line, parse_constant=refuse) for line in text]
    if subject == "blocks":
        return check_blocks(lines)
    for line in lines:
        check(line, subject, int(ranks))
    assert any(not line["peer"] for line in lines), "none of ours"
    told = [line["contender"] for line in lines if line["peer"]]
    for peer in filter(None, peers.split(";")):
        assert any(name.startswith(peer) for name in told), (peer, told)


main(*sys.argv[1:])
