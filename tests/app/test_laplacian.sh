#!/usr/bin/env bash
# `laplacian` from the outside: closed forms, the smallest networks on more ranks than neurons; bad input gets one message
# and leaves files alone.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/laplacian_common.sh"
limit=120 # four ranks may share two busy cores

# column FILE.csv NAME FORM TOLERANCE: value FORM (in the words of awk, i being the number of the neuron from 1, one more than its id) in every row, absolute.
column() {
  awk -F, -v name="$2" -v tolerance="$4" "
    function abs(x) { return x < 0 ? -x : x }
    NR == 1 { for (k = 1; k <= NF; ++k) if (\$k == name) at = k; next }
    { i = \$1 + 1; ++rows; if (abs(\$at - ($3)) > tolerance) { print \"row \" NR \": \" \$0 \", wanted \" $3; wrong = 1 } }
    END { exit wrong || !rows || !at }" "$1" >&2
}

# values FILE.json: the eigenvalues of a report, on a line.
values() { awk '/"value": \[/ { on = 1; next } on && /\]/ { exit } on { gsub(/[ ,]/, ""); printf "%s ", $0 }' "$1"; }

# near "A B ..." "C D ..." TOLERANCE: as many numbers, each as near, relative.
near() {
  awk -v a="$1" -v b="$2" -v tolerance="$3" 'BEGIN { n = split(a, x, " "); m = split(b, y, " ")
    if (n != m || n == 0) exit 1
    for (k = 1; k <= n; ++k) { d = x[k] - y[k]; if (d < 0) d = -d; if (d > tolerance * y[k]) exit 1 } }'
}

# ---- closed forms

# Current through a chain: x falls evenly. Two columns at once, the second not consistent: its mean is projected out.
solves() {
  local ranks
  path >net.mtx
  awk 'BEGIN { print "# in, out; and a constant"; for (i = 1; i <= 20; ++i) print (i == 1) - (i == 20) ", " 3 }' >rhs
  awk 'BEGIN { for (i = 1; i <= 20; ++i) print (i == 1) - (i == 20) }' >one
  for ranks in 0 4; do
    expect 0 "$ranks" laplacian solve net.mtx --conductances --rhs rhs -o x.csv --report report.json
    check "$ranks: well-formed report" well_formed report.json
    check "$ranks: even fall" column x.csv x_1 '9.5 - (i - 1)' 1e-9
    check "$ranks: nothing is left of a constant" column x.csv x_2 0 1e-12
    check "$ranks: and it is said" true_that 'p > 0.999999' p="$(figure report.json largest_projected)"
  done
  for words in jacobi incomplete multigrid direct auto; do
    expect 0 2 laplacian solve net.mtx --conductances --rhs one -o x.csv --preconditioner "$words"
    check "$words: even fall" column x.csv x '9.5 - (i - 1)' 1e-6
  done
  complete >net.mtx
  awk 'BEGIN { for (i = 1; i <= 12; ++i) print (i == 1) }' >rhs
  expect 0 2 laplacian solve net.mtx --conductances --rhs rhs -o x.csv -- -laplacian_pc_type sor
  check "complete: a column of L^+" column x.csv x '((i == 1) - 1 / 12) / 12' 1e-8
}

diagonals() {
  local ranks
  for ranks in 0 4; do
    complete >net.mtx
    expect 0 "$ranks" laplacian diagonal net.mtx --conductances --exact -o d.csv
    check "$ranks: complete" column d.csv diagonal '11 / 144' 1e-12
    cycle >net.mtx
    expect 0 "$ranks" laplacian diagonal net.mtx --conductances --exact -o d.csv
    check "$ranks: cycle" column d.csv diagonal '(15 * 15 - 1) / (12 * 15)' 1e-11
    expect 0 "$ranks" laplacian diagonal net.mtx --conductances --solves 200 -o d.csv --report report.json
    check "$ranks: an estimate, near" column d.csv diagonal '(15 * 15 - 1) / (12 * 15)' 0.6
    check "$ranks: well-formed report" well_formed report.json
    check "$ranks: says how good it is" true_that 'e > 0 && e < 0.3' e="$(figure report.json predicted_error)"
  done
}

# Exact on few neurons, an estimate on many, and where --solves or --checked ask for one; the summary says which.
by_itself() {
  local words
  cycle >net.mtx
  expect 0 0 laplacian diagonal net.mtx --conductances -o d.csv
  check "few: exact" grep -q '^diagonal .* exact from 15 solves' out
  check "few: and so it is" column d.csv diagonal '(15 * 15 - 1) / (12 * 15)' 1e-11
  for words in "--solves 64" "--checked 3"; do
    # shellcheck disable=SC2086
    expect 0 0 laplacian diagonal net.mtx --conductances $words -o d.csv
    check "$words: an estimate" grep -q '^diagonal .* estimate from 64 solves' out
  done
  expect 0 0 generate random --nodes 3000 --degree 4 --seed 1 -o large.h5
  expect 0 0 laplacian diagonal large.h5 -o d.csv
  check "many: an estimate" grep -q '^diagonal .* estimate from 64 solves' out
}

modes() {
  local ranks
  for ranks in 0 4; do
    path >net.mtx
    expect 0 "$ranks" laplacian modes net.mtx --conductances --count 4 --tolerance 1e-11 -o m.csv --report report.json
    check "$ranks: path" near "$(values report.json)" \
      "$(awk 'BEGIN { for (k = 1; k <= 4; ++k) printf "%.15g ", 2 - 2 * cos(3.14159265358979312 * k / 20) }')" 1e-9
    check "$ranks: well-formed report" well_formed report.json
    complete >net.mtx
    expect 0 "$ranks" laplacian modes net.mtx --conductances --count 20 -o m.h5 --report report.json
    check "$ranks: complete: all there are" near "$(values report.json)" "$(yes 12 | head -n 11 | tr '\n' ' ')" 1e-9
    expect 0 "$ranks" laplacian modes net.mtx --conductances --count 3 --normalised -o m.h5 --report report.json
    check "$ranks: complete: random walk" near "$(values report.json)" "$(yes 1.09090909090909 | head -n 3 | tr '\n' ' ')" 1e-9
  done
}

# Two nodes exchange heat; a third one, alone, keeps its own.
heats() {
  local ranks
  edges 3 'e(1, 2, 0.5)' >net.mtx
  printf '1\n0\n7\n' >start
  for ranks in 0 4; do
    expect 0 "$ranks" laplacian heat net.mtx --conductances --initial start --times 0,0.5,3 -o h.csv
    check "$ranks: at the start" column h.csv u_1 '(i == 1 ? 1 : i == 2 ? 0 : 7)' 1e-12
    check "$ranks: then" column h.csv u_2 '(i == 3 ? 7 : (1 + (i == 1 ? 1 : -1) * exp(-0.5)) / 2)' 1e-9
    check "$ranks: later" column h.csv u_3 '(i == 3 ? 7 : (1 + (i == 1 ? 1 : -1) * exp(-3)) / 2)' 1e-9
  done
}

# ---- the smallest networks, also on more ranks than neurons

nothing_there() {
  local n ranks
  for n in 0 1 4; do
    printf '%%%%MatrixMarket matrix coordinate real general\n%d %d 0\n' "$n" "$n" >empty.mtx
    yes 1.5 | head -n "$n" >rhs
    for ranks in 0 3; do
      expect 0 "$ranks" laplacian solve empty.mtx --rhs rhs -o x.csv --report report.json
      check "$n: zeros" test "$(tail -n +2 x.csv | cut -d, -f2 | tr '\n' ' ')" = "$(yes 0 | head -n "$n" | tr '\n' ' ')"
      check "$n: well-formed report" well_formed report.json
      expect 0 "$ranks" laplacian modes empty.mtx --conductances -o m.h5
      expect 0 "$ranks" laplacian diagonal empty.mtx --conductances -o d.h5
      expect 0 "$ranks" laplacian heat empty.mtx --times 0,1 -o h.csv --conductances --initial rhs
      check "$n: no heat is lost" test "$(tail -n +2 h.csv | cut -d, -f3 | tr '\n' ' ')" = \
        "$(yes 1.5 | head -n "$n" | tr '\n' ' ')"
    done
  done
}

# ---- mistakes

mistakes() {
  path >net.mtx
  printf '1\n2\n' >short
  yes 1 | head -n 19 | cat - <(echo two) >words
  yes 1 | head -n 19 | cat - <(echo nan) >nan
  yes 1 | head -n 19 | cat - <(echo 1 2) >ragged
  yes 1 | head -n 20 >rhs
  printf '%%%%MatrixMarket matrix coordinate real general\n3 3 2\n1 2 1\n2 1 2\n' >asymmetric.mtx
  expect 0 0 generate random --nodes 100 --degree 4 --seed 1 -o random.h5
  printf 'id,x\nold' >out.csv # a table of ours
  local solve=(laplacian solve net.mtx -o out.csv --rhs)
  expect_refusal 3 "2 lines with numbers for 20 neurons" 3 "${solve[@]}" short
  expect_refusal 3 "line 20: 'two' is not a number" 3 "${solve[@]}" words
  expect_refusal 3 "line 20: value 'nan'" 3 "${solve[@]}" nan
  expect_refusal 3 "same number" 3 "${solve[@]}" ragged
  expect_refusal 5 "nowhere" 3 "${solve[@]}" nowhere
  expect_refusal 2 "which dataset" 0 "${solve[@]}" random.h5
  expect_refusal 3 "has no dataset /b" 3 "${solve[@]}" random.h5:/b
  expect_refusal 3 "row 1, column 2" 3 laplacian modes asymmetric.mtx --conductances -o out.csv
  expect_refusal 5 "no/out.csv" 3 laplacian solve net.mtx --rhs rhs -o no/out.csv
  expect_refusal 2 ".csv.gz" 0 laplacian solve net.mtx --rhs rhs -o out.txt
  expect_refusal 2 "give --rhs" 0 laplacian solve net.mtx --conductances -o out.csv
  expect_refusal 2 "would destroy it" 0 laplacian solve net.mtx --rhs rhs.csv -o rhs.csv
  expect_refusal 2 "was not used" 3 "${solve[@]}" rhs -- -no_such_option 1
  expect_refusal 2 "'-1' is no time" 3 laplacian heat net.mtx --times=-1,2 -o out.csv
  expect_refusal 2 "ascending" 0 laplacian heat net.mtx --times 1,3,2 -o out.csv
  expect_refusal 2 "'x' is no time" 0 laplacian heat net.mtx --times 1,x -o out.csv
  expect_refusal 2 "--count" 0 laplacian modes net.mtx --count 0 -o out.csv
  expect_refusal 2 "--exact" 0 laplacian diagonal net.mtx --exact --solves 3 -o out.csv
  expect_refusal 2 "--no-such" 0 laplacian solve net.mtx --no-such -o out.csv
  expect_refusal 2 "Give one of solve, modes" 0 laplacian
  check "what stood there is untouched" test "$(cat out.csv)" = "$(printf 'id,x\nold')"
  # Tolerances that are not met: the best there is, marked.
  expect 4 3 laplacian solve random.h5 --max-iterations 2 --preconditioner jacobi -o x.h5 --report report.json
  check "marked" test "$(figure report.json all_converged)" = false
  check "with the residual there is" true_that 'r > 1e-8 && r < 1' r="$(figure report.json largest_residual)"
  check "and said" grep -q 'NOT REACHED' out
  expect 4 0 laplacian solve random.h5 --tolerance 1e-16 --max-iterations 500 -o x.h5
}

run_one() {
  rm -rf ./*
  "$1"
}
share_out run_one mistakes nothing_there by_itself modes solves diagonals heats
finish
