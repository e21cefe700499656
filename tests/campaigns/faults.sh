#!/usr/bin/env bash
# faults.sh [ROUNDS [SEED]]: the matrix of faults: an error, a failed allocation, an exit, SIGKILL, SIGSTOP, an endless wait, NaN
# and failed writes, on the first and the last rank, in every phase, at 1, 2, 3 and 5 ranks, by `balance` of changing methods
# and by `flow`. Looks for the exit code, one message, a file under the final name only when it is whole, nothing left over,
# and that the next run goes on to the same end. ROUNDS (3): times through the matrix. Prints the counts; exit code 1 when
# something was wrong. SYNBAL is the program.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
rounds=${1:-3} RANDOM=${2:-1}
SYNBAL=$(realpath "$SYNBAL")
scratch=$(mktemp -d) && cd "$scratch" || exit 1
trap 'rm -rf "$scratch"' EXIT
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3
declare -A count=()
note() { count[$1]=$((${count[$1]:-0} + 1)); }
wrong() {
  note "WRONG: $1"
  echo "WRONG: $1 ($fault, $command, $ranks rank(s), exit code $code)"
  sed 's/^/    /' err | head -n 6
}
commands=('balance --method newton' 'balance --method sweep' 'balance' 'flow --tolerance 1e-11')

launch() {
  local ranks=$1
  shift
  local launcher=()
  # shellcheck disable=SC2206
  [ "$ranks" -eq 1 ] || launcher=($MPIRUN -n "$ranks")
  timeout -k 5 120 "${launcher[@]}" "$SYNBAL" "$@" >out 2>err </dev/null
}

# is_right FILE: h at its end, compared with a run of the same command that nothing disturbed.
is_right() {
  "$python" - "$1" "whole_${command%% *}.h5" <<'PYTHON'
import sys
import h5py
import numpy as np
a, b = (h5py.File(w, "r")["h"][:] for w in sys.argv[1:])
a, b = (h[-1] if h.ndim == 2 else h for h in (a, b))
sys.exit(not abs(a - b).max() < 1e-8)
PYTHON
}

# The exit codes that are right.
codes_of() {
  case $action in
    throw | nan) echo 1 ;;
    bad_alloc) echo 5 ;;
    exit) echo 7 ;;
    kill) echo 137 ;;
    stop | hang) echo 1 ;;
    *) echo '0 5' ;; # of a checkpoint: a warning
  esac
}

one() {
  local words expected
  command=${commands[RANDOM % ${#commands[@]}]}
  fault="$action@$phase/$rank"
  [ "$phase" != solve ] || fault="$action@solve#$((RANDOM % 5 + 2))/$rank"
  [ "$phase" != io ] || fault="$action@io#$((RANDOM % 30 + 1))/$rank"
  [ "$action" != nan ] || fault="nan@solve#$((RANDOM % 5 + 2))/$rank"
  rm -f part.* .part.*
  read -ra words <<<"$command"
  code=0
  SYNBAL_FAULT=$fault launch "$ranks" "${words[0]}" net.h5 -o part.h5 "${words[@]:1}" -q --watchdog 2 \
    --checkpoint-interval "$([ "${words[0]}" = flow ] && echo 0.05 || echo 1e-9)" || code=$? # a flow has very many steps
  runs=$((runs + 1))
  expected=$(codes_of)
  [ "${words[0]}$phase" != flowcheckpoint ] || expected="0 $expected" # it may be over before
  [ "$code" -ne 124 ] || wrong HANGS
  [[ " $expected " == *" $code "* ]] || wrong "exit code instead of $expected after $action"
  case $code in
    1 | 5) [ "$(grep -c '^synbal: error' err)" -eq 1 ] || wrong "not one message after $action" ;;
  esac
  [ "$action" != nan ] || grep -q "rank $rank, solve" err || wrong "nobody says where NaN began"
  if [ -e part.h5 ] && [ "${words[0]}" = balance ]; then
    "$SYNBAL" verify net.h5 part.h5 -q >out 2>&1 || wrong "HALF-WRITTEN"
  fi
  [ $((runs % 2)) -eq 0 ] || return 0
  code=0
  launch "$((RANDOM % 3 + 1))" "${words[0]}" net.h5 -o part.h5 "${words[@]:1}" -q --resume-if-exists || code=$?
  resumed=$((resumed + 1))
  [ "$code" -eq 0 ] || wrong "the next run"
  is_right part.h5 || wrong "another end"
  [ -z "$(find . -name '*.partial-*' -o -name '.*.lock' -o -name '*.checkpoint*')" ] || wrong "something is left"
}

"$SYNBAL" generate random --nodes 400 --degree 8 --sigma 1 --seed 7 -o net.h5 -q || exit 1
"$SYNBAL" balance net.h5 -o whole_balance.h5 -q || exit 1
"$SYNBAL" flow net.h5 -o whole_flow.h5 -q --tolerance 1e-11 || exit 1
runs=0 resumed=0
for ((round = 0; round < rounds; ++round)); do
  for ranks in 1 2 3 5; do
    for action in throw bad_alloc exit kill stop hang nan ENOSPC EIO; do
      for phase in read partition components solve checkpoint write; do
        case $action in
          nan) [ "$phase" = solve ] || continue ;;
          ENOSPC | EIO) [ "$phase" = write ] && phase=io || continue ;;
          stop | hang) [ "$ranks" -gt 1 ] || continue ;; # nobody is there to notice
        esac
        for rank in 0 $((ranks - 1)); do
          one
          [ "$ranks" -gt 1 ] || break
        done
      done
    done
  done
done
echo "$runs runs with a fault, $resumed after them, $SECONDS s"
for what in "${!count[@]}"; do echo "  ${count[$what]} $what"; done | sort -k2
[ ${#count[@]} -eq 0 ]
