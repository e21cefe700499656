#!/usr/bin/env python3
"""All edges' resistances by synbal, networkx and scipy on the same graphs, same machine, same run.

    python3 benchmarks/resistance_peers.py build/bin/benchmark_resistance [--graph KIND ...] [--nodes N ...]

A peer whose time at one size foretells more than --limit seconds at the next is left out there. Prints one JSON line
per graph: seconds of every program (of a peer that took only some edges, multiplied up), and the largest and mean
relative difference from synbal's exact resistances.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import networkx
import numpy
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg


def laplacian(edges, n):
    i, j, w = edges[:, 0].astype(int), edges[:, 1].astype(int), edges[:, 2]
    adjacency = scipy.sparse.coo_array((numpy.r_[w, w], (numpy.r_[i, j], numpy.r_[j, i])), (n, n)).tocsr()
    return (scipy.sparse.diags_array(adjacency.sum(axis=1)) if hasattr(scipy.sparse, "diags_array") else
            scipy.sparse.diags(numpy.asarray(adjacency.sum(axis=1)).ravel())) - adjacency


def by_networkx(edges, n):
    """All pairs at once where networkx can (3.0 and later); pair by pair before, then some edges only, NaN for the rest."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from((int(i), int(j), w) for i, j, w in edges[:, :3])
    pairs = [(int(i), int(j)) for i, j in edges[:, :2]]
    if int(networkx.__version__.split(".")[0]) >= 3:
        every = networkx.resistance_distance(graph, weight="weight", invert_weight=False)
        return numpy.array([every[i][j] for i, j in pairs])
    values = numpy.full(len(pairs), numpy.nan)
    for k in range(0, len(pairs), max(1, len(pairs) // SAMPLE)):
        values[k] = networkx.resistance_distance(graph, *pairs[k], weight="weight", invert_weight=False)
    return values


def of_inverse(inverse, edges):
    i, j = edges[:, 0].astype(int), edges[:, 1].astype(int)
    diagonal = numpy.diag(inverse)
    return diagonal[i] + diagonal[j] - 2 * inverse[i, j]


def by_pinv(edges, n):
    return of_inverse(scipy.linalg.pinvh(laplacian(edges, n).toarray()), edges)


def by_splu(edges, n):
    """Node n - 1 is grounded; one solve per other node, 256 at a time."""
    factor = scipy.sparse.linalg.splu(laplacian(edges, n).tocsc()[:-1, :-1])
    inverse = numpy.zeros((n, n))
    for first in range(0, n - 1, 256):
        columns = numpy.arange(first, min(first + 256, n - 1))
        unit = numpy.zeros((n - 1, columns.size))
        unit[columns, numpy.arange(columns.size)] = 1
        inverse[:-1, columns] = factor.solve(unit)
    return of_inverse(inverse, edges)


SAMPLE = 8
PEERS = {"networkx": by_networkx, "scipy pinvh": by_pinv, "scipy splu": by_splu}


def synbal(program, kind, nodes, folder):
    file = os.path.join(folder, "resistances.txt")
    command = [program, "--task", "export", "--graph", kind, "--small-nodes", str(nodes), "--small-edges",
               str(10 * nodes), "--export", file]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{run.stderr}")
    return json.loads(run.stdout)["export"][0], numpy.loadtxt(file)


def compare(program, kind, nodes, peers, folder):
    own, edges = synbal(program, kind, nodes, folder)
    exact = edges[:, 4]

    def difference(values):
        errors = numpy.abs(values / exact - 1)
        return {"mean": numpy.nanmean(errors), "max": numpy.nanmax(errors)}

    result = {"graph": kind, "nodes": own["nodes"], "edges": own["edges"],
              "synbal exact": own["exact"], "synbal estimate": {**own["estimate"], **difference(edges[:, 3])}}
    for name in peers:
        start, cpu = time.perf_counter(), time.process_time()
        values = PEERS[name](edges, own["nodes"])
        took, cpu, done = time.perf_counter() - start, time.process_time() - cpu, numpy.isfinite(values).mean()
        result[name] = {"seconds": took / done, "cpu_seconds": cpu / done, "took": took, **difference(values)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="benchmark_resistance")
    parser.add_argument("--graph", nargs="+", default=["random", "scale-free", "modular-3", "small-world-2"])
    parser.add_argument("--nodes", nargs="+", type=int, default=[500, 1000, 2000, 4000])
    parser.add_argument("--limit", type=float, default=60, help="seconds a peer may take")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.graph:
            peers = list(PEERS)
            for nodes in options.nodes:
                result = compare(options.program, kind, nodes, peers, folder)
                print(json.dumps(result), flush=True)
                peers = [name for name in peers if 8 * result[name]["took"] <= options.limit]


if __name__ == "__main__":
    main()
