#!/usr/bin/env bash
# walltime.sh [RANKS]: whether --max-walltime holds within 10 % or 5 s, whatever the run is at when it ends: a solve of many
# iterations, the integrator, steps of a simulation, reading a large file, writing one. Prints limit, seconds and exit code
# of each, and fails where one is late. Needs some 4 GB of memory and disk. SYNBAL is the program.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
ranks=${1:-2}
SYNBAL=$(realpath "$SYNBAL")
scratch=$(mktemp -d) && cd "$scratch" || exit 1
trap 'rm -rf "$scratch"' EXIT
late=0

# held LIMIT WHAT WORDS...: one run with that limit in seconds.
held() {
  local limit=$1 what=$2 begin end code=0
  shift 2
  begin=$(date +%s.%N)
  # shellcheck disable=SC2086
  timeout -k 5 $((limit * 4 + 60)) $MPIRUN -n "$ranks" "$SYNBAL" "$1" --max-walltime "${limit}s" -q "${@:2}" >out 2>err || code=$?
  end=$(date +%s.%N)
  python3 - "$what" "$limit" "$begin" "$end" "$code" <<'PYTHON' || late=$((late + 1))
import sys
what, limit, begin, end, code = sys.argv[1], *map(float, sys.argv[2:])
seconds, allowed = end - begin, limit + max(0.1 * limit, 5)
verdict = "" if seconds <= allowed else "   LATE"
if code not in (0, 4, 75):
    verdict += "   WRONG CODE"
print(f"{what:<44} limit {limit:5.0f} s   took {seconds:7.2f} s   exit code {code:.0f}{verdict}", flush=True)
sys.exit(verdict != "")
PYTHON
  tail -n 1 err
  rm -f out.h5 out.checkpoint.h5
}

ring=modular:nodes=400000,modules=4000,degree=8,sigma=1,seed=1
held 15 "Newton, multigrid by PETSc" balance lattice:nodes=2000000,degree=6,sigma=2,seed=1 -o out.h5 -- -newton_pc_type gamg
held 15 "Newton, as it chooses, weak links" balance $ring,coupling=1e-4 -o out.h5
held 15 "sweeps" balance $ring -o out.h5 --method sweep
held 15 "stochastic" balance $ring -o out.h5 --method stochastic
held 15 "flow" flow random:nodes=1000000,degree=20,sigma=2,seed=1 -o out.h5
held 15 "simulation" simulate random:nodes=500000,degree=20,seed=1 -o out.h5 --trials 64
timeout 600 "$SYNBAL" -q generate random --nodes 500000 --degree 40 --sigma 2 --seed 1 -o big.h5
held 10 "reading and writing 2e7 synapses (.h5)" balance big.h5 -o out.h5 --tolerance 1e-15 --step-tolerance 1e-15
timeout 600 "$SYNBAL" -q convert big.h5 -o big.mtx && rm big.h5
held 10 "reading 2e7 synapses as text" balance big.mtx -o out.h5
held 3 "a limit shorter than reading" balance big.mtx -o out.h5
echo "$late late or with a wrong exit code"
exit $((late > 0))
