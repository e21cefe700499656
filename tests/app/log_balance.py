"""Balance neuron by neuron in logarithms, whatever doubles can hold: log_balance.py NET.mtx[.gz] RESULT.h5 prints the
largest |log in - log out| over neurons and exits with 0 when it is at most 1e-8. Synapses between components and
self-loops are left out; costs have p = 2."""
import sys

import h5py
import numpy as np
import scipy.io
import scipy.sparse.csgraph

network = scipy.io.mmread(sys.argv[1]).tocoo()
with h5py.File(sys.argv[2]) as file:
    h = file["h"][:]
label = scipy.sparse.csgraph.connected_components(network, connection="strong")[1]
post, pre, weight = network.row, network.col, np.abs(network.data)
keep = (post != pre) & (label[post] == label[pre]) & (weight > 0)
post, pre = post[keep], pre[keep]
log_cost = 2 * (np.log(weight[keep]) + h[pre] - h[post])


def log_sums(at):
    sums = np.full(len(h), -np.inf)
    np.logaddexp.at(sums, at, log_cost)
    return sums


into, out = log_sums(post), log_sums(pre)
seen = np.isfinite(into)
worst = np.abs(into[seen] - out[seen]).max()
print("largest |log in - log out|:", worst)
sys.exit(0 if worst <= 1e-8 else 1)
