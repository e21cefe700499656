#!/usr/bin/env bash
# What `info` says of chance and of relaxation: against permutations and eigenvalues by numpy, and, on published
# networks, against what another program found.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_has 'numpy, scipy' || skip "python3 with numpy and scipy, which judge"

# A modular network, so that permuting within modules is something else; self-loops and synapses between components, too.
"$python" - <<'PYTHON'
import numpy as np, scipy.io, scipy.sparse
rng = np.random.default_rng(2)
n = 60
w = (rng.random((n, n)) < 0.1) * rng.lognormal(size=(n, n)) * np.where(np.arange(n) < 30, 3, 1)[:, None]
w[:55, 55:] = 0  # neurons 55.. only listen
scipy.io.mmwrite("net.mtx", scipy.sparse.coo_matrix(w))
np.savetxt("classes", np.arange(n) // 30, fmt="%d")
PYTHON

# judge REPORT.json POWER: z of 20,000 permutations by numpy, within and without classes; the rest to rounding.
judge() {
  "$python" - "$@" <<'PYTHON'
import json, sys
import numpy as np, scipy.io, scipy.sparse.csgraph
told = json.load(open(sys.argv[1], encoding="utf-8"))
power = float(sys.argv[2])
c = np.abs(scipy.io.mmread("net.mtx").toarray()) ** power
unit = c.max()
null = told["null"]
rng = np.random.default_rng(1)
r, o = c.sum(1) / unit, c.sum(0) / unit
classes = np.arange(60) // 30 if null["classes"] == 2 else np.zeros(60, int)
def draw():
    if null["kind"] == "rows":
        p = r.copy()
        for k in set(classes):
            p[classes == k] = rng.permutation(r[classes == k])
        return np.linalg.norm(p - o)
    d = c.copy()
    for k in set(classes):
        for l in set(classes):
            where = (c > 0) & (classes[:, None] == k) & (classes[None, :] == l)
            d[where] = rng.permutation(c[where])
    return np.linalg.norm(d.sum(1) - d.sum(0)) / unit
norms = np.array([draw() for _ in range(5000)])
value = np.linalg.norm(r - o)
assert abs(null["value"] - value) <= 1e-12 * value
error = norms.std() * np.sqrt(1 / 5000 + 1 / null["draws"])
assert abs(null["mean"] - norms.mean()) <= 4 * error, (null["mean"], norms.mean(), error)
assert abs(null["sd"] / norms.std() - 1) <= 4 * np.sqrt(0.5 / 5000 + 0.5 / null["draws"]) * 1.2
assert abs(null["z"] - (null["value"] - null["mean"]) / null["sd"]) < 1e-9
# Relaxation: conductances inside components, without self-loops.
label = scipy.sparse.csgraph.connected_components(scipy.sparse.csr_matrix(c), connection="strong")[1]
inside = np.where((label[:, None] == label[None, :]) & ~np.eye(60, dtype=bool), c, 0)
g = inside.sum(1) - inside.sum(0)
laplacian = np.diag(inside.sum(1) + inside.sum(0)) - inside - inside.T
values = np.linalg.eigvalsh(laplacian)
slowest = values[values > 1e-9 * values[-1]][0]
relaxation = told["relaxation"]
assert abs(relaxation["rate"] / (power * slowest) - 1) <= 1e-6, relaxation
assert abs(relaxation["predicted_reduction"] / (g @ np.linalg.pinv(laplacian) @ g / 2) - 1) <= 1e-8, relaxation
PYTHON
}

one() {
  local power=${1%% *} options=${1#* }
  # shellcheck disable=SC2086
  expect 0 2 info ../net.mtx --power "$power" --null 5000 --relaxation --report r.json ${options//CLASSES/..\/classes}
  check "$1: well-formed" well_formed r.json
  cp ../net.mtx .
  check "$1: as numpy" judge r.json "$power"
}
share_out one "1 " "2 --seed 5" "2 --null-within CLASSES" "1 --null-kind weights" "2 --null-kind weights --null-within CLASSES"

refusals() {
  expect_refusal 2 "--null" 0 info net.mtx --null-within classes
  expect_refusal 2 "--null" 0 info net.mtx --null 0
  printf '%s\n' 1 2 3 >short
  expect_refusal 3 "60 neurons" 2 info net.mtx --null 10 --null-within short
}
refusals

# Classes may be words.
sed 's/0/left/; s/1/right/' classes >words
expect 0 0 info net.mtx --null 50 --null-within classes --report numbers.json
expect 0 2 info net.mtx --null 50 --null-within words --report words.json
check "words are classes, too" true_that 'abs(a - b) <= 1e-9' a="$(figure numbers.json null/z)" b="$(figure words.json null/z)"

# As another program found with 2,000 draws; both scatter by |z| / sqrt(2 x 2000) and 1 / sqrt(2000).
published() {
  local name=$1 power z
  for power in 1 2; do
    shift
    expect 0 0 info "$SHARED/data/$name.mtx.gz" --power "$power" --null 2000 --report r.json
    z=$(figure r.json null/z)
    check "$name: z = $z at p = $power, elsewhere $1" true_that 'abs(a - b) <= 0.15 + 0.06 * abs(b)' a="$z" b="$1"
  done
}
if [ -d "${SHARED:-}/data" ]; then
  published celegans_varshney279_signed -7.9 -1.6
  published celegans_cook2019_neurons_signed -8.7 -7.4
  published drosophila_larva -52 -36
  published flyvis_extent8 -69 -38
  published macaque_markov29_fln -2.7 -4.6
  published rnn_psychrnn50 -2.4 -3.4
fi
finish
