#!/usr/bin/env bash
# kills.sh [RUNS [SEED [HOW]]]: runs of `balance` that keep their state all the time are ended before their end, gone on with
# at another number of ranks, and ended again, until they come to it. HOW: kill (SIGKILL or TERM to a random rank at a random
# place, a third of them while a file is written), term (TERM to a rank or to mpirun at a random moment, to a third of them
# twice), full (killed likewise on a tmpfs too small for what is written, and larger after each run; as root), gone (the
# folder disappears at a random moment, and is there again for the next run; a third of them are killed with SIGKILL, too).
# Prints how often what was found; exit code 1 when something was lost. A crash of mpirun itself, as Open MPI 4.1.4's at a
# second TERM, is told from one of a rank by how it ended: by a signal of its own. SYNBAL is the program.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
runs=${1:-1000} RANDOM=${2:-1} how=${3:-kill}
SYNBAL=$(realpath "$SYNBAL")
# a checkpoint may take longer than a second; mpirun waits twice that time, too, for ranks that are gone
[ "$how" != term ] || MPIRUN="$MPIRUN --mca odls_base_sigkill_timeout 3"
scratch=$(mktemp -d) || exit 1
trap 'cd /; umount -l "$scratch/place" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3
declare -A count=()
note() { count[$1]=$((${count[$1]:-0} + 1)); }
methods=(newton sweep auto 'stochastic --schedule simulated' 'auto --cost 1*2+0.5*1')

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

# Runs a command; its end, "signal N" or "code N", goes to the file `end`, since a shell takes both for 128 + N.
cat >waiter.py <<'PYTHON'
import subprocess
import sys
code = subprocess.call(sys.argv[1:])
with open("end", "w") as end:
    print(f"signal {-code}" if code < 0 else f"code {code}", file=end)
sys.exit(128 - code if code < 0 else code)
PYTHON

# launch RANKS WORDS...: of `balance`, in the background.
launch() {
  local launcher=()
  # shellcheck disable=SC2206
  [ "$1" -eq 1 ] || launcher=($MPIRUN -n "$1")
  # shellcheck disable=SC2086
  "$python" waiter.py timeout -k 5 300 "${launcher[@]}" "$SYNBAL" balance net.h5 -o "$scratch/place/part.h5" -q --method $method "${@:2}" \
    >out 2>err </dev/null &
}

# ---- ways to end a run

a_while() { sleep "$(awk "BEGIN { print $usual * $((RANDOM % 120)) / 100 }")"; }

# A rank or mpirun, whoever of them is there.
somebody() { pgrep -f "$scratch/place/part.h5" | grep -vxe $! -e "$(pgrep -P $!)" | sort -R --random-source=<(yes "$RANDOM") | head -n 1; }

ended_by_fault() {
  local action place
  action=$([ $((RANDOM % 6)) -eq 0 ] && echo TERM || echo kill)
  place="$action@solve#$((RANDOM % 6 + 2))/$((RANDOM % ranks))"
  [ $((RANDOM % 3)) -ne 0 ] || place="$action@io#$((RANDOM % 40 + 1))/0"
  SYNBAL_FAULT=$place launch "$ranks" --checkpoint-interval 1e-9 --resume-if-exists
}
ended_by_term() {
  launch "$ranks" --checkpoint-interval 1e-9 --resume-if-exists
  a_while
  kill -TERM "$(somebody)" 2>/dev/null && note "TERM sent"
  [ $((RANDOM % 3)) -ne 0 ] || { sleep "0.$((RANDOM % 5))" && kill -TERM "$(somebody)" 2>/dev/null && note "TERM sent again"; }
}
ended_by_full_disk() {
  mount -o remount,size=$((room += RANDOM % 100))k place
  ended_by_fault
}
ended_by_lost_folder() {
  launch "$ranks" --checkpoint-interval 1e-9 --resume-if-exists
  a_while
  mv place away
  [ $((RANDOM % 3)) -ne 0 ] || { sleep "0.$((RANDOM % 3))" && kill -KILL "$(somebody)" 2>/dev/null && note "SIGKILL sent"; }
}

# ---- what is found after it

