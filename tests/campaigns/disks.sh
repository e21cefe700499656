#!/usr/bin/env bash
# disks.sh [RUNS [SEED [MOST]]]: disks that fail. Every write of data (by the program's own faults: ENOSPC, EIO, EDQUOT, short) and
# every system call on an output (failing_calls.c) fails in turn, in `balance` with checkpoints, `flow`, and a table of
# `resistance`, the first MOST (40) or four times as many; RUNS (60) runs on a small tmpfs that fills up at a random moment, and RUNS/3 whose folder disappears.
# Looks for code 5 (0 where a checkpoint alone was lost), the old files whole, nothing half-written or left over, and the next
# run. Prints the counts; exit code 1 when something was wrong. SYNBAL is the program; needs cc, and root for the tmpfs.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
runs=${1:-60} RANDOM=${2:-1} most=${3:-40}
SYNBAL=$(realpath "$SYNBAL")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d) && cd "$scratch" || exit 1
mounted=
trap 'cd /; [ -z "$mounted" ] || umount -l "$scratch/disk"; rm -rf "$scratch"' EXIT
declare -A count=()
note() { count[$1]=$((${count[$1]:-0} + 1)); }
section() { # WORDS: the counts since the last one
  echo "$*, $SECONDS s:"
  for what in "${!count[@]}"; do echo "  ${count[$what]} $what"; done | sort -k2
  ! printf '%s\n' "${!count[@]}" | grep -q WRONG || failed=1
  count=()
}
failed=0
wrong() {
  note "WRONG: $1"
  echo "WRONG: $1 ($what, exit code $code)"
  sed 's/^/    /' err | head -n 4
}

"$SYNBAL" generate random --nodes 40 --degree 4 --sigma 1 --seed 2 -o net.h5 -q || exit 1
"$SYNBAL" balance net.h5 -o whole.h5 -q || exit 1
balance=(balance ../net.h5 -o part.h5 -q --checkpoint-interval 1e-9 --report report.json)
flow=(flow ../net.h5 -o part.h5 -q --tolerance 1e-4 --report report.json)
table=(resistance ../net.h5 -o part.csv -q --report report.json)

# The state of the files after a run that may have failed; those before it are in old/.
look() {
  local file
  for file in part.h5 part.csv report.json; do
    [ -e old/$file ] || continue
    if [ ! -e $file ]; then
      wrong "LOST $file"
    elif ! cmp -s $file old/$file && [ "$code" -ne 0 ]; then # replaced before the failure: it has to be whole
      case $file in
        part.h5) [ "$kind" = flow ] || "$SYNBAL" verify ../net.h5 part.h5 -q >/dev/null 2>&1 || wrong "HALF-WRITTEN $file" ;;
        part.csv) [ "$(wc -l <part.csv)" -eq "$(wc -l <old/part.csv)" ] || wrong "HALF-WRITTEN $file" ;;
        report.json) python3 -m json.tool report.json >/dev/null 2>&1 || wrong "HALF-WRITTEN $file" ;;
      esac
    fi
  done
  [ -z "$(find . -name '*.partial-*' -o -name '.*.lock')" ] || wrong "something is left"
  case $code in
    0 | 5) note "exit code $code" ;;
    *) wrong "exit code" ;;
  esac
  [ "$code" -eq 0 ] || [ "$(grep -c '^synbal: error' err)" -eq 1 ] || wrong "not one message"
}

# begin KIND: a folder with the old files of a run of that kind.
begin() {
  kind=$1
  rm -rf case && mkdir -p case/old && cd case || exit 1
  local -n words=$kind
  timeout 60 "$SYNBAL" "${words[@]}" >/dev/null 2>&1 || exit 1
  cp -f part.* report.json old/
}

