#!/usr/bin/env python3
"""Judges of `simulate` by numpy alone, noise included (Philox4x32-10 and Box-Muller written again here).

  simulate.py make DIR                               net.h5 (a whole network with self-loops) and drive.h5
  simulate.py is NETWORK.h5 DRIVE.h5 OUT.h5 REPORT.json PHI SEED NOISE...   OUT is what this network does
  simulate.py same OUT.h5 OTHER.h5                   states, gains to the last bit, outputs to rounding
  simulate.py costs SIMULATED.json BALANCED.json     S0 - S1 = C0 - C*
"""
import json
import sys

import h5py
import numpy as np
import scipy.sparse


def philox(counter, key):
    """Salmon et al. 2011: four words of 32 bits, ten rounds."""
    c = [np.asarray(x, dtype=np.uint64) for x in counter]
    k = [np.uint64(x) for x in key]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ k[0], b & low, (a >> np.uint64(32)) ^ c[3] ^ k[1], a & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return c


def noise(neurons, runs, step, seed):
    """[neurons, runs] standard normal numbers of a step."""
    i, pair = np.meshgrid(np.arange(neurons), np.arange((runs + 1) // 2), indexing="ij")
    index = i.astype(np.uint64) | (pair.astype(np.uint64) << np.uint64(40))
    low = np.uint64(0xFFFFFFFF)
    w = philox([index & low, index >> np.uint64(32), np.uint64(step), np.uint64(82)], [seed & 0xFFFFFFFF, seed >> 32])
    unit = [((w[k] | (w[k + 1] << np.uint64(32))) >> np.uint64(11)).astype(float) * 2.0**-53 for k in (0, 2)]
    radius, angle = np.sqrt(-2 * np.log(1 - unit[0])), 2 * np.pi * unit[1]
    both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return both.reshape(neurons, -1)[:, :runs]


PHI = {
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "leaky:0.1": (lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1)),
    "linear": (lambda x: x, np.ones_like),
    "bipu:2,0.5,-0.3": (lambda x: np.where(x > 0, 0.5, -0.3) * x * x, lambda x: np.where(x > 0, 1.0, -0.6) * x),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
}


def make(folder):
    rng = np.random.default_rng(4)
    n = 40
    w = (rng.random((n, n)) < 0.3) * rng.normal(size=(n, n)) / np.sqrt(0.3 * n) * rng.lognormal(size=(1, n)) * 0.6
    w[np.arange(n), (np.arange(n) + 1) % n] = 0.1  # a ring: strongly connected
    w = scipy.sparse.csr_matrix(w)
    with h5py.File(folder + "/net.h5", "w") as f:
        g = f.create_group("weights")
        g.attrs["encoding-type"], g.attrs["encoding-version"], g.attrs["shape"] = "csr_matrix", "0.1.0", w.shape
        g["data"], g["indices"], g["indptr"] = w.data, w.indices, w.indptr.astype(np.int64)
        f["input_weights"], f["output_weights"] = rng.normal(size=(n, 3)), rng.normal(size=(2, n))
        f["bias"], f["initial_state"] = 0.1 * rng.normal(size=n), rng.normal(size=n)
    with h5py.File(folder + "/drive.h5", "w") as f:
        f["inputs"], f["targets"] = rng.normal(size=(15, 3, 2, 3)), rng.normal(size=(15, 2, 2, 3))
        f["few"], f["bad"] = rng.normal(size=(15, 2, 2, 3)), np.full((15, 3), np.nan)
        f["short"] = rng.normal(size=(5, 2, 2, 3))
        f["flat"] = rng.normal(size=(15, 3))  # one condition, one trial


def whole(path):
    with h5py.File(path) as f:
        w = f["weights"]
        j = scipy.sparse.csr_matrix((w["data"][:], w["indices"][:], w["indptr"][:]), w.attrs["shape"]).toarray()
        return j, *(f[name][:] for name in ("input_weights", "output_weights", "bias", "initial_state"))


def run(network, u, phi, eps, seed, step=0.1, tau=1.0):
    """States [times, neurons, runs] after every step, from inputs [times, inputs, runs]."""
    j, w_in, _, b, start = network
    x = np.repeat(start[:, None], u.shape[2], axis=1)
    states = []
    for t, now in enumerate(u):
        x = x + step / tau * (-x + j @ PHI[phi][0](x) + w_in @ now + b[:, None])
        if eps:
            x = x + np.sqrt(step) * eps * noise(*x.shape, t, seed)
        states.append(x)
    return np.array(states)


def close(a, b, tolerance=1e-11):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, (a.shape, b.shape)
    off = np.max(np.abs(a - b), initial=0)
    assert off <= tolerance * max(1, np.max(np.abs(b), initial=0)), off


def check(network, drive, out, report, phi, seed, *levels):
    j, _, w_out, _, _ = net = whole(network)
    with h5py.File(drive) as f:
        u, z = (np.repeat(f[name][:].reshape(15, -1, 6), 2, axis=0) for name in ("inputs", "targets"))  # --hold 2
    with open(report, encoding="utf-8") as f:
        told = json.load(f)
    levels = [float(word) for word in levels]
    states = {eps: run(net, u, phi, eps, int(seed)) for eps in {0.0, *levels}}
    outputs = {eps: np.einsum("oi,tir->tor", w_out, PHI[phi][0](x)) for eps, x in states.items()}
    x, slope = states[levels[0]], PHI[phi][1](states[levels[0]])
    mu, square = slope.mean(axis=(0, 2)), (slope**2).mean(axis=(0, 2))
    with h5py.File(out) as f:
        close(f["time"][:], 0.1 * np.arange(1, 31))
        close(f["outputs"][:].reshape(30, 2, 6), outputs[levels[0]])
        close(f["activity"][:].reshape(30, 3, 6), x[:, [2, 7, 31]])
        assert list(f["recorded"][:]) == [2, 7, 31]
        close(f["mu"][:], mu)
        close(f["sigma"][:], np.sqrt(square))
        assert (f["gain"][:] == f["sigma"][:]).all()
    diagonal = np.diag(j)
    s = np.sum(square[None, :] * j**2) - 2 * np.sum(mu * diagonal) + len(j)
    close(told["sensitivity"]["total"], s)
    close(told["sensitivity"]["cost"], np.sum(square[None, :] * j**2) - np.sum(square * diagonal**2))
    assert told["gains"]["silent"] == np.sum(square == 0)
    for eps, level in zip(levels, told["noise"]):
        assert level["noise"] == eps
        close(level["loss"], np.mean((outputs[eps] - z) ** 2))
        close(level["deviation"], np.mean((outputs[eps] - outputs[0.0]) ** 2))


def same(out, other):
    with h5py.File(out) as a, h5py.File(other) as b:
        for name in ("time", "activity", "recorded", "mu", "sigma", "gain"):
            assert np.array_equal(a[name][:], b[name][:]), name
        close(a["outputs"][:], b["outputs"][:], 1e-13)


def costs(simulated, balanced):
    with open(simulated, encoding="utf-8") as f, open(balanced, encoding="utf-8") as g:
        against, cost = json.load(f)["against"], json.load(g)["cost"]
    saved = cost["initial"] - cost["final"]
    off = abs(against["sensitivity_difference"] - saved) / against["sensitivity"]["total"]
    assert off <= 1e-12 and saved > 0.01 * cost["initial"], (off, saved)


if __name__ == "__main__":
    {"make": make, "is": check, "same": same, "costs": costs}[sys.argv[1]](*sys.argv[2:])
