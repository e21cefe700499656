#!/usr/bin/env bash
# Effective resistances from the outside: closed forms, series and parallel, ground, Foster's theorem, every way to ask; bad
# input gets one message and leaves files alone.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/laplacian_common.sh"
limit=120 # seconds for a run: four ranks may share two busy cores

# ---- closed forms

# sums KIND METHOD FORM: leverages fulfil Foster's theorem, resistances the closed form.
sums() {
  local what="$1: $2"
  check "$what: well-formed report" well_formed report.json
  if [ "$2" = estimate ]; then # of both directions, within the error that it states
    check "$what: Foster" true_that 'abs(s - 2 * f) <= (1e-9 + e) * 2 * f' s="$(total synapses.csv leverage)" \
      f="$(figure report.json foster_exact)" e="$(figure report.json predicted_error)"
    check "$what: says how good it is" true_that 'e >= 0 && e < 0.2' e="$(figure report.json predicted_error)"
    return
  fi
  check "$what: every edge" follows synapses.csv resistance "$3" 1e-9
  check "$what: Foster" true_that 'abs(t - 2 * f) <= 1e-10 * f && abs(s - f) <= 1e-10 * f' \
    t="$(total synapses.csv leverage)" s="$(figure report.json foster_sum)" f="$(figure report.json foster_exact)"
}

# All pairs of a graph with a closed form, every edge by every method, Foster's sum.
closed_form() {
  local kind ranks n form method methods="columns estimate"
  IFS=: read -r kind ranks <<<"$1"
  form="${kind}_form"
  "$kind" >net.mtx
  n=$(awk 'NR == 2 { print $1 }' net.mtx)
  awk -v n="$n" 'BEGIN { for (i = 1; i <= n; ++i) for (j = 1; j <= n; ++j) print i - 1, j - 1 }' >pairs
  expect 0 "$ranks" resistance net.mtx --conductances --pairs pairs -o pairs.csv --tolerance 1e-10
  check "$1: every pair" follows pairs.csv resistance "${!form}" 1e-9
  check "$1: as many pairs as asked for" test "$(wc -l <pairs.csv)" -eq $((n * n + 1))
  check "$1: brackets" awk -F, 'NR > 1 && $4 + 0 > $5 + 0 { exit 1 }' pairs.csv
  [ "$ranks" -gt 0 ] || methods+=" pairs"
  for method in $methods; do
    expect 0 "$ranks" resistance net.mtx --conductances --method "$method" -o synapses.csv --report report.json
    sums "$1" "$method" "${!form}"
  done
  [ "$ranks" -eq 0 ] || return
  for method in columns pairs; do
    expect 0 "$ranks" resistance net.mtx --conductances --from 2 --method "$method" -o from.csv
    awk -F, 'NR == 1 { print "i,j," $2 } NR > 1 { print 2 "," $1 "," $2 }' from.csv >from_pairs.csv
    check "$1: from one: $method" follows from_pairs.csv resistance "${!form}" 1e-7
  done
  expect 0 "$ranks" resistance net.mtx --conductances --all -o all.h5
  agrees "$1" net.mtx --conductances all=all.h5
}

# Pinned neurons are ground: the two ends of a chain of four unit conductances, held together.
ground() {
  local ranks
  edges 5 'for (i = 1; i < n; ++i) e(i, i + 1, 1)' >chain.mtx
  printf '0\n4\n' >pins
  printf '2 0\n1 0\n0 4\n1 3\n1 4\n' >pairs
  for ranks in 0 4; do
    expect 0 "$ranks" resistance chain.mtx --conductances --pinned pins --pairs pairs -o r.csv
    check "$ranks: to ground and around it" follows r.csv resistance \
      '(i == 3 && j == 1 ? 1 : i == 2 && (j == 1 || j == 5) ? 3 / 4 : i == 1 ? 0 : 1)' 1e-8
    expect 0 "$ranks" resistance chain.mtx --conductances --pinned pins --from 0 -o f.csv --method columns
    check "$ranks: from ground" test "$(awk -F, 'NR > 1 { printf "%.9f ", $2 }' f.csv)" = \
      "0.000000000 0.750000000 1.000000000 0.750000000 0.000000000 "
  done
}

# ---- how answers come

