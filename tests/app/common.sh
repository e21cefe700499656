# What the tests of the program share: a scratch folder, guarded runs, expectations that count failures, and figures out
# of a JSON report. SYNBAL is the program, MPIRUN the command to put before `-n P`.
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
: "${MPIRUN:=mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Seconds, twice, in which mpirun lets ranks go after one has left with an error code, though all are gone.
export OMPI_MCA_odls_base_sigkill_timeout=0

# time_to_answer: for tests whose ranks are to answer the signals that mpirun passes on, or that lose one.
time_to_answer() { unset OMPI_MCA_odls_base_sigkill_timeout; }

# The system's python3 has what the scripts install, and starts in a tenth of the time that wrappers take which may come
# before it in PATH.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
# python_has MODULES: whether all of them are there ("numpy, scipy"), in the first python3 of PATH if not in the system's.
python_has() {
  "$python" -c "import $1" 2>/dev/null || { python3 -c "import $1" 2>/dev/null && python=python3; }
}

# cut_partition: the partition that moves neurons, or nnz where PT-Scotch cannot be asked.
cut_partition() {
  local said known=$scratch/.cut_partition
  if [ ! -e "$known" ]; then
    said=$("$SYNBAL" info random:nodes=8,degree=2 --partition ptscotch 2>&1 >/dev/null)
    if [[ $said == *"ptscotch is not available"* ]]; then echo nnz; else echo ptscotch; fi >"$known.$BASHPID"
    mv "$known.$BASHPID" "$known"
  fi
  cat "$known"
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
checks=0
limit=60 # seconds for a run

# synbal RANKS WORDS...: one guarded run with stdout in ./out, stderr in ./err and the exit code as its own; 0 ranks means
# without mpirun.
synbal() {
  local ranks=$1
  shift
  if [ "$ranks" -eq 0 ]; then
    timeout -k 5 "$limit" "$SYNBAL" "$@" >out 2>err </dev/null
  else
    # shellcheck disable=SC2086
    timeout -k 5 "$limit" $MPIRUN -n "$ranks" "$SYNBAL" "$@" >out 2>err </dev/null
  fi
}

# fail WORDS...: one failure, with what the last run said.
fail() {
  failures=$((failures + 1))
  echo "FAILED: $*"
  sed 's/^/    out: /' out 2>/dev/null | head -n 5
  sed 's/^/    err: /' err 2>/dev/null | head -n 8
}

# check WHAT COMMAND...: the command succeeds.
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  "$@" || fail "$what ($*)"
}

# expect CODE RANKS WORDS...: the run ends with this exit code.
expect() {
  local code=$1 got=0
  shift
  synbal "$@" || got=$?
  checks=$((checks + 1))
  [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: synbal on $1 rank(s): ${*:2}"
}

# expect_refusal CODE WORD RANKS WORDS...: this exit code and exactly one message, which contains WORD.
expect_refusal() {
  local code=$1 word=$2
  shift 2
  expect "$code" "$@"
  check "one message: ${*:2}" test "$(grep -c '^synbal: error:' err)" -eq 1
  check "the message names '$word': ${*:2}" grep -qF -- "$word" <(grep '^synbal: error:' err)
}

# figure FILE.json KEY: the first value of a key, wherever in the report, as JSON writes it ("null" where it is not known);
# OUTER/KEY: within the first OUTER.
figure() {
  "$python" - "$1" "$2" <<'PYTHON'
import json
import sys
def values(node, key):
    for k, v in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if k == key:
            yield v
        yield from values(v, key)
with open(sys.argv[1], encoding="utf-8") as report:
    node = json.load(report)
for key in sys.argv[2].split("/"):
    node = next(values(node, key))
print(json.dumps(node))
PYTHON
}

# true_that EXPRESSION [NAME=VALUE...]: a comparison of numbers; false where one of them is not a number.
true_that() {
  local expression=$1 pair
  shift
  local words=()
  for pair in "$@"; do
    [[ ${pair#*=} =~ ^-?[0-9.]+([eE][-+]?[0-9]+)?$ ]] || return 1
    words+=(-v "$pair")
  done
  awk "${words[@]}" "function abs(x) { return x < 0 ? -x : x } BEGIN { exit !($expression) }"
}

# well_formed FILE.json: JSON without NaN and Infinity, which python3 would take.
well_formed() {
  "$python" - "$1" <<'PYTHON'
import json
import sys
def refuse(word):
    raise ValueError(word)
with open(sys.argv[1], encoding="utf-8") as report:
    json.load(report, parse_constant=refuse)
PYTHON
}

# share_out FUNCTION WORDS...: the function with each word, by a few workers (a run mostly waits for MPI to start and to
# end), each in a folder of its own, one level down; their checks and failures are added to ours.
workers=4
share_out() {
  local function=$1 worker failed more word
  shift
  for ((worker = 0; worker < workers; worker++)); do
    (
      checks=0 failures=0 count=0
      mkdir "worker$worker" && cd "worker$worker" || exit 1
      for word in "$@"; do
        if [ $((count++ % workers)) -eq "$worker" ]; then "$function" "$word"; fi
      done
      echo "$checks $failures" >tally
    ) &
  done
  wait
  for ((worker = 0; worker < workers; worker++)); do
    read -r more failed <"worker$worker/tally" || { more=1 failed=1; }
    checks=$((checks + more)) failures=$((failures + failed))
    rm -rf "worker$worker"
  done
}

skip() {
  echo "skipped: $*"
  exit 77
}

finish() {
  echo "$checks checks, $failures failed, $SECONDS s"
  exit $((failures > 0))
}
