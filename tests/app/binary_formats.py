#!/usr/bin/env python3
"""Files of the binary formats made by numpy, scipy and h5py, and what the program made of them judged by these.

binary_formats.py make DIR                      one random network in every format, whole networks, SONATA files
binary_formats.py scaled NETWORK RESULT OUT     OUT holds J_ij exp(h_j - h_i): any formats that this script reads
binary_formats.py function BUNDLE OUT           two bundles (.npz, .safetensors, native .h5) compute the same, to 1e-10
binary_formats.py balanced RESULT               with inputs, biases and outputs counted, every in-cost is the out-cost
binary_formats.py gauge RESULT                  recurrent costs are balanced, and inputs cost what outputs do
binary_formats.py sonata FILE OUT RESULT [EDGE_TYPES]
                                                OUT is FILE but for syn_weight, and each of these has its own factor
"""
import json
import os
import struct
import sys

import h5py
import numpy as np
import scipy.sparse as sp

N = 37


# ---- reading, each format by its own library


def from_group(group):
    kind = group.attrs["encoding-type"]
    kind = kind.decode() if isinstance(kind, bytes) else kind
    make = sp.csr_matrix if kind.strip() == "csr_matrix" else sp.csc_matrix
    return make((group["data"][:].astype(float), group["indices"][:].astype("i8"), group["indptr"][:].astype("i8")),
                tuple(group.attrs["shape"]))


def read_petsc(path):
    raw = open(path, "rb").read()
    kind = ">i4" if struct.unpack(">i", raw[:4])[0] == 1211216 else ">i8"
    width = int(kind[2])
    _, rows, columns, nnz = np.frombuffer(raw, kind, 4)
    lengths = np.frombuffer(raw, kind, rows, 4 * width)
    indices = np.frombuffer(raw, kind, nnz, (4 + rows) * width)
    values = np.frombuffer(raw, ">f8", nnz, (4 + rows + nnz) * width)
    return sp.csr_matrix((values.astype(float), indices.astype("i8"), np.r_[0, np.cumsum(lengths)]), (rows, columns))