# Compressed or not, in a file or on the terminal.
formats() {
  local ranks
  weighted_path >net.mtx
  for ranks in 0 4; do
    for name in a.csv a.csv.gz; do expect 0 "$ranks" resistance net.mtx --conductances -o "$name"; done
    check "$ranks: compressed" cmp <(gzip -dc a.csv.gz) a.csv
    check "$ranks: a line for each synapse" test "$(wc -l <a.csv)" -eq 39
  done
  expect 0 2 resistance net.mtx --conductances --pair 0,19 --pair 4,5
  check "a small table on the terminal" test "$(grep -c '^ *[0-9][0-9]* *[0-9]' out)" -eq 2
  expect 0 2 -q resistance net.mtx --conductances --pair 1,2
  check "-q: an answer that goes to no file stays" grep -q '^resistance ' out
  expect 0 2 -q resistance net.mtx --conductances --pair 1,2 -o quiet.csv
  check "-q: nothing else is said" test ! -s out
}

# Exact on few neurons, an estimate on many, and where --solves or --checked ask for one; the summary says which.
by_itself() {
  local ask words method
  path >net.mtx
  for ask in --synapses "--from 3"; do
    for words in "" "--solves 9" "--checked 3" "--method estimate"; do
      method=columns
      [ -z "$words" ] || method=estimate
      # shellcheck disable=SC2086
      expect 0 0 resistance net.mtx --conductances $ask $words -o r.csv --report report.json
      check "$ask $words: $method" grep -q "^resistance .* by $method (" out
      check "$ask $words: reported" grep -q "\"method\": \"$method\"" report.json
      check "$ask $words: an error of estimates" test "$(grep -c '"quality"' report.json)" = $([ $method = estimate ]; echo $((1 - $?)))
    done
  done
  expect 0 0 generate random --nodes 3000 --degree 4 --seed 1 -o large.h5
  for ask in --synapses "--from 3"; do
    # shellcheck disable=SC2086
    expect 0 0 resistance large.h5 $ask -o r.csv
    check "$ask: many neurons" grep -q "^resistance .* by estimate (64 solves)" out
  done
}

# From the span of slow vectors: the same resistances from fewer iterations. Exact methods end by themselves where weak links
# keep the residual from 1e-12.
weak_links() {
  local ranks
  expect 0 0 generate modular --modules 4 --nodes 400 --degree 6 --sigma 1 --seed 1 -o net.h5
  awk 'BEGIN { for (i = 0; i < 8; ++i) print i, 399 - i }' >pairs
  expect 0 0 resistance net.h5 --pairs pairs --preconditioner jacobi -o plain.csv
  for ranks in 0 3; do
    expect 0 "$ranks" resistance net.h5 --pairs pairs --preconditioner jacobi --deflate 6 -o deflated.csv --report report.json
    check "$ranks: said" grep -q 'from the span of [3-6] slow vectors' out
    check "$ranks: reported" test "$(figure report.json deflated)" -ge 3
    check "$ranks: brackets meet" awk -F, 'FNR == 1 { next } NR == FNR { low[$1, $2] = $4; high[$1, $2] = $5; next }
      !($4 <= high[$1, $2] && $5 >= low[$1, $2]) { exit 1 }' plain.csv deflated.csv
    check "$ranks: fewer iterations" awk -F, 'FNR > 1 { sum[NR == FNR] += $8 } END { exit !(sum[0] < sum[1]) }' plain.csv \
      deflated.csv
    expect 0 "$ranks" resistance net.h5 --method columns -o columns.csv
    expect 0 "$ranks" laplacian diagonal net.h5 --exact -o diagonal.csv
  done
}

# What `--synapses` draws.
figure_of_a_run() {
  if ! python_has 'matplotlib, h5py, numpy'; then
    echo "left out: the picture, which needs matplotlib"
    return
  fi
  expect 0 0 generate random --nodes 50 --degree 4 --seed 1 -o net.h5
  for name in r.h5 r.csv; do
    expect 0 2 resistance net.h5 -o "$name"
    check "picture of $name" "$python" "$jobs/synbal_plot.py" resistance "$name" -o r.png
    check "picture: a PNG" test "$(head -c 4 r.png | tail -c 3)" = PNG
  done
}

# The smallest networks, also on more ranks than neurons.
nothing_there() {
  local n ranks
  for n in 0 1 4; do
    printf '%%%%MatrixMarket matrix coordinate real general\n%d %d 0\n' "$n" "$n" >empty.mtx
    for ranks in 0 3; do
      expect 0 "$ranks" resistance empty.mtx -o none.csv --report report.json
      check "$n neurons: a header alone" test "$(wc -l <none.csv)" -eq 1
      check "$n neurons: well-formed report" well_formed report.json
      expect 0 "$ranks" resistance empty.mtx --all -o all.h5 --conductances
      [ "$n" -gt 0 ] || continue
      expect 0 "$ranks" resistance empty.mtx --from 0 -o from.csv
      check "$n neurons: from one" test "$(tail -n +2 from.csv | cut -d, -f2 | tr '\n' ' ')" = \
        "0 $(yes inf | head -n $((n - 1)) | tr '\n' ' ')"
    done
  done
}

