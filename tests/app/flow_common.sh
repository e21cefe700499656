# What the tests of `flow` share: a look into trajectories.
python_has 'h5py, numpy' || skip "python3 with h5py, which looks into the trajectories"

# look EXPRESSION... FILE.h5...: all expressions hold (those that do not are printed), with whole rows as x(NAME) of the
# first file, x(NAME, K) of the K-th after it.
look() {
  "$python" - "$@" <<'PYTHON'
import sys
import h5py
import numpy as np
files = [h5py.File(word, "r") for word in sys.argv[1:] if word.endswith(".h5")]
rows = [int(f["rows"][0]) if "rows" in f else None for f in files]
def x(name, k=0):
    return files[k][name][: rows[k]]
def falls(c):
    return np.all(c[1:] <= np.minimum.accumulate(c)[:-1] * (1 + 1e-13))
def off(a, b):
    return np.max(np.abs(a - b), initial=0)
wrong = [word for word in sys.argv[1:] if not word.endswith(".h5") and not bool(eval("(" + word + ")"))]
print(*wrong, sep="\n", file=sys.stderr, end="")
sys.exit(bool(wrong))
PYTHON
}

# kept FILE.h5 EXPRESSION...: a finished trajectory with exactly its rows, whose cost falls and whose sum of h stays; and
# whatever else.
kept() {
  check "$1: a proper trajectory" look 'len(files[0]["time"]) == rows[0] > 0 and np.all(np.isfinite(x("h")))' \
    'np.all(np.diff(x("time")) > 0)' 'falls(x("cost"))' \
    'np.all(abs(x("h").sum(1)) <= 1e-12 * (1e-3 + abs(x("h")).sum(1)))' "${@:2}" "$1"
}

# valid FILE.h5 REASON EXPRESSION...: whole rows, nothing behind them but the row that a kill may have interrupted, and
# why it ended; and whatever else.
valid() {
  check "$1: valid, '$2'" look 'np.all(np.isfinite(x("h"))) and np.all(np.isnan(files[0]["h"][rows[0] + 1:])) and rows[0] > 0' \
    "'$2' in files[0].attrs['reason'].decode()" "${@:3}" "$1"
}