def read_tensors(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    kinds = {"F64": "<f8", "F32": "<f4", "I64": "<i8"}
    return {name: np.frombuffer(raw[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]],
                                kinds[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items() if name != "__metadata__"}


def arrays_of(path):
    """Recurrent, input and output weights, bias, initial state of a bundle or a native file."""
    if path.endswith(".h5"):
        with h5py.File(path) as f:
            found = {"J": from_group(f["weights"]).toarray()}
            for key, name in (("in", "input_weights"), ("out", "output_weights"), ("b", "bias"), ("x", "initial_state")):
                if name in f:
                    found[key] = f[name][:] if isinstance(f[name], h5py.Dataset) else from_group(f[name]).toarray()
            return found
    bundle = read_tensors(path) if path.endswith(".safetensors") else dict(np.load(path, allow_pickle=True))
    if "rnn/kernel:0" in bundle:
        return {"J": bundle["rnn/recurrent_kernel:0"].T, "in": bundle["rnn/kernel:0"].T, "b": bundle["rnn/bias:0"],
                "out": bundle["dense/kernel:0"].T}
    usual = {"J": ("W_rec", "rnn.weight_hh_l0"), "in": ("W_in", "rnn.weight_ih_l0"), "out": ("W_out", "fc.weight"),
             "x": ("init_state",)}
    found = {key: next(bundle[n] for n in names if n in bundle) for key, names in usual.items()
             if any(n in bundle for n in names)}
    biases = [bundle[n] for n in ("b_rec", "rnn.bias_hh_l0", "rnn.bias_ih_l0") if n in bundle]
    if biases:
        found["b"] = sum(b.astype(float) for b in biases)
    return {key: value.astype(float) for key, value in found.items()}


def read_sonata(path, edge_types=None):
    with h5py.File(path) as f:
        edges = next(e for e in f["edges"].values()
                     if e["source_node_id"].attrs["node_population"] == e["target_node_id"].attrs["node_population"])
        weight = sonata_weights(edges, edge_types) * sonata_counts(edges)
        n = 1 + max(edges["source_node_id"][:].max(), edges["target_node_id"][:].max())
        return sp.coo_matrix((weight, (edges["target_node_id"][:], edges["source_node_id"][:])), (n, n)).tocsr()


def read(path, edge_types=None):
    if path.endswith((".petsc", ".dat")):
        return read_petsc(path)
    if path.endswith(".npz"):
        bundle = np.load(path, allow_pickle=True)
        return sp.load_npz(path).tocsr() if "format" in bundle else sp.csr_matrix(bundle["W_rec"].astype(float))
    if path.endswith(".safetensors"):
        return sp.csr_matrix(arrays_of(path)["J"])
    with h5py.File(path) as f:
        if "magic" in f.attrs:
            return read_sonata(path, edge_types)
        if path.endswith(".mat"):
            return matlab(f)
        return from_group(f["weights"]).tocsr()


def matlab(f):
    for variable in f.values():
        if isinstance(variable, h5py.Group) and "MATLAB_sparse" in variable.attrs:
            jc = variable["jc"][:].astype("i8")
            return sp.csc_matrix((variable["data"][:], variable["ir"][:].astype("i8"), jc), (len(jc) - 1,) * 2).tocsr()
    return sp.csr_matrix(f["W"][:].T)


# ---- writing


def write_group(group, matrix, kind, value="<f8", index="<i4", **storage):
    group.attrs["encoding-type"], group.attrs["encoding-version"] = kind, "0.1.0"
    group.attrs["shape"] = matrix.shape
    group.create_dataset("data", data=matrix.data.astype(value), **storage)
    group.create_dataset("indices", data=matrix.indices.astype(index), **storage)
    group.create_dataset("indptr", data=matrix.indptr.astype(index), **storage)


def write_petsc(path, matrix, index, dense=False):
    n = matrix.shape[0]
    with open(path, "wb") as f:
        np.array([1211216, n, n, -1 if dense else matrix.nnz], index).tofile(f)
        if dense:
            matrix.toarray().astype(">f8").tofile(f)
            return
        np.diff(matrix.indptr).astype(index).tofile(f)
        matrix.indices.astype(index).tofile(f)
        matrix.data.astype(">f8").tofile(f)


def write_tensors(path, arrays, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, a in arrays.items():
        raw = np.ascontiguousarray(a).tobytes()
        header[name] = {"dtype": {"float64": "F64", "float32": "F32", "int64": "I64"}[str(a.dtype)],
                        "shape": list(a.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def make_matrices(a):
    columns = a.tocsc()
    for name, matrix in (("csr", a), ("csc", columns), ("coo", a.tocoo()), ("bsr", a.tobsr((1, 1)))):
        sp.save_npz(f"{name}_packed.npz", matrix, compressed=True)
        sp.save_npz(f"{name}_stored.npz", matrix, compressed=False)
    write_petsc("narrow.petsc", a, ">i4")
    write_petsc("wide.dat", a, ">i8")
    write_petsc("dense.petsc", a, ">i4", dense=True)
    for index in ("<i2", ">i4", "<u8", ">u4", "<i8", "<u2"):
        with h5py.File(f"csr_{index[1:]}_{'big' if index[0] == '>' else 'small'}.h5", "w") as f:
            write_group(f.create_group("weights"), a, "csr_matrix", ">f8", index, chunks=(7,), compression="gzip",
                        shuffle=True)
    with h5py.File("csc.hdf5", "w") as f:
        write_group(f.create_group("obsp/connectivities"), columns, "csc_matrix")
    with h5py.File("cells.h5ad", "w") as f:
        f.attrs["encoding-type"] = "anndata"
        f["X"] = np.zeros((N, 3), "f4")
        f.create_group("obsp").attrs["encoding-type"] = "dict"
        write_group(f["obsp"].create_group("connectivities"), a, "csr_matrix")
    with h5py.File("tenx.h5", "w") as f:
        f["matrix/data"], f["matrix/indices"], f["matrix/indptr"] = columns.data, columns.indices, columns.indptr
        f["matrix/shape"], f["matrix/barcodes"] = np.array([N, N], "i4"), np.array([b"x"] * N)
    with h5py.File("dense.h5", "w") as f:
        f["weights"] = a.toarray()
    with h5py.File("old.h5ad", "w") as f:
        group = f.create_group("X")
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = "csr", a.shape
        group["data"], group["indices"], group["indptr"] = a.data, a.indices, a.indptr
    with h5py.File("sparse.mat", "w", userblock_size=512) as f:
        group = f.create_group("W")
        group.attrs["MATLAB_sparse"], group.attrs["MATLAB_class"] = np.uint64(N), np.bytes_("double")
        group["data"], group["ir"], group["jc"] = columns.data, columns.indices.astype("u8"), columns.indptr.astype("u8")
        f["k"] = np.array([[3.0]])
        f["k"].attrs["MATLAB_class"] = np.bytes_("double")
    with h5py.File("full.mat", "w", userblock_size=512) as f:
        f["W"] = a.toarray().T
        f["W"].attrs["MATLAB_class"] = np.bytes_("double")


def make_whole(a, random):
    w_in, w_out = random.normal(size=(N, 3)), random.normal(size=(2, N))
    bias, state = random.normal(size=N), random.normal(size=(1, N))
    dense = a.toarray()
    np.savez("whole.npz", W_rec=dense, W_in=w_in, W_out=w_out, b_rec=bias, init_state=state, other=np.arange(5),
             b_out=np.ones(2), activation="relu")
    np.savez_compressed("packed_whole.npz", W_rec=np.asfortranarray(dense), W_in=w_in, W_out=np.asfortranarray(w_out),
                        b_rec=bias, init_state=state, extra=np.array({"a": 1}, dtype=object))
    write_tensors("whole.safetensors",
                  {"rnn.weight_hh_l0": dense, "rnn.weight_ih_l0": w_in, "rnn.bias_hh_l0": bias,
                   "rnn.bias_ih_l0": 2 * bias, "fc.weight": w_out.astype("f4"), "fc.bias": np.ones(2), "step": np.arange(3)},
                  {"activation": "relu", "note": "kept"})
    with h5py.File("whole.h5", "w") as f:
        write_group(f.create_group("weights"), a, "csr_matrix")
        f["input_weights"], f["bias"], f["initial_state"] = w_in, bias, state[0]
        write_group(f.create_group("output_weights"), sp.csc_matrix(w_out), "csc_matrix")
    np.savez("tanh.npz", W_rec=dense, activation="tanh")
    np.savez("gru.npz", weight_hh_l0=np.vstack([dense] * 3))
    # As Keras keeps it: rows are presynaptic neurons, inputs, neurons.
    np.savez("keras.npz", **{"rnn/recurrent_kernel:0": dense.T, "rnn/kernel:0": w_in.T, "rnn/bias:0": bias,
                             "dense/kernel:0": w_out.T})


def make_sonata(a, random):
    """Two edge groups, several synapses a pair, weights partly in the table, an input and an output population."""
    pairs = a.tocoo()
    pick = np.r_[np.arange(pairs.nnz), random.integers(0, pairs.nnz, 60)]
    m = len(pick)
    group = random.integers(0, 2, m)
    row = np.zeros(m, "u4")
    for g in (0, 1):
        row[group == g] = random.permutation(int((group == g).sum()))
    kind = random.integers(100, 103, m)
    with h5py.File("sonata.h5", "w") as f:
        f.attrs["magic"], f.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], "u4")
        edges = f.create_group("edges/a_to_a")
        edges.create_dataset("source_node_id", data=pairs.col[pick].astype("u8")).attrs["node_population"] = "a"
        edges.create_dataset("target_node_id", data=pairs.row[pick].astype("u8")).attrs["node_population"] = "a"
        edges["edge_group_id"], edges["edge_group_index"], edges["edge_type_id"] = group.astype("u2"), row, kind.astype("u4")
        first = int((group == 0).sum())
        edges.create_dataset("0/syn_weight", data=random.lognormal(size=first).astype("f4"), chunks=(16,),
                             compression="gzip").attrs["unit"] = "nA"
        edges["0/nsyns"] = random.integers(1, 5, first).astype("u2")
        edges.create_group("1")["delay"] = np.ones(m - first)
        for name, source, target in (("in_to_a", "x", "a"), ("a_to_out", "a", "y")):
            other = f.create_group("edges/" + name)
            other.create_dataset("source_node_id", data=random.integers(0, N if source == "a" else 5, 80)).attrs["node_population"] = source
            other.create_dataset("target_node_id", data=random.integers(0, N if target == "a" else 5, 80)).attrs["node_population"] = target
            other["edge_group_id"], other["edge_group_index"] = np.zeros(80, "u2"), random.permutation(80)
            other["edge_type_id"], other["0/syn_weight"] = np.full(80, 100), random.normal(size=80)
        f["unrelated"] = np.arange(4)
    with open("types.csv", "w", encoding="ascii") as table:
        table.write("edge_type_id target_query syn_weight nsyns model\n")
        table.write("100 \"e == 'x y'\" 0.5 2 m\n101 * -1.25 NULL m\n102 * 2e-3 7 m\n")


def make(folder):
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    random = np.random.default_rng(11)
    a = sp.random(N, N, 0.15, random_state=5, format="csr")
    a.data = random.lognormal(size=a.nnz) * random.choice([-1, 1], a.nnz)
    ring = sp.csr_matrix((np.ones(N), (np.arange(N), (np.arange(N) + 1) % N)), (N, N))
    a = (a + 0.3 * sp.identity(N) + ring).tocsr()
    a.sort_indices()
    make_matrices(a)
    make_whole(a, random)
    make_sonata(a, random)


# ---- judging


def require(good, what):
    if not good:
        sys.exit("binary_formats: " + what)


def scaled(network, result, out):
    j, balanced = read(network), read(out)
    with h5py.File(result) as f:
        h = f["h"][:]
    j.eliminate_zeros(), balanced.eliminate_zeros()
    expected = sp.diags(np.exp(-h)) @ j @ sp.diags(np.exp(h))
    expected, balanced = expected.tocoo(), balanced.tocoo()
    require(expected.shape == balanced.shape and expected.nnz == balanced.nnz, f"{out}: other sizes than {network}")
    difference = abs(expected.tocsr() - balanced.tocsr())
    relative = (difference.multiply(abs(expected.tocsr()).power(-1.0))).max()
    require(np.abs(h).max() > 1e-3 or network.endswith(("rdb200.petsc", ".mat")), f"{result}: nothing was scaled")
    require(relative < 1e-13, f"{out} differs from the scaled {network} by {relative:.2e}")


def outputs(a, u):
    """x += (-x + J relu(x) + W_in u + b) / 4, y = W_out relu(x), over 60 steps."""
    x = np.broadcast_to(np.ravel(a["x"])[:, None] if "x" in a else np.zeros((len(a["J"]), 1)), (len(a["J"]), u.shape[2]))
    y = []
    for inputs in u:
        drive = a["in"] @ inputs + a["b"].reshape(-1, 1)
        x = x + 0.25 * (-x + a["J"] @ np.maximum(x, 0) + drive)
        x = x / 1.0
        y.append(a["out"] @ np.maximum(x, 0))
    return np.array(y)


def function(bundle, out):
    before, after = arrays_of(bundle), arrays_of(out)
    require(set(before) == set(after), f"{out}: other arrays than {bundle}: {set(before)}, {set(after)}")
    u = np.random.default_rng(2).normal(size=(60, before["in"].shape[1], 5))
    y, z = outputs(before, u), outputs(after, u)
    difference = np.abs(y - z).max() / np.abs(y).max()
    require(difference < 1e-10, f"{out}: outputs differ from those of {bundle} by {difference:.2e}")
    changed = max(np.abs(before[k] - after[k]).max() for k in before)
    require(changed > 1e-4, f"{out}: nothing was scaled")


def squares(result):
    a = arrays_of(result)
    j = a["J"] - np.diag(np.diag(a["J"]))
    ins = (a["in"] ** 2).sum(1) + np.ravel(a["b"]) ** 2
    return (j ** 2).sum(1), (j ** 2).sum(0), ins, (a["out"] ** 2).sum(0)


def balanced(result):
    row, column, ins, outs = squares(result)
    off = np.abs(row + ins - column - outs).sum() / (row + ins + outs).sum()
    require(off < 1e-9, f"{result}: {off:.2e} off balance with inputs and outputs")


def gauge(result):
    row, column, ins, outs = squares(result)
    off = np.abs(row - column).sum() / row.sum()
    require(off < 1e-9, f"{result}: {off:.2e} off balance")
    require(abs(ins.sum() / outs.sum() - 1) < 1e-9, f"{result}: inputs cost {ins.sum()}, outputs {outs.sum()}")


def sonata_table(edge_types):
    table = {}
    if edge_types:
        lines = [line.split() for line in open(edge_types, encoding="ascii")]
        for line in open(edge_types, encoding="ascii").readlines()[1:]:
            words = line.split('"')[-1].split() if '"' in line else line.split()[2:]
            table[int(line.split()[0])] = words
        require("syn_weight" in lines[0], "the table has no weights")
    return table


def of_groups(edges, name):
    """A column of every group of edges that has it."""
    return {int(g): edges[str(g)][name][:] for g in set(edges["edge_group_id"][:]) if name in edges[str(g)]}


def sonata_weights(edges, edge_types):
    table, stored = sonata_table(edge_types), of_groups(edges, "syn_weight")
    weight = np.zeros(len(edges["source_node_id"]))
    for k, (g, row, kind) in enumerate(zip(edges["edge_group_id"][:], edges["edge_group_index"][:], edges["edge_type_id"][:])):
        weight[k] = stored[g][row] if g in stored else float(table[kind][0])
    return weight


def sonata_counts(edges):
    count, stored = np.ones(len(edges["source_node_id"])), of_groups(edges, "nsyns")
    for k, (g, row) in enumerate(zip(edges["edge_group_id"][:], edges["edge_group_index"][:])):
        if g in stored:
            count[k] = stored[g][row]
    return count


def same_but_weights(old, new, path="/"):
    for name, value in old.attrs.items():
        require(np.array_equal(value, new.attrs[name]), f"{path}: attribute {name} differs")
    require(set(old.attrs) == set(new.attrs), f"{path}: other attributes")
    if isinstance(old, h5py.Dataset):
        if not path.endswith("/syn_weight"):
            require(old.dtype == new.dtype and np.array_equal(old[()], new[()]), f"{path} differs")
        return
    require(set(new) - set(old) <= {"syn_weight"} and set(old) <= set(new), f"{path}: other members")
    for name in old:
        same_but_weights(old[name], new[name], f"{path.rstrip('/')}/{name}")


def sonata(path, out, result, edge_types=None, population="a"):
    with h5py.File(path) as f, h5py.File(out) as g, h5py.File(result) as r:
        same_but_weights(f, g)
        h = r["h"][:]
        for name in f["edges"]:
            old, new = f["edges"][name], g["edges"][name]
            log = np.zeros(len(old["source_node_id"]))
            if old["target_node_id"].attrs["node_population"] == population:
                log -= h[old["target_node_id"][:]]
            if old["source_node_id"].attrs["node_population"] == population:
                log += h[old["source_node_id"][:]]
            before, after = sonata_weights(old, edge_types), sonata_weights(new, None)
            error = np.abs(after - before * np.exp(log)) / np.abs(before * np.exp(log))
            require(error.max() < 1e-13, f"{out}: weights of {name} are off by {error.max():.2e}")
            require(np.abs(log).max() > 1e-3, f"{out}: nothing was scaled in {name}")


if __name__ == "__main__":
    {"make": make, "scaled": scaled, "function": function, "balanced": balanced, "gauge": gauge, "sonata": sonata}[sys.argv[1]](*sys.argv[2:])