# ---- mistakes

mistakes() {
  path >net.mtx
  printf '1 2\n3 99\n' >beyond
  printf '%%%%MatrixMarket matrix coordinate real general\n3 3 2\n1 2 1\n2 1 2\n' >asymmetric.mtx
  printf '%%%%MatrixMarket matrix coordinate real symmetric\n3 3 1\n2 1 -1\n' >negative.mtx
  expect 0 0 generate random --nodes 50 --degree 4 --seed 1 -o other.h5
  expect 0 0 balance other.h5 -o other_result.h5
  printf 'id,x\nold' >out.csv # a table of ours
  expect_refusal 3 "no neuron has the id 21" 2 resistance net.mtx --pair 1,21 -o out.csv
  expect_refusal 3 "line 2: no neuron has the id 99" 2 resistance net.mtx --pairs beyond -o out.csv
  expect_refusal 3 "--from" 2 resistance net.mtx --from 20 -o out.csv
  expect_refusal 3 "row 1, column 2" 2 resistance asymmetric.mtx --conductances -o out.csv
  expect_refusal 3 "cannot be negative" 2 resistance negative.mtx --conductances -o out.csv
  expect_refusal 3 "result of this very network" 2 resistance net.mtx --at other_result.h5 -o out.csv
  expect_refusal 2 "'1' is no pair" 2 resistance net.mtx --pair 1 -o out.csv
  expect_refusal 5 "nowhere" 2 resistance net.mtx --pairs nowhere -o out.csv
  expect_refusal 5 "no/out.csv" 2 resistance net.mtx --pair 1,2 -o no/out.csv
  expect_refusal 2 "was not used" 2 resistance net.mtx --pair 1,2 -- -no_such_option 1
  # A tolerance that is not met: the best there is, marked.
  expect 4 3 resistance other.h5 --pair 1,20 --max-iterations 1 --preconditioner jacobi -o limited.csv
  check "marked" test "$(tail -n 1 limited.csv | cut -d, -f9)" = 0
  expect_refusal 2 "--all" 0 resistance net.mtx --all
  expect_refusal 2 ".h5" 0 resistance net.mtx --all -o out.csv
  expect_refusal 2 "one at a time" 0 resistance net.mtx --all --pair 1,2 -o out.csv
  expect_refusal 2 "--method" 0 resistance net.mtx --pair 1,2 --method columns -o out.csv
  expect_refusal 2 "--solves" 0 resistance net.mtx --pair 1,2 --solves 3 -o out.csv
  expect_refusal 2 "--deflate" 0 resistance net.mtx --pair 1,2 --deflate -1 -o out.csv
  expect_refusal 2 "--deflate" 0 resistance net.mtx --deflate 4 -o out.csv
  expect_refusal 2 "--solves" 0 resistance net.mtx --method columns --solves 3 -o out.csv
  expect_refusal 2 "--checked" 0 resistance net.mtx --from 1 --method pairs --checked 3 -o out.csv
  expect_refusal 2 "--power" 0 resistance net.mtx --conductances --power 1 -o out.csv
  expect_refusal 2 "--at 'somewhere'" 0 resistance net.mtx --at somewhere -o out.csv
  expect_refusal 2 "reads or writes it already" 0 resistance net.mtx -o net.mtx.csv --report net.mtx.csv
  expect_refusal 2 "--no-such" 0 resistance net.mtx --no-such
  check "what stood there is untouched" test "$(cat out.csv)" = "$(printf 'id,x\nold')"
  # Pairs in different parts are no mistake, but said.
  two_parts >two.mtx
  expect 0 2 resistance two.mtx --conductances --pair 0,15 --pair 1,2
  check "infinite across parts" grep -q ' inf ' out
  check "and said so" grep -q 'different components: infinite' out
}

jobs=$(cd "$here/../../jobs" && pwd)
words=""
for kind in $graphs; do words+=" $kind:0 $kind:4"; done
run_one() {
  rm -rf ./*
  case $1 in
  *:*) closed_form "$1" ;;
  *) "$1" ;;
  esac
}
# shellcheck disable=SC2086
share_out run_one mistakes nothing_there by_itself weak_links formats figure_of_a_run ground $words
finish
