#!/usr/bin/env python3
"""Steps of a network by synbal and products by scipy.sparse with a block of the same size, same machine, same run.

    python3 benchmarks/simulate_peers.py build/bin/benchmark_simulate [--nodes N] [--degree K] [--columns M] [--ranks P]

Prints what the program says, and seconds and synapse updates a second of scipy's csr_matrix @ block.
"""
import argparse
import json
import statistics
import subprocess
import time

import numpy
import scipy.sparse


def by_scipy(nodes, degree, columns, repeats):
    """Median seconds of J @ x, J with `degree` entries at random places in every row."""
    rng = numpy.random.default_rng(1)
    indices = rng.integers(0, nodes, nodes * degree, dtype=numpy.int32)
    starts = numpy.arange(0, nodes * degree + 1, degree, dtype=numpy.int32)
    matrix = scipy.sparse.csr_matrix((rng.random(nodes * degree), indices, starts), (nodes, nodes))
    matrix.sort_indices()
    block = rng.random((nodes, columns))
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        matrix @ block
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--degree", type=int, default=20)
    parser.add_argument("--columns", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--ranks", type=int, default=1)
    o = parser.parse_args()
    words = [o.program] + [w for k in ("nodes", "degree", "columns", "repeats") for w in (f"--{k}", str(getattr(o, k)))]
    if o.ranks > 1:
        words = ["mpirun", "-n", str(o.ranks)] + words
    told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    seconds = by_scipy(o.nodes, o.degree, o.columns, o.repeats)
    told["scipy_seconds_per_product"] = seconds
    told["scipy_updates_per_second"] = o.nodes * o.degree * o.columns / seconds
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
