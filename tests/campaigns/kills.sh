#!/usr/bin/env bash
# kills.sh [RUNS [SEED]]: runs of `balance` that keep their state all the time are killed (SIGKILL or TERM, a random rank or
# mpirun, at a random moment, a third of them while a file is written), gone on with at another number of ranks, and
# killed again, until they end. Prints how often what was found; exit code 1 when something was lost.
# SYNBAL is the program.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
runs=${1:-1000} RANDOM=${2:-1}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3
declare -A count=()
note() { count[$1]=$((${count[$1]:-0} + 1)); }
methods=(newton sweep auto 'stochastic --schedule simulated')

# compare FILE: same, near or far from whole.h5.
compare() {
  "$python" - "$1" whole.h5 <<'PYTHON'
import sys
import h5py
import numpy as np
a, b = (h5py.File(w, "r")["h"][:] for w in sys.argv[1:])
print("same bits" if np.array_equal(a, b) else "to 1e-9" if abs(a - b).max() < 1e-9 else "FAR")
PYTHON
}

# one METHOD RANKS FIXED: from a fresh start to the end, killed on the way. Each kill counts as a run.
one() {
  local method=$1 ranks=$2 fixed=$3 attempt code place action what
  rm -f part.*
  for ((attempt = 0; attempt < 12; attempt++)); do
    action=$([ $((RANDOM % 6)) -eq 0 ] && echo TERM || echo kill)
    if [ $((RANDOM % 3)) -eq 0 ]; then
      place="$action@io#$((RANDOM % 40 + 1))/0"
    else
      place="$action@solve#$((RANDOM % 6 + 2))/$((RANDOM % ranks))"
    fi
    code=0
    # shellcheck disable=SC2086
    SYNBAL_FAULT=$place timeout -k 5 100 $MPIRUN -n "$ranks" "$SYNBAL" balance net.h5 -o part.h5 -q --method $method \
      --checkpoint-interval 1e-9 --resume-if-exists >out 2>err </dev/null || code=$?
    killed=$((killed + 1))
    case $code in
      0) break ;;
      124) note "HANGS" && cat err ;;
      75) note "stopped with 75" ;;
      3) note "REFUSED its own checkpoint" && cat err ;;
      *) note "ended with $code" ;;
    esac
    if [ -e part.h5 ]; then
      "$SYNBAL" verify net.h5 part.h5 -q >out 2>err || note "HALF-WRITTEN result"
    fi
    [ "$fixed" -eq 1 ] || ranks=$((RANDOM % 4 + 1))
  done
  # shellcheck disable=SC2086
  [ "$code" -eq 0 ] || timeout 100 $MPIRUN -n "$ranks" "$SYNBAL" balance net.h5 -o part.h5 -q --method $method \
    --resume-if-exists >out 2>err </dev/null || note "LOST at the end" && code=0
  what=$(compare part.h5 2>/dev/null || echo LOST)
  note "ends: $what, $([ "$fixed" -eq 1 ] && echo "same ranks" || echo "other ranks")"
  [ -z "$(find . -name '*.partial-*')" ] || note "LEFT temporary files"
}

"$SYNBAL" generate random --nodes 400 --degree 8 --sigma 1 --seed 7 -o net.h5 -q || exit 1
killed=0 started=$SECONDS
while [ "$killed" -lt "$runs" ]; do
  method=${methods[RANDOM % ${#methods[@]}]} fixed=$((RANDOM % 2)) ranks=$((RANDOM % 3 + 1))
  # shellcheck disable=SC2086
  timeout 100 $MPIRUN -n "$ranks" "$SYNBAL" balance net.h5 -o whole.h5 -q --method $method >out 2>err || exit 1
  one "$method" "$ranks" "$fixed"
done
echo "$killed runs in $((SECONDS - started)) s"
for what in "${!count[@]}"; do echo "  ${count[$what]} $what"; done | sort -k2
! printf '%s\n' "${!count[@]}" | grep -q '[A-Z][A-Z][A-Z]'
