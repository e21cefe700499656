#!/usr/bin/env bash
# What people see on a terminal: one line of progress that fits, foresees the end and is gone before the summary; colours
# there alone; signs of life of every command whose work is long; the cause of an end that came too early, and a remedy.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
unset NO_COLOR CLICOLOR_FORCE

# on_terminal COLUMNS COMMAND...: into seen.json.
on_terminal() { timeout -k 5 "$limit" env TERM=xterm COLUMNS="$1" "$python" "$here/terminal.py" "$@" >seen.json; }
# seen EXPRESSION: of the JSON's code, screen, shown, raw.
seen() {
  checks=$((checks + 1))
  "$python" - "$1" <<'PYTHON' || fail "$1"
import json, sys
seen = json.load(open("seen.json"))
code, screen, shown, raw = (seen[key] for key in ("code", "screen", "shown", "raw"))
status = [row for row in shown if row.startswith("balance ") or row.startswith("balance:")]
if not eval(sys.argv[1]):
    sys.exit("code %s, screen:\n%s\nshown: %s" % (code, "\n".join(screen), status))
PYTHON
}

# Visits at random need a minute for so large a lattice, however they are helped: some seconds of them.
slow=(balance lattice:nodes=200000,degree=4 -o slow.h5 --method stochastic --checkpoint-interval 0 --max-walltime 4s)
for columns in 80 40; do
  on_terminal $columns "$SYNBAL" "${slow[@]}"
  seen 'code == 4'
  seen 'any("imbalance" in row for row in status)'
  seen "all(len(row) < $columns for row in status)"
  seen 'not any(row.startswith("balance ") or row.startswith("balance:") for row in screen)'
  seen 'any(row.startswith("network") for row in screen)'
  seen '"\x1b[33mwarning:\x1b[0m --max-walltime ended the run" in raw.replace("\r\n", "\n")'
  [ "$columns" -eq 40 ] || seen 'any("ETA" in row for row in status)'
done
expect 4 0 "${slow[@]}"
check "lines of their own elsewhere" grep -q '^synbal: balance: iteration .* elapsed' err
check "no control characters" test -z "$(tr -d '\n -~' <err)"
check "the cause and a remedy" grep -q 'warning: --max-walltime ended the run: allow more time' err

# Colours are for people.
expect 0 0 generate ring --nodes 30 --sigma 1 -o net.h5
expect 0 0 balance net.h5 -o b.h5
on_terminal 80 "$SYNBAL" verify net.h5 b.h5
seen '"\x1b[32mPASS" in raw and "\x1b[31m" not in raw'
NO_COLOR=1 on_terminal 80 "$SYNBAL" verify net.h5 b.h5
seen '"PASS" in raw and "\x1b[" not in raw'
expect 0 0 verify net.h5 b.h5
check "none in a file" test -z "$(tr -d '\n -~' <out)"
expect 0 2 verify net.h5 b.h5
check "none behind mpirun, which may write it anywhere" test -z "$(tr -d '\n -~' <out)"
CLICOLOR_FORCE=1 expect 0 0 verify net.h5 b.h5
check "unless they are asked for" grep -q $'\x1b\[32mPASS' out

# Limits are named as causes; what cannot be done is said.
expect 4 0 balance net.h5 -o few.h5 --max-iterations 2
check "iterations" grep -q 'warning: the limit of 2 iterations ended the run: allow more (--max-iterations)' err
expect 4 0 laplacian modes random:nodes=3000,degree=6,sigma=2 --count 8 --max-iterations 1 -o m.h5
check "iterations of modes" grep -q 'warning: --max-iterations ended the search' err
if grep -q 'rounding hides' out err; then fail "rounding is blamed for a limit"; fi
expect 4 0 laplacian solve random:nodes=3000,degree=6 --max-iterations 2 -o x.h5
check "iterations of a solve" grep -q 'warning: the tolerance was not reached: try' err
expect 0 0 generate layered --layers 5,4,3 -o layers.h5
printf '%s\n' '%%MatrixMarket matrix coordinate real general' '3 3 2' '2 1 1' '3 2 1' >chain.mtx
expect 0 0 balance chain.mtx -o chain.h5
check "nothing to balance is a warning" grep -q 'warning: nothing to balance: no free neuron is on a cycle' err
printf '%s\n' '%%MatrixMarket matrix coordinate real general' '2 2 2' '1 2 1e200' '2 1 3e190' >huge.mtx
expect 0 0 info huge.mtx
check "costs beyond doubles as powers of ten" grep -q '^cost  *10^400.* now.*10^3[0-9][0-9]' out


# Shares and costs add up, and both commands say the same: 1 of 35 is 2.86 %; what doubles cannot tell is said in words.
between() { printf '%s\n' '%%MatrixMarket matrix coordinate real general' '3 3 3' '1 2 3' '2 1 5' "3 1 $1" >between.mtx; }
told='             1 synapse leads from one component to another: '
between 1
for command in "info between.mtx" "balance between.mtx -o between.h5 --force"; do
  # shellcheck disable=SC2086
  expect 0 0 $command
  check "$command: share and cost beside 34" grep -qxF "${told}2.86 % of the cost cannot be balanced (1, beside the costs below)" out
done
between 1e20
expect 0 0 info between.mtx
check "not all" grep -qxF "${told}nearly all of the cost cannot be balanced (1e+40, beside the costs below)" out
between 1e200
expect 0 0 info between.mtx
check "beyond doubles" grep -qxF "${told}nearly all of the cost cannot be balanced (beyond 10^308, beside the costs below)" out

# The header alone, beside the option of edge lists that is called the same.
expect 0 0 info net.h5 --header
check "sizes" grep -q '^network .* 30 neurons, 60 synapses as stored' out
check "memory" grep -q 'about .* on 8 ranks' out
printf '1,2,3\n2,1,3\n' >two.csv
expect 0 0 info two.csv --header no
check "two synapses without a header" grep -q '2 neurons, 2 synapses$' out
expect 0 0 info --header-only two.csv --report r.json
check "as many in the report" true_that "n == 2" n="$(figure r.json nnz)"

# Many at once, each started alone.
at_once() { for ((k = 0; k < 12; k++)); do "$SYNBAL" -q info net.h5 >/dev/null || echo failed & done 2>&1; wait; }
check "runs that are started alone do not meet" test -z "$(at_once)"

# Work without iterations of its own shows those of its solves.
expect 0 0 laplacian solve lattice:nodes=160000,degree=6 --preconditioner jacobi --tolerance 1e-13 -o x.h5
check "signs of life in a solve" grep -q '^synbal: laplacian: iteration .* residual .* ETA' err
finish
