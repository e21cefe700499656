#!/usr/bin/env bash
# checkpoint_cost.sh [NODES [DEGREE [RANKS]]]: what keeping the state costs: `balance` by sweeps with checkpoints as often as they
# can be made tells how long one takes; so does the log of a run that is resumed about reading it. Prints seconds, and the
# share at the default interval of 900 s. The network is made in memory. SYNBAL is the program.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
nodes=${1:-500000} degree=${2:-20} ranks=${3:-2}
SYNBAL=$(realpath "$SYNBAL")
scratch=$(mktemp -d) && cd "$scratch" || exit 1
trap 'rm -rf "$scratch"' EXIT
network="random:nodes=$nodes,degree=$degree,sigma=1,seed=3"
for method in newton sweep; do
  for name in without with; do
    extra=(--checkpoint-interval 0)
    [ $name = without ] || extra=(--checkpoint-interval 1e-9)
    # shellcheck disable=SC2086
    timeout 3000 $MPIRUN -n "$ranks" "$SYNBAL" balance "$network" -o $name.h5 --write h --method $method "${extra[@]}" --report $name.json \
      -q >out 2>err || { cat err && exit 1; }
  done
  # shellcheck disable=SC2086
  SYNBAL_FAULT=TERM@solve#6/0 timeout 3000 $MPIRUN -n "$ranks" "$SYNBAL" balance "$network" -o part.h5 --write h --method $method -q >out 2>err
  # shellcheck disable=SC2086
  timeout 3000 $MPIRUN -n "$ranks" "$SYNBAL" balance "$network" -o part.h5 --write h --method $method --resume --report resumed.json -q \
    >out 2>err || { cat err && exit 1; }
  python3 - "$method" <<'PYTHON'
import json
import sys
a, b, c = (json.load(open(f"{w}.json")) for w in ("without", "with", "resumed"))
kept = b["checkpoints"]
one = kept["seconds"] / kept["written"]
print(f"{sys.argv[1]}: {a['input']['nnz']:.3g} synapses, {a['ranks']} ranks: {a['time']['solve']:.3g} s solving without, "
      f"{b['time']['solve']:.3g} s with {kept['written']} checkpoints of {one:.3g} s each: {100 * one / 900:.3g} % at the "
      f"default interval; resumed run {c['time']['total']:.3g} s of which {c['time']['read']:.3g} s reading, "
      f"{c['resumed']['seconds_before']:.3g} s had been spent before")
PYTHON
done
