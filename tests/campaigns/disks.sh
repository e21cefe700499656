#!/usr/bin/env bash
# disks.sh [RUNS [SEED [MOST]]]: disks that fail. Every system call on an output of every command (failing_calls.c), up to
# MOST (14) for each file, fails in turn with ENOSPC or EIO, or does half of what it should: data of results, trajectories,
# tables, networks in all formats, reports and checkpoints; so do reads of inputs, and by the program's own faults every
# write of data. RUNS (60) runs on a small tmpfs that fills up at a random moment, and RUNS/3 whose folder disappears.
# Looks for code 5 (0 where a checkpoint alone was lost), no silent loss, the old files or whole ones, nothing left over.
# Prints the counts; exit code 1 when something was wrong. SYNBAL is the program; needs cc, and root for the tmpfs.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
runs=${1:-60} RANDOM=${2:-1} most=${3:-14}
SYNBAL=$(realpath "$SYNBAL")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d) && cd "$scratch" || exit 1
mounted=
trap 'cd /; [ -z "$mounted" ] || umount -l "$scratch/disk"; rm -rf "$scratch"' EXIT
python=python3
"$python" -c 'import h5py' 2>/dev/null || python=/usr/bin/python3
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
"$SYNBAL" convert net.h5 -o net.npz -q && "$SYNBAL" convert net.h5 -o net.csv -q || exit 1
printf '%s\n' '0 1' '2 3' '4 9' >pairs
# What is run, and what it writes.
declare -A words=(
  [balance]='balance ../net.h5 -o part.h5 --checkpoint-interval 1e-9 --method newton --table part.csv --report report.json'
  [flow]='flow ../net.h5 -o part.h5 --tolerance 1e-4 --checkpoint-interval 0.01 --report report.json'
  [pairs]='resistance ../net.h5 -o part.csv --pairs ../pairs --report report.json'
  [resistance]='resistance ../net.h5 -o part.h5 --all --report report.json'
  [zipped]='resistance ../net.h5 -o part.csv.gz --synapses --method pairs --checkpoint-interval 1e-9'
  [perturb]='perturb ../net.h5 -o part.csv --synapses all --factor 1.1 --report report.json'
  [modes]='laplacian modes ../net.h5 -o part.h5 --count 3'
  [diagonal]='laplacian diagonal ../net.h5 -o part.csv --report report.json'
  [simulate]='simulate ../net.h5 -o part.h5 --drive white --trials 2 --report report.json'
  [native]='generate random --nodes 40 --degree 4 -o part.h5'
  [market]='generate random --nodes 40 --degree 4 -o part.mtx'
  [scipy]='apply ../net.h5 ../whole.h5 -o part.npz'
  [tensors]='apply ../net.h5 ../whole.h5 -o part.safetensors'
  [petsc]='convert ../net.h5 -o part.petsc --force'
  [edges]='convert ../net.csv -o part.csv.gz --map map.csv --force'
  [info]='info ../net.h5 --report report.json'
  [verify]='verify ../net.h5 ../whole.h5 --report report.json'
)

# begin KIND [RANKS]: a folder with the old files of such a run, which no run makes so old.
begin() {
  kind=$1 ranks=${2:-1} launcher=()
  # shellcheck disable=SC2206
  [ "$ranks" -eq 1 ] || launcher=($MPIRUN -n "$ranks")
  rm -rf case && mkdir -p case/old && cd case || exit 1
  read -ra line <<<"${words[$kind]}"
  timeout 60 "${launcher[@]}" "$SYNBAL" "${line[@]}" -q >/dev/null 2>err || { cat err && echo "$kind does not run" && exit 1; }
  touch -d 2000-01-01 -- *.*
  cp -p -- *.* old/
}

# whole FILE OLD: the same content, but for dates and durations.
whole() {
  cmp -s "$1" "$2" && return
  case $1 in
    *.json) "$python" -m json.tool "$1" >/dev/null 2>&1 ;;
    *.gz) cmp -s <(zcat "$1" 2>&1) <(zcat "$2") ;;
    *.h5) "$python" - "$1" "$2" <<'PYTHON' ;;
import sys
import h5py
import numpy as np
a, b = (h5py.File(w, "r") for w in sys.argv[1:3])
rows = a["rows"][0] if "rows" in a else None  # a trajectory grows under its name, and says how far it is


def compare(name, x):
    if not isinstance(x, h5py.Dataset) or "seconds" in name or (rows is not None and x.ndim == 0):
        return
    y, z = x[()][:rows], b[name][()][:rows] if name in b else None
    if name != "rows" and not (z is not None and y.shape == z.shape and np.array_equal(y, z, equal_nan=y.dtype.kind == "f")):
        sys.exit(f"{name} differs")


a.visititems(compare)
sys.exit(rows is None and len(a) != len(b))
PYTHON
    *) false ;;
  esac
}

