#!/usr/bin/env bash
# faults.sh [ROUNDS [SEED]]: the matrix of faults: an error, a failed allocation, an exit, SIGKILL, SIGSTOP, an endless wait, NaN
# and failed writes, on the first and the last rank, in every phase, at 1, 2, 3 and 5 ranks, in turn by every command that
# keeps its state. Looks for the exit code, one message, the file that stood there before or a whole one under the final
# name, nothing left over, and that the next run goes on, from the checkpoint where there is one, to the same end. ROUNDS
# (4, 1,056 runs): times through the matrix. Prints the counts; exit code 1 when something was wrong. SYNBAL is the program.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
rounds=${1:-4} RANDOM=${2:-1}
SYNBAL=$(realpath "$SYNBAL")
scratch=$(mktemp -d) && cd "$scratch" || exit 1
trap 'rm -rf "$scratch"' EXIT
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3
declare -A count=() by=()
note() { count[$1]=$((${count[$1]:-0} + 1)); }
wrong() {
  note "WRONG: $1"
  echo "WRONG: $1 ($fault, $command, $ranks rank(s), exit code $code)"
  sed 's/^/    /' err | head -n 6
}
commands=(
  'balance net.h5 -o part.h5 --method newton'
  'balance net.h5 -o part.h5 --method sweep'
  'flow net.h5 -o part.h5 --tolerance 1e-11'
  'balance net.h5 -o part.h5'
  'resistance small.h5 -o part.csv --synapses --method pairs'
  'balance net.h5 -o part.h5 --method stochastic --schedule simulated'
  'perturb small.h5 -o part.csv --synapses all --truth 20 --factor 1.1'
  'balance net.h5 -o part.h5 --method stochastic'
  'simulate small.h5 -o part.h5 --drive white --trials 4'
)
turn=0

launch() {
  local ranks=$1
  shift
  local launcher=()
  # shellcheck disable=SC2206
  [ "$ranks" -eq 1 ] || launcher=($MPIRUN -n "$ranks")
  timeout -k 5 240 "${launcher[@]}" "$SYNBAL" "$@" >out 2>err </dev/null
}

# One python for all questions, since it takes as long to start as a run: FILE WHOLE begun|done TOLERANCE, whether the numbers
# are those of a run that nothing disturbed; report FILE, whether it was resumed. It answers yes or no.
cat >judge.py <<'PYTHON'
import json
import sys
import h5py
import numpy as np


def numbers(path, begun):
    if path.endswith(".csv"):
        return [np.genfromtxt(path, delimiter=",", skip_header=1)[:, :6]]
    with h5py.File(path, "r") as file:
        if "rows" in file:  # a trajectory grows under its name, and says how far it is
            rows = file["rows"][0]
            return [np.all(np.diff(file["time"][:rows]) > 0)] if begun else [file["h"][rows - 1]]
        if "h" in file:
            return [file["h"][:]]
        found = []
        file.visititems(lambda name, x: found.append(x[()]) if isinstance(x, h5py.Dataset) and x.dtype.kind == "f" else None)
        return found


def is_right(path, whole, state, to):
    a, b = (numbers(w, state == "begun") for w in (path, whole))
    to = float(to)
    return len(a) == len(b) and all(
        np.shape(x) == np.shape(y) and np.allclose(x, y, rtol=to, atol=to, equal_nan=True) for x, y in zip(a, b))


for line in sys.stdin:
    words = line.split()
    try:
        yes = json.load(open(words[1])).get("resumed") is not None if words[0] == "report" else is_right(*words)
    except Exception as e:
        print(e, file=sys.stderr)
        yes = False
    print("yes" if yes else "no", flush=True)
