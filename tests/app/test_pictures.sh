#!/usr/bin/env bash
# Pictures: results hold what they need, files that do not belong together are refused, nothing foreign is replaced.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../jobs" && pwd)
python_has 'h5py, numpy, scipy' || skip "python3 with h5py, numpy and scipy"

# Costs before and after, computed from the network and h by scipy; with gains, pins and several components.
for ((k = 1; k <= 200; k++)); do echo "1.$k"; done >gain.txt
printf '%s\n' 3 77 >pinned.txt
expect 0 0 generate kronecker --nodes 200 --degree 5 --seed 4 -o net.h5
for ranks in 1 3; do
  expect 0 $ranks balance net.h5 -o result$ranks.h5 --power 1.5 --gain gain.txt --pinned pinned.txt --write h --force
  cat >look.py <<'EOF'
import sys, h5py, numpy as np, scipy.sparse as sp
net, result = h5py.File("net.h5"), h5py.File(sys.argv[1])
w = net["weights"]
J = sp.csr_matrix((w["data"][:], w["indices"][:], w["indptr"][:]), w.attrs["shape"]).tocoo()
h, label, gain = result["h"][:], result["component"][:], np.loadtxt("gain.txt")
_, strong = sp.csgraph.connected_components(J.T, connection="strong")
pins = np.loadtxt("pinned.txt", dtype=int)
inside = (label[J.row] == label[J.col]) & (J.row != J.col) & ~(np.isin(J.row, pins) & np.isin(J.col, pins))
for suffix, x in (("_before", 0 * h), ("", h)):
    cost = gain[J.col] ** 2 * np.abs(J.data * np.exp(x[J.col] - x[J.row])) ** 1.5
    for name, place in (("in", J.row), ("out", J.col)):
        mine, theirs = np.bincount(place[inside], cost[inside], 200), result[f"{name}_cost{suffix}"][:]
        assert np.allclose(mine, theirs, rtol=1e-12, atol=1e-13 * mine.max()), (name, suffix, np.abs(mine - theirs).max())
EOF
  check "costs before and after, $ranks rank(s)" "$python" look.py result$ranks.h5
done

python_has 'matplotlib' || { echo "left out: the pictures, which need matplotlib" && finish; }

# plot CODE WORDS...: synbal-plot ends with this code; says in ./err or ./out.
plot() {
  local code=$1 got=0
  shift
  timeout -k 5 "$limit" "$python" "$jobs/synbal_plot.py" "$@" >out 2>err </dev/null || got=$?
  checks=$((checks + 1))
  [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: synbal-plot $*"
}
refused() {
  plot 3 "${@:2}"
  check "one line" test "$(wc -l <err)" -eq 1
  check "it says '$1'" grep -qF -- "$1" err
}

check "whichever python3 comes first in PATH" timeout -k 5 "$limit" python3 "$jobs/synbal_plot.py" balance result1.h5 -o other.png
plot 0 balance result1.h5 --network net.h5
check "a PNG of 300 dots an inch" "$python" -c 'import matplotlib.image as i, struct; d = open("result1.png", "rb").read()
k = d.index(b"pHYs") + 4; assert abs(struct.unpack(">I", d[k:k + 4])[0] * 0.0254 - 300) < 0.1 and i.imread("result1.png").shape == (1740, 2070, 4)'
plot 0 balance result1.h5 -o b.svg
plot 0 balance result1.h5 -o b.svg # replaces its own
expect 0 0 generate random --nodes 200 --degree 5 --seed 5 -o other.h5
refused "is a result of net.h5" balance result1.h5 --network other.h5
cp net.h5 mine.png
refused "no picture of synbal-plot's" balance result1.h5 -o mine.png
check "and it is as it was" cmp net.h5 mine.png
refused "is no result of" balance net.h5
plot 2 balanc result1.h5

# Numbers on logarithmic axes: three at least, none into another, in the narrowest panels as in wide ones.
cat >ticks.py <<'EOF'
import sys
sys.path.insert(0, sys.argv[1])
from pictures import style
for columns in (1, 2, 3):
    for low, high in ((5e-8, 2.5), (1e-13, 1e-2), (0.2, 3e3), (1e-3, 1e1), (1e-150, 1e150)):
        figure, axes = style.panels(columns, columns)
        axes[0].set(xlim=(low, high), ylim=(low, high))
        for axis in (axes[0].xaxis, axes[0].yaxis):
            style.log_axis(axis)
            figure.canvas.draw()
            boxes = [label.get_window_extent() for label, place in zip(axis.get_ticklabels(), axis.get_ticklocs())
                     if low <= place <= high and label.get_text()]
            assert len(boxes) >= 3, (columns, low, high, len(boxes))
            assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:])), (columns, low, high)
EOF
check "numbers on logarithmic axes" "$python" ticks.py "$jobs"

# Many neurons become a density. (Trajectories and resistances are drawn by the tests of these commands.)
expect 0 0 balance random:nodes=12000,degree=4,seed=1 -o many.h5 --write h
plot 0 balance many.h5
expect 0 0 generate ring --nodes 40 --seed 2 --sigma 1 -o ring.h5
expect 0 0 perturb ring.h5 --synapse 3,4 --factor 1.1 -o p.csv
plot 0 perturb p.csv
finish