# The state of the files after a run that may have failed; those before it are in old/.
look() {
  local file
  for file in $(cd old && ls); do
    if [ ! -e "$file" ]; then
      wrong "LOST $file"
    elif [ "$(stat -c %Y "$file")" -lt 1000000000 ]; then
      [ "$code" -ne 0 ] || wrong "a SILENT loss of $file"
      cmp -s "$file" "old/$file" || wrong "CHANGED in its place: $file"
    else
      whole "$file" "old/$file" || wrong "HALF-WRITTEN $file"
    fi
  done
  [ -z "$(find . -name '*.partial-*' -o -name '.*.lock')" ] || wrong "something is left"
  case $code in
    0 | 5) note "exit code $code" ;;
    *) wrong "exit code" ;;
  esac
  [ "$code" -eq 0 ] || [ "$(grep -c '^synbal: error' err)" -eq 1 ] || wrong "not one message"
  cp -p old/* . && rm -f ./*checkpoint* # for the next one
}

# run_failing NAME=VALUE...: the library in between, on all ranks.
run_failing() {
  local before=(LD_PRELOAD=../failing.so) run=("$SYNBAL" "${line[@]}" -q)
  [ "$ranks" -eq 1 ] || before=() run=("${launcher[@]}" -x LD_PRELOAD=../failing.so "${run[@]}")
  code=0
  env "$@" "${before[@]}" timeout -k 5 60 "${run[@]}" >out 2>err </dev/null || code=$?
}

# count_calls NAME=VALUE...: how many there are.
count_calls() {
  rm -f number
  run_failing FAIL_COUNT="$PWD/number" "$@"
  cp -p old/* . && rm -f ./*checkpoint*
  total=$(cat number 2>/dev/null || echo 0) && rm -f number
}

# fail FILE COUNT: COUNT calls of the last rank on files of this name, from the first to the last, fail in turn.
fail() {
  local file=$1 tries=$2 k place error
  count_calls FAIL_PATH="$file" FAIL_RANK=$((ranks - 1))
  for ((k = 0; k < tries && k < total; ++k)); do
    place=$((total <= tries ? k + 1 : 1 + k * (total - 1) / (tries - 1)))
    error=$((RANDOM % 5 == 0 ? 0 : RANDOM % 2 ? 28 : 5)) # half of it, ENOSPC, EIO
    what="call $place of $total on $file gives errno $error in $kind on $ranks rank(s)"
    run_failing FAIL_AT=$place FAIL_ERRNO=$error FAIL_PATH="$file" FAIL_RANK=$((ranks - 1))
    tried=$((tried + 1)) of[$error]=$((${of[$error]:-0} + 1))
    look
  done
}

tried=0
declare -A of=()
cc -shared -fPIC -O1 -o failing.so "$here/failing_calls.c" -ldl || exit 1
for kind in balance flow pairs resistance zipped perturb modes diagonal simulate native market scipy tensors petsc edges info verify; do
  begin $kind
  for file in $(cd old && ls); do
    fail "${file%%.h5}" "$most" # with the checkpoints of part.h5
  done
  cd ..
done
for kind in balance resistance native scipy edges; do
  begin $kind 2
  fail part. $((most / 2 + 1))
  cd ..
done
section "$tried system calls that fail (${of[28]:-0} ENOSPC, ${of[5]:-0} EIO, ${of[0]:-0} short)"

# Reads of inputs: EIO or half of what was asked for; told, or all the same.
tried=0
for kind in balance scipy edges verify; do
  begin $kind
  for file in net. whole.h5; do
    count_calls FAIL_READS=1 FAIL_PATH=/$file
    for ((place = 1; place <= total && place <= 2 * most; ++place)); do
      error=$((RANDOM % 2 ? 0 : 5)) what="read $place of $total on $file gives errno $error in $kind"
      run_failing FAIL_READS=1 FAIL_AT=$place FAIL_ERRNO=$error FAIL_PATH=/$file
      tried=$((tried + 1))
      [ "$code" -ne 3 ] || code=5 # told as a damaged file
      look
    done
  done
  cd ..
done
section "$tried reads that fail"

# With the program's own faults: all data that it writes.
tried=0
for kind in balance flow pairs; do
  for action in ENOSPC EIO EDQUOT short; do
    begin $kind
    quiet=0
    for ((place = 1; place <= 3 * most && quiet < 3; ++place)); do
      what="$action@io#$place of $kind" code=0
      SYNBAL_FAULT="$action@io#$place" timeout -k 5 60 "$SYNBAL" "${line[@]}" -q >out 2>err || code=$?
      [ "$action" != short ] || [ "$code" -eq 0 ] || wrong "a short write is no failure"
      # beyond the last call nothing fails any more; a checkpoint that fails is a warning
      if [ "$code" -eq 0 ] && [ "$action" != short ] && ! grep -q 'no checkpoint could be written' err; then quiet=$((quiet + 1)); else quiet=0; fi
      tried=$((tried + 1))
      look
    done
    cd ..
  done
done
section "$tried writes of data that fail"

# A disk that fills up.
if [ "$(id -u)" -eq 0 ]; then
  for ((k = 0; k < runs; ++k)); do
    mkdir -p disk && mount -t tmpfs -o size=$((RANDOM % 3000 + 20))k tmpfs disk && mounted=1 || break
    cd disk || exit 1
    kind=$([ $((RANDOM % 2)) -eq 0 ] && echo balance || echo flow)
    read -ra line <<<"${words[$kind]}"
    what="$kind on a disk of $(df -k . | awk 'NR == 2 { print $2 }') KiB" code=0
    timeout -k 5 60 "$SYNBAL" "${line[@]}" -q >../out 2>../err || code=$?
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