PYTHON
coproc judge { exec "$python" judge.py; }
ask() {
  local answer
  echo "$@" >&"${judge[1]}"
  read -r answer <&"${judge[0]}" && [ "$answer" = yes ]
}
# is_right FILE [begun]
is_right() {
  local to=1e-8
  case $command in *stochastic) to=1e-5 ;; esac # without a schedule: as the ranks happened to meet
  ask "$1" "${whole[$command]}" "${2:-done}" $to
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
  local words expected interval=1e-9 watchdog=600
  command=${commands[turn++ % ${#commands[@]}]}
  read -ra words <<<"$command"
  fault="$action@$phase/$rank"
  [ "$phase" != solve ] || fault="$action@solve#$((RANDOM % 5 + 2))/$rank"
  case $phase$command in # that listen by the clock, or seldom
    solvesimulate* | solveresistance*) fault="$action@solve#$((RANDOM % 2 + 1))/$rank" ;;
  esac
  [ "$phase" != io ] || fault="$action@io#$((RANDOM % 30 + 1))/$rank"
  rm -rf part.* .part.* before
  [ $((RANDOM % 2)) -eq 0 ] || { cp "old_${words[0]}.${words[3]##*.}" "${words[3]}" && cp "${words[3]}" before; }
  case $command in flow* | *stochastic) interval=0.05 ;; esac # they have very many steps
  case $action in stop | hang) watchdog=1.5 ;; esac
  code=0
  SYNBAL_FAULT=$fault launch "$ranks" "${words[@]}" -q --watchdog $watchdog --checkpoint-interval $interval || code=$?
  runs=$((runs + 1)) by[$action]=$((${by[$action]:-0} + 1))
  expected=$(codes_of)
  case $action${words[0]} in
    nansimulate) expected=3 ;;       # as networks that grow without bound
    nanresistance) expected='0 4' ;; # other equations are tried, or those are told that were not solved
  esac
  case $command$phase in
    simulate*solve) expected="0 $expected" ;;
    flow*checkpoint | *stochasticcheckpoint | simulate*components) expected="0 $expected" ;; # it may be over before; it looks for none
  esac
  [ "$code" -ne 124 ] || wrong HANGS
  [[ " $expected " == *" $code "* ]] || wrong "exit code instead of $expected after $action"
  case $code in
    1 | 5) [ "$(grep -c '^synbal: error' err)" -eq 1 ] || wrong "not one message after $action" ;;
  esac
  [ "$action $code" != 'nan 1' ] || grep -q "rank $rank, solve" err || wrong "nobody says where NaN began"
  [ ! -e before ] || [ -e "${words[3]}" ] || wrong "LOST what stood there"
  if [ -e "${words[3]}" ] && [ "$code" -ne 4 ] && ! cmp -s before "${words[3]}"; then is_right "${words[3]}" begun || wrong "HALF-WRITTEN"; fi
  [ $((runs % 2)) -eq 0 ] || return 0
  go_on
}

# The next run of the same command.
go_on() {
  local kept=no
  [ -z "$(find . -name 'part.*checkpoint*.h5')" ] || kept=yes
  code=0
  launch "$((RANDOM % 3 + 1))" "${words[@]}" -q --resume-if-exists --report report.json --force || code=$?
  resumed=$((resumed + 1))
  [ "$code" -eq 0 ] || wrong "the next run"
  is_right "${words[3]}" || wrong "another end"
  [ $kept = no ] || ask report report.json || wrong "begun anew beside a checkpoint"
  [ $kept = no ] || from_checkpoints=$((from_checkpoints + 1))
  [ -z "$(find . -name '*.partial-*' -o -name '.*.lock' -o -name '*.checkpoint*')" ] || wrong "something is left"
}

"$SYNBAL" generate random --nodes 400 --degree 8 --sigma 1 --seed 7 -o net.h5 -q || exit 1
"$SYNBAL" generate random --nodes 60 --degree 4 --sigma 1 --seed 7 -o small.h5 -q || exit 1
declare -A whole=()
for command in "${commands[@]}"; do
  read -ra words <<<"$command"
  whole[$command]=whole_${#whole[@]}.${words[3]##*.}
  "$SYNBAL" "${words[@]/#part.*/${whole[$command]}}" -q || exit 1
  cp "${whole[$command]}" "old_${words[0]}.${words[3]##*.}"
done
"$SYNBAL" balance net.h5 -o old_balance.h5 -q --max-iterations 2 --power 1 # another one than what is to come
runs=0 resumed=0 from_checkpoints=0
for ((round = 0; round < rounds; ++round)); do
  for ranks in 1 2 3 5; do
    for action in throw bad_alloc exit kill stop hang nan ENOSPC EIO short; do
      for phase in read partition components solve checkpoint write; do
        case $action in
          nan) [ "$phase" = solve ] || continue ;;
          ENOSPC | EIO | short) [ "$phase" = write ] && phase=io || continue ;;
          stop | hang) [ "$ranks" -gt 1 ] || continue ;; # nobody is there to notice
        esac
        for rank in 0 $((ranks - 1)); do
          one
          [ "$ranks" -gt 1 ] || break
        done
      done
    done
  done
  echo "round $((round + 1)): $runs runs, $SECONDS s"
done
echo "$runs runs with a fault ($(for action in "${!by[@]}"; do echo "${by[$action]} $action"; done | sort -k2 | paste -sd, | sed 's/,/, /g')),"
echo "$resumed after them, $from_checkpoints from a checkpoint, $SECONDS s"
for what in "${!count[@]}"; do echo "  ${count[$what]} $what"; done | sort -k2
[ ${#count[@]} -eq 0 ]