# Whether mpirun crashed, and not a rank: that ends by itself, with 128 + the signal.
launcher_crashed() { [ "$ranks" -gt 1 ] && [ "$(cat end)" = "signal 11" ]; }
# Ranks that lost their mpirun end, too.
await_orphans() {
  local tries=0
  while pgrep -f "$scratch/place/part.h5" >/dev/null && [ $((++tries)) -lt 300 ]; do sleep 0.1; done
  [ "$tries" -lt 300 ] || { note "HANG without mpirun" && pkill -KILL -f "$scratch/place/part.h5"; }
}

judge_code() {
  if launcher_crashed; then
    note "ended with a crash of mpirun itself"
    await_orphans
    return
  fi
  case $code in
    0) ;;
    134 | 135 | 136 | 139) note "CRASHED with $code" && cat err ;;
    124) note "HANGS" && cat err ;;
    75) note "stopped with 75" ;;
    3) note "REFUSED its own checkpoint" && cat err ;;
    *) note "ended with $code" ;;
  esac
}
judge_files() {
  if [ -e place/part.h5 ]; then
    "$SYNBAL" verify net.h5 place/part.h5 -q >out 2>err || note "HALF-WRITTEN result"
  fi
  [ "$how" = term ] && { [ "$code" -eq 75 ] || [ "$ranks" -eq 1 ]; } || return # mpirun kills those that wait for a dead one
  [ -z "$(find place -name '*.partial-*' -o -name '.*.lock')" ] || note "LEFT by TERM"
}

# one METHOD RANKS FIXED: from a fresh start to the end, ended on the way. Each end counts as a run.
one() {
  local method=$1 ranks=$2 fixed=$3 attempt code room=60
  rm -rf place/* place/.[a-z]*
  for ((attempt = 0; attempt < 12; attempt++)); do
    code=0
    case $how in
      kill) ended_by_fault ;;
      term) ended_by_term ;;
      full) ended_by_full_disk ;;
      gone) ended_by_lost_folder ;;
    esac
    wait $! || code=$?
    [ "$how" != gone ] || await_orphans
    [ ! -d away ] || { rm -rf place && mv away place; }
    ended=$((ended + 1))
    judge_code
    judge_files
    [ "$code" -ne 0 ] || [ ! -e place/part.h5 ] || break
    [ "$fixed" -eq 1 ] || ranks=$((RANDOM % 3 + 1))
  done
  [ "$how" != full ] || mount -o remount,size=64m place
  if [ ! -e place/part.h5 ] || [ "$code" -ne 0 ]; then
    launch "$ranks" --resume-if-exists --force && wait $! || { note "LOST at the end" && cat err; }
  fi
  note "ends: $(compare place/part.h5 2>/dev/null || echo LOST), $([ "$fixed" -eq 1 ] && echo "same ranks" || echo "other ranks")"
  [ -z "$(find place -name '*.partial-*' -o -name '.*.lock' -o -name '*.checkpoint*')" ] || note "LEFT temporary files"
}

"$SYNBAL" generate random --nodes 400 --degree 8 --sigma 1 --seed 7 -o net.h5 -q || exit 1
mkdir place
[ "$how" != full ] || mount -t tmpfs -o size=64m tmpfs place || exit 77
ended=0 usual=1
while [ "$ended" -lt "$runs" ]; do
  method=${methods[RANDOM % ${#methods[@]}]} fixed=$((RANDOM % 2)) ranks=$((RANDOM % 3 + 1))
  begun=$(date +%s.%N)
  rm -rf place/* place/.[a-z]*
  launch "$ranks" --checkpoint-interval 1e-9 && wait $! || { cat err && exit 1; }
  usual=$(awk "BEGIN { print $(date +%s.%N) - $begun }")
  mv place/part.h5 whole.h5
  one "$method" "$ranks" "$fixed"
done
echo "$ended runs by $how in $SECONDS s"
for what in "${!count[@]}"; do echo "  ${count[$what]} $what"; done | sort -k2
! printf '%s\n' "${!count[@]}" | grep -v '^TERM sent\|^SIGKILL sent' | grep -q '[A-Z][A-Z][A-Z]'
