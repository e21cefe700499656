"""Networks whose costs have factors, exponents, ties or several powers, and their minima by scipy's dense minimiser.

make          writes the networks, factors and labels into the present folder
check NAME F  compares the h of result F with the minimum of network NAME, over what is free to move
"""

import sys

import h5py
import numpy as np
import scipy.optimize
import scipy.sparse.csgraph

N = 12


class Case:
    """A dense network with all that its cost has: J, alpha, gain, exponent k, pinned, group, (weight, power) terms."""

    def __init__(self, seed, n=N, density=0.5):
        r = np.random.default_rng(seed)
        self.n = n
        self.J = np.where(r.random((n, n)) < density, r.lognormal(0, 1, (n, n)) * r.choice([-1, 1], (n, n)), 0)
        for i in range(n):  # a ring, so that the network hangs together
            self.J[(i + 1) % n, i] = 1 + r.random()
        self.random = r
        self.alpha = np.ones((n, n))
        self.gain = np.ones(n)
        self.k = np.ones(n)
        self.pinned = np.zeros(n, bool)
        self.group = np.full(n, -1)
        self.terms = [(1.0, 2.0)]

    def edges(self):
        """Places that cost something and can change: groups as one neuron, all pinned ones as one."""
        leader = np.arange(self.n)
        for label in set(self.group) - {-1}:
            who = np.flatnonzero((self.group == label) & ~self.pinned)
            leader[who] = who[:1]
        if self.pinned.any():
            leader[self.pinned] = np.flatnonzero(self.pinned)[0]
        C = (self.J != 0) & (self.alpha > 0) & (self.gain > 0)[None, :]
        G = np.zeros((self.n, self.n), bool)
        for i, j in zip(*np.nonzero(C)):
            G[leader[i], leader[j]] = True
        _, label = scipy.sparse.csgraph.connected_components(G, connection="strong")
        component = label[leader]
        keep = C & (component[:, None] == component[None, :])
        inside = leader[:, None] == leader[None, :]
        keep &= ~inside | ((self.k != 1) & ~self.pinned)[None, :]
        alone = np.array([np.sum(label[np.unique(leader)] == c) == 1 for c in component])
        keep &= ~alone[:, None]
        return keep, leader, component, alone

    def minimum(self):
        keep, leader, component, alone = self.edges()
        free = np.unique(leader[~self.pinned & ~alone])
        place = {g: m for m, g in enumerate(free)}
        members = [np.flatnonzero(leader == g) for g in free]

        def spread(x):
            h = np.zeros(self.n)
            for m, who in enumerate(members):
                h[who] = x[m]
            return h

        def cost(x):
            h = spread(x)
            total, gradient = 0.0, np.zeros(self.n)
            for weight, p in self.terms:
                factor = self.alpha * self.gain[None, :] ** 2
                c = np.where(keep, weight * factor * np.abs(self.J) ** p, 0)
                c = c * np.exp(p * (self.k * h)[None, :] - p * h[:, None])
                total += c.sum()
                gradient += p * (self.k * c.sum(axis=0) - c.sum(axis=1))
            return total, np.array([gradient[who].sum() for who in members])

        found = scipy.optimize.minimize(cost, np.zeros(len(free)), jac=True, method="BFGS", options={"gtol": 1e-11})
        x = found.x  # a few exact Newton steps, by differences of the gradient
        for _ in range(4):
            H = np.array([(cost(x + 1e-5 * e)[1] - cost(x - 1e-5 * e)[1]) / 2e-5 for e in np.eye(len(x))])
            x = x - np.linalg.lstsq(H, cost(x)[1], rcond=1e-9)[0]
        h = spread(x)
        for c in set(component):
            who = component == c
            if not self.pinned[who].any():
                h[who] -= h[who].mean()
        return h, cost(x)[0], cost(np.zeros(len(free)))[0]

    def write(self, name):
        rows, columns = np.nonzero(self.J)
        with h5py.File(name, "w") as f:
            w = f.create_group("weights")
            w.attrs["encoding-type"], w.attrs["encoding-version"] = "csr_matrix", "0.1.0"
            w.attrs["shape"] = np.array([self.n, self.n])
            w["data"], w["indices"] = self.J[rows, columns], columns
            w["indptr"] = np.concatenate([[0], np.cumsum((self.J != 0).sum(axis=1))])
            if self.pinned.any():
                f["pinned"] = self.pinned.astype(np.uint8)


