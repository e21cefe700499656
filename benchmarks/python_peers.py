#!/usr/bin/env python3
"""What synbal-benchmark tells of a subject, and lines likewise of peers in Python, on the same machine after it.

    python3 benchmarks/python_peers.py build/release/bin/synbal-benchmark SUBJECT [its options] [--ranks P]

  kernel      scipy: C @ x and C.T @ y
  simulate    scipy: csr_matrix @ block
  solve       scipy.linalg.matrix_balance (LAPACK's gebal: powers of two, until norms are within a factor)
  laplacian   scipy: splu of the grounded matrix; cg with Jacobi
  modes       scipy eigsh by shift and invert; networkx fiedler_vector (one mode)
  resistance  scipy: splu, pinvh; networkx resistance_distance (of 8 edges where networkx is older than 3)

All run on one core but for what BLAS does; dense ones take networks of up to 3,000 neurons. Networks come from the program
synbal beside synbal-benchmark, graphs from `synbal-benchmark edges`. As there, a line is printed for each whose answer is right.
"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

SYSTEM_PYTHON = "/usr/bin/python3"  # the distribution's, which has its packages; another one may come first in PATH
if not all(importlib.util.find_spec(name) for name in ("numpy", "scipy")):
    if os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON) and os.access(SYSTEM_PYTHON, os.X_OK):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    sys.exit("python_peers.py: numpy and scipy are needed (Debian: apt install python3-scipy python3-networkx)")

import numpy
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg

warnings.simplefilter("ignore", FutureWarning)  # of networkx 2 about 3

MOST_DENSE = 3000     # neurons
MOST_SECONDS = 20     # after which a peer is not run again
FEW_EDGES = 8         # of a networkx that computes a pseudo-inverse for each
BALANCED = (7 / 3)**2  # gebal goes on while a factor 2 saves 5 % of a column's and a row's norm: 2 + r/2 < 0.95 (1 + r)
GRAPHS = ("laplacian", "modes", "resistance")


class Timed:
    """Seconds of a few runs of `work` after a warm-up, and the last answer."""

    def __init__(self, work, repeats):
        self.seconds = []
        for k in range(repeats + 1):
            start = time.perf_counter()
            self.answer = work()
            took = time.perf_counter() - start
            if k > 0 or took > MOST_SECONDS:
                self.seconds.append(took)
            if sum(self.seconds) > MOST_SECONDS:
                break


def off(values, truth):
    """The largest relative difference."""
    return float(numpy.max(numpy.abs(values - truth) / numpy.abs(truth)))


# ---- peers: generators of (name, Timed, (check, value, limit), figures)

def of_kernel(matrix, line, repeats):
    costs = matrix.power(2).tocsr()
    x = 1 + 1e-3 * (numpy.arange(costs.shape[0]) % 97)
    run = Timed(lambda: (costs @ x, costs.T @ (1 / x)), repeats)
    into, out = run.answer
    yield "scipy C @ x and C.T @ y", run, ("y (C x) over x (C^T y), from 1", abs((into / x).sum() / (out * x).sum() - 1), 1e-12), {}


def of_simulate(matrix, line, repeats):
    columns = line["figures"]["columns"]
    block = numpy.random.default_rng(1).random((matrix.shape[0], columns))
    run = Timed(lambda: matrix @ block, repeats)
    column = matrix @ block[:, 0].copy()
    error = numpy.linalg.norm(run.answer[:, 0] - column) / numpy.linalg.norm(column)
    figures = {"columns": columns, "synapse_updates_per_second": matrix.nnz * columns / numpy.median(run.seconds)}
    yield "scipy csr_matrix @ block", run, ("relative error of a column", error, 1e-12), figures


def of_solve(matrix, line, repeats):
    if matrix.shape[0] > MOST_DENSE:
        return
    weights = numpy.abs(numpy.asarray(matrix.todense()))
    numpy.fill_diagonal(weights, 0)
    run = Timed(lambda: scipy.linalg.matrix_balance(weights, permute=False)[0], repeats)
    into, out = (run.answer**2).sum(1), (run.answer**2).sum(0)
    held = (into > 0) & (out > 0)
    ratio = numpy.max(numpy.maximum(into, out)[held] / numpy.minimum(into, out)[held])
    figures = {"imbalance_left": float(numpy.abs(into - out).sum() / into.sum())}
    yield "scipy matrix_balance (LAPACK gebal)", run, ("largest ratio of in to out cost, as it promises", ratio, BALANCED), figures


def of_laplacian(graph, line, repeats):
    matrix, limit = graph.laplacian().tocsc(), line["correct"]["limit"]
    b = numpy.random.default_rng(12).standard_normal(graph.nodes)
    b -= b.mean()

    def by_factors():
        return numpy.r_[scipy.sparse.linalg.splu(matrix[:-1, :-1]).solve(b[:-1]), 0.0]

    def by_gradients():
        jacobi = scipy.sparse.diags(1 / matrix.diagonal())
        return scipy.sparse.linalg.cg(matrix, b, tol=0.9 * limit, atol=0, M=jacobi, maxiter=20000)[0]

    for name, work in (("scipy splu, one node grounded", by_factors), ("scipy cg, jacobi", by_gradients)):
        run = Timed(work, repeats)
        yield name, run, ("true residual", numpy.linalg.norm(b - matrix @ run.answer) / numpy.linalg.norm(b), limit), {}


def of_modes(graph, line, repeats):
    matrix, limit = graph.laplacian().tocsc(), line["correct"]["limit"]
    count = len(line["figures"]["eigenvalues"])

    def residual(values, vectors):
        columns = numpy.linalg.norm(matrix @ vectors - vectors * values, axis=0)
        return float(numpy.max(columns / values / numpy.linalg.norm(vectors, axis=0)))

    def by_scipy():
        shift = -1e-3 * matrix.diagonal().mean()
        return scipy.sparse.linalg.eigsh(matrix, count + 1, sigma=shift, tol=0.1 * limit)

    run = Timed(by_scipy, repeats)
    order = numpy.argsort(run.answer[0])[1:]  # the first is the constant
    values, vectors = run.answer[0][order], run.answer[1][:, order]
    yield "scipy eigsh, shift and invert", run, ("largest true residual", residual(values, vectors), limit), {"eigenvalues": list(values)}
    if importlib.util.find_spec("networkx"):
        import networkx
        run = Timed(lambda: networkx.fiedler_vector(graph.networkx(), weight="weight", tol=0.01 * limit, seed=1), 1)
        vector = run.answer[:, None]
        value = float((run.answer @ (matrix @ run.answer)) / (run.answer @ run.answer))
        yield "networkx fiedler_vector (one mode)", run, ("true residual", residual(numpy.array([value]), vector), limit), {"eigenvalues": [value]}


def of_resistance(graph, line, repeats):
    if graph.nodes > MOST_DENSE:
        return
    matrix = graph.laplacian()

    def foster(run):  # sum of w R over the edges of a connected graph
        return abs((graph.weight * run.answer).sum() / (graph.nodes - 1) - 1)

    def of_inverse(inverse):
        diagonal = numpy.diag(inverse)
        return diagonal[graph.i] + diagonal[graph.j] - 2 * inverse[graph.i, graph.j]

    def by_factors():
        factor = scipy.sparse.linalg.splu(matrix.tocsc()[:-1, :-1])
        inverse = numpy.zeros((graph.nodes, graph.nodes))
        inverse[:-1, :-1] = factor.solve(numpy.eye(graph.nodes - 1))
        return of_inverse(inverse)

    exact = Timed(by_factors, repeats)
    yield "scipy splu, a solve for every node", exact, ("Foster's sum", foster(exact), 1e-8), {}
    run = Timed(lambda: of_inverse(scipy.linalg.pinvh(matrix.toarray())), repeats)
    yield "scipy pinvh", run, ("Foster's sum", foster(run), 1e-8), {}
    if importlib.util.find_spec("networkx"):
        import networkx
        whole = int(networkx.__version__.split(".")[0]) >= 3
        chosen = numpy.arange(len(graph.weight))[::1 if whole else max(1, len(graph.weight) // FEW_EDGES)]
        known, pairs = graph.networkx(), list(zip(graph.i[chosen].tolist(), graph.j[chosen].tolist()))

        def by_networkx():
            if not whole:
                return [networkx.resistance_distance(known, *pair, weight="weight", invert_weight=False) for pair in pairs]
            every = networkx.resistance_distance(known, weight="weight", invert_weight=False)
            return [every[i][j] for i, j in pairs]

        run = Timed(by_networkx, 1)
        error = off(numpy.array(run.answer), exact.answer[chosen])
        yield "networkx resistance_distance", run, ("largest relative difference from scipy splu", error, 1e-8), {"edges": len(pairs)}


PEERS = {"kernel": of_kernel, "simulate": of_simulate, "solve": of_solve, "laplacian": of_laplacian, "modes": of_modes,
         "resistance": of_resistance}


# ---- what they work on

class Graph:
    """Edges i, j with a conductance each, once."""

    def __init__(self, table, nodes):
        self.i, self.j, self.weight, self.nodes = table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2], nodes

    def laplacian(self):
        both = (numpy.r_[self.i, self.j], numpy.r_[self.j, self.i])
        adjacency = scipy.sparse.coo_matrix((numpy.r_[self.weight, self.weight], both), (self.nodes, self.nodes)).tocsr()
        return (scipy.sparse.diags(numpy.asarray(adjacency.sum(axis=1)).ravel()) - adjacency).tocsr()

    def networkx(self):
        import networkx
        graph = networkx.Graph()
        graph.add_nodes_from(range(self.nodes))
        graph.add_weighted_edges_from(zip(self.i.tolist(), self.j.tolist(), self.weight.tolist()))
        return graph


def graph_of(program, line):
    told = subprocess.run([program, "edges", "--network", line["network"]["name"]], stdout=subprocess.PIPE, text=True, check=True)
    return Graph(numpy.array([row.split() for row in told.stdout.splitlines()], dtype=float), line["network"]["nodes"])


def network_of(program, line):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.npz")
        synbal = os.path.join(os.path.dirname(program), "synbal")
        subprocess.run([synbal, "-q", "convert", line["network"]["name"], "-o", path], check=True)
        return scipy.sparse.load_npz(path).tocsr()


# ---- lines

def spread(seconds):
    low, first, median, third, high = numpy.quantile(seconds, [0, 0.25, 0.5, 0.75, 1])
    return {"min": low, "quartile_1": first, "median": median, "quartile_3": third, "max": high, "runs": len(seconds)}


def tell(line, contender, run, verdict, figures):
    check, value, limit = verdict
    if not value <= limit:
        print(f"{line['benchmark']}: {contender}: no figures: {check} is {value:.3g}, and at most {limit:.3g} is right", file=sys.stderr)
        return
    print(json.dumps({"benchmark": line["benchmark"], "contender": contender, "peer": True, "network": line["network"],
                      "seconds": spread(run.seconds), "figures": figures,
                      "correct": {"check": check, "value": float(value), "limit": limit},
                      "limits": line["limits"], "machine": {**line["machine"], "ranks": 1}}), flush=True)


def launcher(words):
    """Takes --ranks P out of the words. @return what stands before the program."""
    if "--ranks" not in words:
        return []
    place = words.index("--ranks")
    ranks = words[place + 1]
    del words[place:place + 2]
    return os.environ.get("MPIRUN", "mpirun").split() + ["-n", ranks]


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in PEERS:
        sys.exit(__doc__)
    program, subject, words = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    told = subprocess.run([*launcher(words), program, subject, *words], stdout=subprocess.PIPE, text=True, check=False)
    print(told.stdout, end="", flush=True)
    asked = {}
    for line in map(json.loads, told.stdout.splitlines()):
        if not line["peer"]:
            asked.setdefault(line["network"]["name"], line)
    for line in asked.values():
        work = (graph_of if subject in GRAPHS else network_of)(program, line)
        for contender, run, verdict, figures in PEERS[subject](work, line, line["seconds"]["runs"]):
            tell(line, contender, run, verdict, figures)
    sys.exit(told.returncode)


if __name__ == "__main__":
    main()
