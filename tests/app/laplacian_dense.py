#!/usr/bin/env python3
"""Compares what `synbal laplacian` and `synbal resistance` wrote with dense linear algebra, to 1e-9 relative.

laplacian_dense.py NETWORK.mtx[.gz] [--h RESULT.h5] [--pinned ID,...] [--conductances] CHECK=FILE...
Checks: solve=OUT.h5:RHS.h5, imbalance=OUT.h5, diagonal=OUT.h5, modes=OUT.h5, normalised=OUT.h5, heat=OUT.h5, all=OUT.h5,
synapses=OUT.h5, estimate=OUT.h5, from=OUT.h5:ID, pairs=OUT.h5. Exits 0 when all hold.
"""
import sys

import h5py
import numpy as np
import scipy.io
import scipy.linalg
import scipy.sparse
import scipy.sparse.csgraph

TOLERANCE = 1e-9


class Reference:
    """The graph as its definition says: w_ij = c_ij + c_ji of edges inside strongly connected components."""

    def __init__(self, path, h, pinned, conductances):
        self.entries = scipy.sparse.coo_matrix(scipy.io.mmread(path))
        weights = self.entries.toarray()
        self.n = n = len(weights)
        np.fill_diagonal(weights, 0)
        costs = weights if conductances else np.abs(weights * np.exp(h[None, :] - h[:, None])) ** 2
        self.cost = costs.copy()
        self.pinned = np.zeros(n, bool)
        self.pinned[pinned] = True
        label = self.strong_labels(costs)
        costs = costs * (label[:, None] == label[None, :])
        w = (costs + costs.T) / (2 if conductances else 1)
        free = np.flatnonzero(~self.pinned)
        size = np.bincount(label, minlength=n + 1)
        self.nodes = free if conductances else free[size[label[free]] > 1]
        inside = w[np.ix_(self.nodes, self.nodes)]
        self.ground = w[np.ix_(self.nodes, self.pinned)].sum(1)
        self.w = inside
        self.degree = inside.sum(1) + self.ground
        self.laplacian = np.diag(self.degree) - inside
        self.full_w = w
        count, self.part = scipy.sparse.csgraph.connected_components(inside, directed=False)
        self.grounded = np.array([np.any(self.ground[self.part == k] > 0) for k in range(count)], bool)
        self.pseudoinverse = self.invert(count)

    def strong_labels(self, costs):
        """Pinned neurons are joined with each other."""
        joined = (costs > 0).astype(float)
        joined[np.ix_(self.pinned, self.pinned)] = 1
        return scipy.sparse.csgraph.connected_components(scipy.sparse.csr_matrix(joined), connection="strong")[1]

    def invert(self, count):
        inverse = np.zeros_like(self.laplacian)
        for k in range(count):
            block = np.ix_(self.part == k, self.part == k)
            l = self.laplacian[block]
            if self.grounded[k]:
                inverse[block] = np.linalg.inv(l)
            elif len(l) > 1:
                shift = np.full_like(l, l.diagonal().mean() / len(l))
                x = np.linalg.inv(l + shift)
                x -= x.mean(0)[None, :]
                x -= x.mean(1)[:, None]
                inverse[block] = (x + x.T) / 2
        return inverse

    def resistances(self):
        """Of all neurons, infinite where nothing joins them; all pinned neurons are one place."""
        r = np.full((self.n, self.n), np.inf)
        d = self.pseudoinverse.diagonal()
        inside = d[:, None] + d[None, :] - 2 * self.pseudoinverse
        inside[self.part[:, None] != self.part[None, :]] = np.inf
        r[np.ix_(self.nodes, self.nodes)] = inside
        to_ground = np.where(self.grounded[self.part], d, np.inf) if len(d) else d
        for p in np.flatnonzero(self.pinned):
            r[p, self.nodes] = r[self.nodes, p] = to_ground
        r[np.ix_(self.pinned, self.pinned)] = 0
        np.fill_diagonal(r, 0)
        return r

    def spread(self, values):
        full = np.zeros((self.n,) + values.shape[1:])
        full[self.nodes] = values
        return full

    def projected(self, b):
        b = b[self.nodes].copy()
        for k in range(len(self.grounded)):
            if not self.grounded[k]:
                b[self.part == k] -= b[self.part == k].mean(0)
        return b


def off(found, wanted):
    """The largest error, relative to the largest finite value; infinities must agree."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    if found.shape != wanted.shape or np.any(np.isinf(found) != np.isinf(wanted)):
        return np.inf
    finite = np.isfinite(wanted)
    scale = np.max(np.abs(wanted[finite]), initial=0)
    return np.max(np.abs(found[finite] - wanted[finite]), initial=0) / (scale if scale > 0 else 1)


def off_each(found, wanted):
    """The largest error relative to each value itself."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    if found.shape != wanted.shape or np.any(np.isinf(found) != np.isinf(wanted)):
        return np.inf
    some = np.isfinite(wanted) & (wanted != 0)
    rest = np.isfinite(wanted) & (wanted == 0)
    if np.any(found[rest] != 0):
        return np.inf
    return np.max(np.abs(found[some] / wanted[some] - 1), initial=0)


def check_solve(ref, words):
    out, rhs = words.split(":")
    b = h5py.File(rhs)["b"][:]
    x = h5py.File(out)["x"][:]
    return off(x, ref.spread(ref.pseudoinverse @ b[ref.nodes]))


