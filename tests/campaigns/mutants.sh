#!/usr/bin/env bash
# mutants.sh [SHARE [SEED]]: damaged HDF5 files of every kind that synbal reads, by the thousand: 10,000 bit flips and cuts of a
# result and a checkpoint, 3,000 random changes, 500 of global heaps, 486 of the structure, on one rank and on three, and as
# many with a seal that fits, so that what reads the insides has to stand them. SHARE (1): of these numbers; FLIPS (1, or 0)
# as well of the flips. Prints the counts; exit code 1 when a copy was fatal, or a change of a sealed file unnoticed.
#   cmake --build build/release --target synbal_mutants
#   SYNBAL=build/release/bin/synbal MUTANTS=build/release/bin/synbal_mutants bash tests/campaigns/mutants.sh
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}" "${MUTANTS:?give synbal_mutants in MUTANTS}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Built with sanitizers: what they find is told from other ends, also by the program of the processes that it makes, and no
# memory is no memory, as without them.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}:exitcode=99:allocator_may_return_null=1 UBSAN_OPTIONS=exitcode=99
share=${1:-1} seed=${2:-1} flips=${FLIPS:-1}
SYNBAL=$(realpath "$SYNBAL") MUTANTS=$(realpath "$MUTANTS")
keep=${KEEP:-$PWD}
scratch=$(mktemp -d) && cd "$scratch" || exit 1
trap 'cp -f "$scratch"/mutant-*.h5 "$keep" 2>/dev/null; rm -rf "$scratch"' EXIT
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3

"$SYNBAL" generate random --nodes 60 --degree 4 --sigma 1 --seed 2 -o net.h5 -q || exit 1
"$SYNBAL" balance net.h5 -o result.h5 -q || exit 1
SYNBAL_FAULT=TERM@solve#4 "$SYNBAL" balance net.h5 -o run.h5 -q 2>/dev/null
mv run.checkpoint.h5 checkpoint.h5 || exit 1
"$SYNBAL" flow net.h5 -o trajectory.h5 -q || exit 1
"$python" - <<'PYTHON' # as AnnData writes it: texts of variable length, in a global heap
import h5py
import numpy as np
source, to = h5py.File("net.h5", "r"), h5py.File("anndata.h5ad", "w")
x = to.create_group("X")
for name, value in {"encoding-type": "csr_matrix", "encoding-version": "0.1.0"}.items():
    x.attrs[name] = value
x.attrs["shape"] = source["weights"].attrs["shape"]
for name in ("data", "indices", "indptr"):
    x[name] = source["weights"][name][:]
names = np.array([f"cell{k}" for k in range(60)], dtype=object)
for axis in ("obs", "var"):
    group = to.create_group(axis)
    group.attrs["_index"] = "_index"
    group.attrs["encoding-type"] = "dataframe"
    group.create_dataset("_index", data=names, dtype=h5py.string_dtype())
PYTHON
"$SYNBAL" info anndata.h5ad -q || exit 1

failed=0
# many FILE COUNT KIND RANKS
many() {
  local count launcher=() code=0
  count=$(awk "BEGIN { print int($2 * $share + 0.5) }")
  [ "$count" -gt 0 ] || return 0
  # shellcheck disable=SC2206
  [ "$4" -eq 1 ] || launcher=(timeout -k 5 900 $MPIRUN -n "$4")
  echo "$count of $1 by $3, $4 rank(s):"
  "${launcher[@]}" "$MUTANTS" "$1" net.h5 "$count" "$seed" "$3" || code=$?
  seed=$((seed + 1))
  [ "$code" -eq 0 ] || { failed=1 && echo "  FAILED with exit code $code"; }
}
for file in result.h5 checkpoint.h5; do
  many $file $((4500 * flips)) flip 1
  many $file $((500 * flips)) flip 3
done
for file in net.h5 anndata.h5ad result.h5 checkpoint.h5 trajectory.h5; do
  many $file 500 bytes 1
  many $file 100 bytes 3
  many $file 80 structure 1
  many $file 18 structure 3
done
for file in net.h5 result.h5 checkpoint.h5 trajectory.h5; do
  many $file 600 resealed-bytes 1
  many $file 150 resealed-bytes 3
  many $file 97 resealed-structure 1
  many $file 25 resealed-structure 3
done
many anndata.h5ad 400 heap 1
many anndata.h5ad 100 heap 3
echo "$SECONDS s"
exit $failed
