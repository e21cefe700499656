#!/usr/bin/env python3
"""What synbal-benchmark tells of a subject, and lines likewise of peers in Python, on the same machine after it.

    python3 benchmarks/python_peers.py build/release/bin/synbal-benchmark simulate|solve [its options] [--ranks P]

simulate: scipy's csr_matrix @ block. solve: scipy.linalg.matrix_balance (LAPACK's gebal: powers of two, until sums are within
a factor), on networks of up to 3,000 neurons. The program synbal, beside synbal-benchmark, hands the network over.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy
import scipy.linalg
import scipy.sparse

MOST_DENSE = 3000  # neurons


def quartiles(seconds):
    low, first, median, third, high = numpy.quantile(seconds, [0, 0.25, 0.5, 0.75, 1])
    return {"min": low, "quartile_1": first, "median": median, "quartile_3": third, "max": high, "runs": len(seconds)}


def timed(work, repeats):
    """Seconds after a warm-up, and the last answer."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - start)
    return seconds, answer


def by_scipy_product(matrix, line):
    """csr_matrix @ block, against one column alone."""
    columns = line["figures"]["columns"]
    block = numpy.random.default_rng(1).random((matrix.shape[0], columns))
    seconds, answer = timed(lambda: matrix @ block, line["seconds"]["runs"])
    off = numpy.linalg.norm(answer[:, 0] - matrix @ block[:, 0].copy()) / numpy.linalg.norm(answer[:, 0])
    figures = {"columns": columns, "synapse_updates_per_second": matrix.nnz * columns / numpy.median(seconds)}
    return "scipy csr_matrix @ block", seconds, ("relative error of a column", off, 1e-12), figures


def by_matrix_balance(matrix, line):
    """Costs are squares: LAPACK balances sums of |.| of the matrix that it is given."""
    if matrix.shape[0] > MOST_DENSE:
        return None
    costs = numpy.asarray(matrix.power(2).todense())
    numpy.fill_diagonal(costs, 0)
    seconds, (balanced, _) = timed(lambda: scipy.linalg.matrix_balance(costs, permute=False), line["seconds"]["runs"])
    into, out = balanced.sum(1), balanced.sum(0)
    held = (into > 0) & (out > 0)
    ratio = numpy.max(numpy.maximum(into, out)[held] / numpy.minimum(into, out)[held])
    figures = {"imbalance_left": float(numpy.abs(into - out).sum() / balanced.sum())}
    return "scipy matrix_balance (LAPACK gebal)", seconds, ("largest ratio of in to out cost, as it promises", ratio, 4), figures


PEERS = {"simulate": by_scipy_product, "solve": by_matrix_balance}


def network_of(program, name):
    """As scipy holds it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.npz")
        subprocess.run([os.path.join(os.path.dirname(program), "synbal"), "-q", "convert", name, "-o", path], check=True)
        return scipy.sparse.load_npz(path).tocsr()


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in PEERS:
        sys.exit(__doc__)
    program, subject, words = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    launch = []
    if "--ranks" in words:
        place = words.index("--ranks")
        launch = os.environ.get("MPIRUN", "mpirun").split() + ["-n", words[place + 1]]
        del words[place:place + 2]
    told = subprocess.run(launch + [program, subject] + words, stdout=subprocess.PIPE, text=True, check=False)
    print(told.stdout, end="", flush=True)
    asked = {}
    for line in map(json.loads, told.stdout.splitlines()):
        if not line["peer"]:
            asked.setdefault(line["network"]["name"], line)
    for name, line in asked.items():
        found = PEERS[subject](network_of(program, name), line)
        if found is None:
            continue
        contender, seconds, (check, value, limit), figures = found
        if not value <= limit:
            print(f"{subject}: {contender}: no figures: {check} is {value:.3g}, and at most {limit} is right", file=sys.stderr)
            continue
        print(json.dumps({"benchmark": subject, "contender": contender, "peer": True, "network": line["network"],
                          "seconds": quartiles(seconds), "figures": figures,
                          "correct": {"check": check, "value": float(value), "limit": limit},
                          "limits": line["limits"], "machine": {**line["machine"], "ranks": 1}}))
    sys.exit(told.returncode)


if __name__ == "__main__":
    main()
