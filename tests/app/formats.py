#!/usr/bin/env python3
"""Judges of edge lists and conversions by csv, numpy, scipy and h5py.

  formats.py celegans FULL.csv MATRIX.mtx.gz    writes neurons, signs: what the published list does not say itself
  formats.py like FULL.csv MATRIX.mtx.gz NETWORK.h5   the same network, neurons called by the names that the list gives
  formats.py make DIR                           a list of named neurons, whole and in parts, and what it means
  formats.py is DIR NETWORK.h5                  the network that the list means, to the last bit
  formats.py scaled NETWORK.h5 RESULT.h5 OUT.csv  OUT is NETWORK scaled by h, name by name
"""
import csv
import gzip
import os
import re
import sys

import h5py
import numpy as np
import scipy.io
import scipy.sparse


def celegans_names(path):
    """Neurons of the Matrix Market file in its order: VD1, VD10, VD11, ... where the list has VD01, VD02."""
    with open(path, encoding="utf-8") as f:
        rows = [[field.strip() for field in row] for row in csv.reader(f)][1:]
    sources = {row[0] for row in rows if row[3] == "chemical"} - {"M5"}  # which no other neuron hears
    return sorted(sources, key=lambda name: re.sub(r"(?<=[A-Z])0(?=[0-9])", "", name))


def celegans(full, matrix):
    names = celegans_names(full)
    signed = scipy.io.mmread(matrix).tocsc()
    assert len(names) == signed.shape[0] == 297
    with open("neurons", "w", encoding="utf-8") as f:
        f.write("# neurons of the hermaphrodite\n" + "".join(name + "\n" for name in names))
    with open("signs", "w", encoding="utf-8") as f:
        f.writelines(f"{name},{'I' if signed[:, j].min() < 0 else 'E'}\n" for j, name in enumerate(names))


def read(path):
    """Names and matrix of a native file."""
    with h5py.File(path) as f:
        w = f.get("weights")
        matrix = w and scipy.sparse.csr_matrix((w["data"][:], w["indices"][:], w["indptr"][:]), w.attrs["shape"])
        names = [name.decode() for name in f["node_name"][:]] if "node_name" in f else None
        return names, matrix, f["h"][:] if "h" in f else None


def like(full, matrix, network):
    names, found, _ = read(network)
    wanted = celegans_names(full)
    assert sorted(wanted) == names, "names are in ascending order"
    place = [names.index(name) for name in wanted]
    expected = scipy.io.mmread(matrix).toarray()
    assert (found.toarray()[np.ix_(place, place)] == expected).all()


def make(folder):
    os.makedirs(folder)
    rng = np.random.default_rng(5)
    names = [f"n{k}, {'L' if k % 2 else 'R'}" for k in range(83)]
    rows = [(names[a], names[b], w) for a, b, w in
            zip(rng.integers(0, 83, 3000), rng.integers(0, 83, 3000), rng.normal(size=3000))]
    def put(path, part, opener=open):
        with opener(os.path.join(folder, path), "wt", encoding="utf-8", newline="") as f:
            out = csv.writer(f)
            out.writerow(("pre", "post", "weight"))
            out.writerows((a, b, repr(float(w))) for a, b, w in part)
    put("whole.csv", rows)
    put("whole.csv.gz", rows, gzip.open)
    for k in range(7):
        put(f"part-{k}.csv", rows[k * 3000 // 7:(k + 1) * 3000 // 7])


def meaning(folder):
    with open(os.path.join(folder, "whole.csv"), encoding="utf-8", newline="") as f:
        rows = list(csv.reader(f))[1:]
    names = sorted({row[0] for row in rows} | {row[1] for row in rows})
    number = {name: k for k, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for pre, post, weight in rows:  # duplicates are added in the order of the rows
        matrix[number[post], number[pre]] += float(weight)
    return names, matrix


def check_is(folder, network):
    names, expected = meaning(folder)
    found_names, found, _ = read(network)
    assert found_names == names and (found.toarray() == expected).all()


def scaled(network, result, out):
    names, matrix, _ = read(network)
    result_names, _, h = read(result)
    assert result_names == names
    number = {name: k for k, name in enumerate(names)}
    entries = 0
    with open(out, encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            i, j = number[row["target"]], number[row["source"]]
            if float(row["weight"]) == 0:
                continue
            assert abs(float(row["weight"]) / (matrix[i, j] * np.exp(h[j] - h[i])) - 1) < 1e-13
            entries += 1
    assert entries == matrix.nnz


{"celegans": celegans, "like": like, "make": make, "is": check_is, "scaled": scaled}[sys.argv[1]](*sys.argv[2:])
