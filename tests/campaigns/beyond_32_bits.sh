#!/usr/bin/env bash
# beyond_32_bits.sh [RANKS [FOLDER]]: a file of more than 2^31 synapses, made row by row; sizes read from its header, and
# rows on both sides of entry 2^31 and at the end looked at by another reader. Some 20 GB in FOLDER (/tmp), a few minutes;
# needs h5py. SYNBAL is the program. Exit code 1 when something was wrong.
set -euo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
SYNBAL=$(realpath "$SYNBAL")
ranks=${1:-2}
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3
folder=$(mktemp -d "${2:-/tmp}/beyond.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

$MPIRUN -n "$ranks" "$SYNBAL" generate lattice --nodes 60000000 --degree 40 --sigma 0 --single \
  --by-rows -o lattice.h5
"$SYNBAL" info lattice.h5 --header-only --report info.json
"$python" - <<'PYTHON'
import json, h5py, numpy as np

nodes, degree = 60_000_000, 40
report = json.load(open("info.json"))
with h5py.File("lattice.h5") as file:
    weights = file["weights"]
    starts, indices, data = weights["indptr"], weights["indices"], weights["data"]
    checks = {
        "synapses in the header": report["input"]["nnz"] == nodes * degree > 2**31,
        "entries": len(indices) == len(data) == nodes * degree,
        "the last row ends with the entries": starts[nodes] == nodes * degree,
    }
    for name, first in (("around entry 2^31", 2**31 // degree - 20_000), ("at the end", nodes - 40_000)):
        rows = np.arange(first, first + 40_000)
        begin = starts[first : first + len(rows) + 1]
        partner = indices[begin[0] : begin[-1]].reshape(-1, degree).astype(np.int64)
        inside = (partner >= rows[0]) & (partner <= rows[-1])
        pairs = set(zip(np.repeat(rows, degree)[inside.ravel()].tolist(), partner[inside].tolist()))
        checks[f"offsets {name}"] = bool((begin == (rows[0] + np.arange(len(begin))) * degree).all())
        checks[f"partners ascend {name}"] = bool((np.diff(partner) > 0).all() and partner.min() >= 0 and partner.max() < nodes)
        checks[f"who hears is heard {name}"] = len(pairs) > 100_000 and all((j, i) in pairs for i, j in pairs)
        checks[f"weights {name}"] = bool((data[begin[0] : begin[-1]] == 1).all())
for name, holds in checks.items():
    print("passed" if holds else "FAILED", name)
print(f"{len(checks)} checks, {sum(not c for c in checks.values())} failed")
raise SystemExit(not all(checks.values()))
PYTHON