def check_imbalance(ref, words):
    """x = L^+ g for g = in - out of the costs inside components."""
    c = ref.cost * (ref.full_w > 0)
    g = (c.sum(1) - c.sum(0))[ref.nodes]
    return off(h5py.File(words)["x"][:], ref.spread(ref.pseudoinverse @ g))


def check_diagonal(ref, words):
    return off_each(h5py.File(words)["diagonal"][:], ref.spread(ref.pseudoinverse.diagonal()))


def check_modes(ref, words, normalised=False):
    f = h5py.File(words)
    value, vector = f["value"][:], f["vector"][:][ref.nodes]
    metric = np.diag(ref.degree) if normalised else np.eye(len(ref.nodes))
    nullity = int(np.sum(~ref.grounded))
    few = [nullity, nullity + len(value) - 1]
    wanted = scipy.linalg.eigh(ref.laplacian, metric if normalised else None, eigvals_only=True, subset_by_index=few)
    residual = np.abs(ref.laplacian @ vector - metric @ vector * value).max() / ref.degree.max()
    orthogonal = np.abs(vector.T @ metric @ vector - np.eye(len(value))).max()
    return max(off_each(value, wanted), residual * 0.1, orthogonal * 0.1)


def check_heat(ref, words):
    f = h5py.File(words)
    time, u = f["time"][:], f["u"][:]
    c = ref.cost * (ref.full_w > 0)
    g = (c.sum(1) - c.sum(0))[ref.nodes]
    value, vector = np.linalg.eigh(ref.laplacian)
    wanted = [vector @ (np.exp(-2 * value * t) * (vector.T @ g)) for t in time]
    return off(u, ref.spread(np.array(wanted).T))


def check_all(ref, words):
    return off_each(h5py.File(words)["resistance"][:], ref.resistances())


def synapse_places(f):
    return f["postsynaptic"][:], f["presynaptic"][:]


def check_synapses(ref, words, resistance_tolerance=TOLERANCE):
    f = h5py.File(words)
    i, j = synapse_places(f)
    e = ref.entries
    if sorted(zip(i, j)) != sorted((a, b) for a, b in zip(e.row, e.col) if a != b):
        return np.inf
    wanted = np.where(ref.full_w[i, j] > 0, ref.resistances()[i, j], np.inf)
    conductance = ref.full_w[i, j].copy()
    for pin, other in ((i, j), (j, i)):  # to ground: all pinned neurons together
        to_ground = ref.pinned[pin] & ~ref.pinned[other] & (conductance > 0)
        conductance[to_ground] = ref.spread(ref.ground)[other[to_ground]]
    both = ref.pinned[i] & ref.pinned[j]
    wanted[both], conductance[both] = 0, 0
    worst = max(off_each(f["conductance"][:], conductance), off_each(f["cost"][:], ref.cost[i, j]))
    r = f["resistance"][:]
    leverage = conductance * np.where(np.isinf(wanted), 0, wanted)
    if resistance_tolerance == TOLERANCE:
        return max(worst, off_each(r, wanted), off(f["leverage"][:], leverage))
    if np.any(np.isinf(r) != np.isinf(wanted)):
        return np.inf
    some = np.isfinite(wanted) & (wanted > 0)
    mean = np.mean(np.abs(r[some] / wanted[some] - 1))
    print("  mean error of the estimates: %.3g" % mean)
    return max(worst, mean * TOLERANCE / resistance_tolerance)


def check_from(ref, words):
    out, name = words.split(":")
    return off_each(h5py.File(out)["resistance"][:], ref.resistances()[int(name)])


def check_pairs(ref, words):
    f = h5py.File(words)
    i, j = synapse_places(f)
    wanted = ref.resistances()[i, j]
    slack = 1e-11 * np.where(np.isinf(wanted), 0, wanted)  # of the dense inverse
    if not np.all((f["lower"][:] <= wanted + slack) & (wanted - slack <= f["upper"][:])):
        return np.inf
    return off_each(f["resistance"][:], wanted)


CHECKS = {
    "solve": check_solve,
    "imbalance": check_imbalance,
    "diagonal": check_diagonal,
    "modes": check_modes,
    "normalised": lambda ref, words: check_modes(ref, words, True),
    "heat": check_heat,
    "all": check_all,
    "synapses": check_synapses,
    "estimate": lambda ref, words: check_synapses(ref, words, 0.05),
    "from": check_from,
    "pairs": check_pairs,
}


def main(words):
    network, options, checks = words[0], {}, []
    rest = iter(words[1:])
    for word in rest:
        if word == "--conductances":
            options[word] = True
        elif word.startswith("--"):
            options[word] = next(rest)
        else:
            checks.append(word.split("=", 1))
    n = scipy.io.mminfo(network)[0]
    h = h5py.File(options["--h"])["h"][:] if "--h" in options else np.zeros(n)
    pinned = [int(w) for w in options.get("--pinned", "").split(",") if w]
    ref = Reference(network, h, pinned, "--conductances" in options)
    failed = False
    for name, files in checks:
        error = CHECKS[name](ref, files)
        failed = failed or not error <= TOLERANCE
        print("%-10s %.2e%s" % (name, error, "" if error <= TOLERANCE else "  FAILED"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