# With the program's own faults: all data that it writes.
for kind in balance flow table; do
  for action in ENOSPC EIO EDQUOT short; do
    begin $kind
    declare -n words=$kind
    for ((place = 1; place <= most; ++place)); do
      what="$action@io#$place of $kind" code=0
      SYNBAL_FAULT="$action@io#$place" timeout -k 5 60 "$SYNBAL" "${words[@]}" >out 2>err || code=$?
      [ "$action" != short ] || [ "$code" -eq 0 ] || wrong "a short write is no failure"
      look
      # beyond the last call nothing fails any more; a checkpoint that fails is a warning
      if [ "$code" -eq 0 ] && [ "$action" != short ] && ! grep -q 'no checkpoint could be written' err; then quiet=$((${quiet:-0} + 1)); else quiet=0; fi
      [ "$quiet" -lt 3 ] || break
    done
    quiet=0
    cd ..
  done
done

section "writes of data that fail"

# With a library in between: every call that opens for writing, writes, reserves, flushes, links or renames.
if cc -shared -fPIC -O1 -o failing.so "$here/failing_calls.c" -ldl 2>/dev/null; then
  for kind in balance flow table; do
    begin $kind
    declare -n words=$kind
    for file in part. report.json; do
      FAIL_COUNT=$PWD/number FAIL_PATH=$file LD_PRELOAD=../failing.so timeout 60 "$SYNBAL" "${words[@]}" >out 2>err
      total=$(cat number)
      [ "$total" -le $((4 * most)) ] || total=$((4 * most))
      for ((place = 1; place <= total; ++place)); do
        error=$((RANDOM % 2 ? 28 : 5)) what="call $place of $total on $file gives errno $error in $kind" code=0 # ENOSPC, EIO
        FAIL_AT=$place FAIL_ERRNO=$error FAIL_PATH=$file LD_PRELOAD=../failing.so timeout -k 5 60 "$SYNBAL" "${words[@]}" \
          >out 2>err || code=$?
        look
      done
    done
    cd ..
  done
fi
section "system calls that fail"

# A disk that fills up.
if [ "$(id -u)" -eq 0 ]; then
  for ((k = 0; k < runs; ++k)); do
    mkdir -p disk && mount -t tmpfs -o size=$((RANDOM % 3000 + 20))k tmpfs disk && mounted=1 || break
    cd disk || exit 1
    kind=$([ $((RANDOM % 2)) -eq 0 ] && echo balance || echo flow)
    declare -n words=$kind
    what="$kind on a disk of $(df -k . | awk 'NR == 2 { print $2 }') KiB" code=0
    timeout -k 5 60 "$SYNBAL" "${words[@]}" >../out 2>../err || code=$?
    cp ../err ../out . 2>/dev/null
    case $code in 0 | 5) note "small disk: exit code $code" ;; *) wrong "exit code on a small disk" ;; esac
    if [ -e part.h5 ] && [ "$kind" = balance ]; then
      "$SYNBAL" verify ../net.h5 part.h5 -q >/dev/null 2>&1 || wrong "HALF-WRITTEN on a small disk"
    fi
    [ -z "$(find . -name '*.partial-*')" ] || wrong "something is left on a small disk"
    cd .. && umount disk && mounted=
  done
fi

section "disks that fill up"

# A folder that disappears while the run is on its way, and is there again for the next one.
for ((k = 0; k < runs / 3; ++k)); do
  rm -rf gone away && mkdir gone && cd gone || exit 1
  what="a folder that disappears" code=0
  timeout -k 5 60 "$SYNBAL" balance ../net.h5 -o "$PWD/part.h5" -q --method sweep --checkpoint-interval 1e-9 --max-iterations 1000000 \
    --tolerance 1e-15 --max-walltime 3s >../out 2>../err &
  sleep "0.$((RANDOM % 9 + 1))"
  cd .. && mv gone away
  wait $! || code=$?
  case $code in 4 | 5 | 75) note "disappeared: exit code $code" ;; 0) note "disappeared: done before" ;; *) wrong "exit code" ;; esac
done
section "folders that disappear"
exit $failed