def case(name):
    if name == "gain":
        c = Case(1)
        c.gain = np.where(np.arange(N) % 4 == 1, 0, 0.5 + c.random.random(N))
    elif name == "alpha":
        c = Case(2)
        c.alpha = np.where(c.random.random((N, N)) < 0.3, 0, c.random.random((N, N)) * 3)
    elif name == "exponent":  # self-loops whose cost changes with h
        c = Case(3, n=8, density=1)
        c.pinned[0] = True
        c.k = np.full(8, 2.0)
    elif name == "exponents":
        c = Case(4, n=9, density=0.8)
        c.pinned[:2] = True
        c.k = np.array([1, 1, 2, 0.5, 3, 1, 0.7, 2, 1.0])
        c.gain = 0.5 + c.random.random(9)
    elif name == "tie":
        c = Case(5)
        c.group = np.array([0, 0, 0, 1, 1, -1, -1, 7, 7, 7, -1, 7])
    elif name == "tie_pinned":
        c = Case(6)
        c.pinned[[0, 5]] = True
        c.group = np.array([3, 3, 3, 1, 1, 1, -1, 2, 2, -1, -1, 2])
        c.gain = np.where(np.arange(N) == 4, 0, 0.5 + c.random.random(N))
    elif name == "tie_exponent":  # synapses inside a group are its self-loop
        c = Case(7)
        c.pinned[[0]] = True
        c.group = np.array([-1, 1, 1, 1, 2, 2, -1, 3, 3, 3, -1, 3])
        c.k = np.where(np.isin(c.group, [1, 3]), 2.0, 1.0)
    elif name == "mixed":
        c = Case(8)
        c.terms = [(1.0, 2.0), (0.7, 1.0)]
    elif name == "subset":
        c = Case(9)
        c.movable = np.array([1, 2, 3, 6, 9])
        c.pinned[:] = True
        c.pinned[c.movable] = False
    else:
        c = Case(10)
    return c


NAMES = ["gain", "alpha", "exponent", "exponents", "tie", "tie_pinned", "tie_exponent", "mixed", "subset", "greedy"]


def make():
    for name in NAMES:
        c = case(name)
        if name == "subset":
            np.savetxt("subset.ids", c.movable, fmt="%d")
            c.pinned[:] = False
        c.write(f"{name}.h5")
        np.savetxt(f"{name}.gain", c.gain)
        np.savetxt(f"{name}.alpha", c.alpha[np.nonzero(c.J)])
        np.savetxt(f"{name}.exponent", c.k)
        np.savetxt(f"{name}.tie", c.group, fmt="%d")
    with h5py.File("native.h5", "w") as f:  # the same as alpha.h5, with its factors inside
        c = case("alpha")
        with h5py.File("alpha.h5") as plain:
            plain.copy("weights", f)
        f["alpha"] = c.alpha[np.nonzero(c.J)]


def check(name, path):
    c = case(name)
    h, cost, before = c.minimum()
    with h5py.File(path) as f:
        found = f["h"][:]
        if "weights" in f:
            w = f["weights"]
            row = np.repeat(np.arange(c.n), np.diff(w["indptr"][:]))
            column = w["indices"][:]
            wanted = c.J[row, column] * np.exp(c.k[column] * found[column] - found[row])
            assert np.allclose(w["data"][:], wanted, rtol=1e-12, atol=0), "weights are not those of h"
    off = np.abs(found - h).max()
    print(f"{name}: h off by {off:.1e}, cost {before:.6g} -> {cost:.6g}, largest |h| {np.abs(h).max():.3g}")
    assert np.abs(h).max() > 1e-3 and cost < 0.999 * before, "nothing to balance"
    assert off < 2e-7, (found, h)


if sys.argv[1] == "make":
    make()
else:
    check(sys.argv[2], sys.argv[3])
