#!/usr/bin/env bash
# The frame of the benchmarks: every subject tells of itself and its peers all that it promises, on one rank and on two; an
# answer that is wrong gives no figure, and an exit code that says so.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

benchmark=$(dirname "$SYNBAL")/synbal-benchmark
[ -x "$benchmark" ] || skip "synbal-benchmark was not built (SYNBAL_BUILD_BENCHMARKS)"
lines=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/benchmark_lines.py

# measure CODE RANKS WORDS...: a run that ends with this code.
measure() {
  local code=$1 ranks=$2 got=0
  shift 2
  # shellcheck disable=SC2086
  timeout -k 5 "$limit" $MPIRUN -n "$ranks" "$benchmark" "$@" --array-bytes 4194304 >out 2>err </dev/null || got=$?
  checks=$((checks + 1))
  [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: synbal-benchmark on $ranks rank(s): $*"
}

network=random:nodes=300,degree=8,sigma=3
graph=graph:random,nodes=300,edges=3000
peers_of() {
  case $1 in
    kernel) echo "PETSc MatMult" ;;
    solve) echo "PETSc TAO;SLEPc two-sided" ;;
    flow) echo "CVODE with its CG;CVODE with its GMRES" ;;
    laplacian) echo "PETSc CG, jacobi;PETSc CG, boomeramg" ;;
    modes) echo "SLEPc, krylov-schur;SLEPc, lobpcg" ;;
    simulate) echo "PETSc MatMatMult" ;;
    io) echo "as many plain bytes" ;;
  esac
}

every_subject() { # SUBJECT/RANKS
  local subject=${1%/*} ranks=${1#*/} on=$network
  case $subject in laplacian | modes | resistance) on=$graph ;; esac
  measure 0 "$ranks" "$subject" --network "$on" --warmups 1 --repeats 2 --count 4
  check "the lines of $1" "$python" "$lines" "$subject" "$ranks" out "$(peers_of "$subject")"
}

# Where a command spends its time, in PETSc's own log.
petsc_log() {
  local got=0
  # shellcheck disable=SC2086
  timeout -k 5 "$limit" $MPIRUN -n 2 "$SYNBAL" balance "$network" -o logged.h5 -q -- -log_view ascii:log.txt >out 2>err </dev/null || got=$?
  check "a run with a log ends well" test "$got" -eq 0
  for stage in Reading Components Solving Writing; do check "stage $stage" grep -qE "^ *[0-9]+: +$stage: [0-9.e+-]+" log.txt; done
  for event in SynbalPass SynbalCosts; do check "event $event" grep -qE "^$event +[1-9]" log.txt; done
}

wrong() { # what is asked for cannot be had, or is spoilt
  case $1 in
    residual) measure 1 1 laplacian --network "$graph" --repeats 1 --residual 1e-30 ;;
    solves) measure 1 2 resistance --network "${graph/3000/900}" --repeats 1 --solves 2 ;;
    nan) SYNBAL_FAULT=nan@solve measure 1 1 solve --network "$network" --repeats 1 --methods newton --no-peers ;;
  esac
  check "$1: it says why" grep -q ': no figures: ' err
  case $1 in
    solves) check "nothing of the estimate" test "$(grep -c '"contender":"estimate"' out)" -eq 0 ;;
    *) check "$1: not a line" test ! -s out ;;
  esac
}

# Peers in Python, where there is scipy.
peers=$(dirname "$lines")/../../benchmarks/python_peers.py
by_python() { # SUBJECT/NAME: the line of a peer whose name begins so
  local subject=${1%%/*} name=${1#*/} on=$network got=0
  case $subject in laplacian | modes | resistance) on=$graph ;; esac
  timeout -k 5 "$limit" "$python" "$peers" "$benchmark" "$subject" --network "$on" --repeats 1 --array-bytes 4194304 --count 4 \
    >out 2>err </dev/null || got=$?
  check "python_peers.py $subject ends well" test "$got" -eq 0
  check "$1 has a line" grep -q "\"contender\": \"$name.*\"peer\": true" out
  check "all are JSON" "$python" -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <out
}

both() {
  case $1 in
    wrong/*) wrong "${1#*/}" ;;
    python/*) by_python "${1#*/}" ;;
    petsc_log) petsc_log ;;
    *) every_subject "$1" ;;
  esac
}

words=(blocks/1)
for subject in kernel solve flow stochastic laplacian modes resistance simulate io; do words+=("$subject/1" "$subject/2"); done
if python_has 'scipy'; then
  words+=("python/kernel/scipy" "python/simulate/scipy" "python/solve/scipy matrix_balance" "python/laplacian/scipy splu"
    "python/modes/scipy eigsh" "python/resistance/scipy pinvh")
else
  echo "left out: peers in Python, which need scipy"
fi
share_out both "${words[@]}" petsc_log wrong/residual wrong/solves wrong/nan
# A campaign of them: its lines are collected with their parameters, and drawn.
jobs=$(dirname "$lines")/../../jobs
step() { # CODE COMMAND...: it ends so
  local code=$1 got=0
  shift
  timeout -k 5 "$limit" "$python" "$@" >out 2>err </dev/null || got=$?
  checks=$((checks + 1))
  [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: $*"
}
printf '%s\n' 'name = "here"' 'system = "plain"' 'cores = 2' "program = \"$SYNBAL\"" "launcher = \"$MPIRUN -n {ranks}\"" >machine.toml
cat >tiny.toml <<'EOT'
name = "tiny"
benchmark = "{subject}"
network = "{family}:nodes=256,degree=8,seed=1"
ranks = "{ranks}"
[grid]
subject = ["kernel", "solve"]
family = ["random"]
ranks = [1, 2]
[options]
repeats = 2
methods = "newton"
no-peers = true
array-bytes = 4194304
EOT
if python_has 'tomllib'; then
  step 0 "$jobs/campaign.py" plan tiny.toml --machine machine.toml
  step 0 "$jobs/campaign.py" submit tiny --go
  step 0 "$jobs/campaign.py" status tiny --wait
  step 0 "$jobs/campaign.py" collect tiny
  check "all are valid" grep -q ': 4 runs: 4 valid' out
  check "four lines" test "$(wc -l <tiny/benchmarks.jsonl)" -eq 4
  check "with parameters" grep -q '"parameters": {"subject": "kernel", "family": "random", "ranks": 2}' tiny/benchmarks.jsonl
  if python_has 'matplotlib'; then
    step 0 "$jobs/synbal_plot.py" scaling tiny/benchmarks.jsonl -o tiny.png
    step 3 "$jobs/synbal_plot.py" scaling tiny/table.csv
  fi
fi
finish
