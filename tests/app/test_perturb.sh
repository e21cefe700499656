#!/usr/bin/env bash
# `perturb`: predictions against networks that are balanced again, at several rank counts; what it writes; what it refuses.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

synbal 0 generate ring --nodes 12 -o ring.h5 || { echo "cannot generate"; exit 1; }
synbal 0 generate random --nodes 60 --degree 6 --sigma 1 --seed 3 -o random.h5 || { echo "cannot generate"; exit 1; }
# Two cycles of neurons (0 1 2) and (3 4 5), which the file counts from 1, both ways, a synapse from the first to the second, a self-loop.
cat >two.mtx <<'END'
%%MatrixMarket matrix coordinate real general
6 6 14
1 2 1
2 1 2
2 3 1
3 2 1
1 3 3
3 1 1
4 5 1
5 4 2
5 6 1
6 5 1
4 6 3
6 4 1
5 2 4
6 6 7
END
printf '0\n1\n' >pinned.ids

# value FILE.csv COLUMN NUMBER: of the NUMBER-th row.
value() { awk -F, -v name="$2" -v row="$3" 'NR == 1 { for (k = 1; k <= NF; k++) if ($k == name) c = k } NR == row + 1 { print $c }' "$1"; }

# Eq. 46 for synapse 5 <- 4 in a row of a table: -2 itself, +2 the opposite one, -1 inputs of 5 and outputs of 4, +1 else.
signs_of_equation_46() {
  awk -F, 'NR > 1 { post = $1; pre = $2; s = (pre == 5) - (pre == 4) + (post == 4) - (post == 5)
                    if (s * 0.02 - $6 > 1e-12 || $6 - s * 0.02 > 1e-12) bad++ } END { exit bad > 0 || NR != 25 }' "$1"
}

# Halving eta halves the relative error of the prediction; c R of a ring is 11/24.
try_ring() {
  local ranks=$1 before error
  for factor in 1.02 1.01; do
    expect 0 "$ranks" perturb ../ring.h5 --synapse 5,4 --factor $factor -o ring.csv --report report.json
    before=${error:-}
    error=$(sed -n '/"response": {/,/}/p' report.json | sed -n 's/.*"relative_error": \([^,]*\),*/\1/p')
  done
  check "error proportional to eta on $ranks" true_that 'abs(a / b - 2) < 0.02 && b < 0.01' a="$before" b="$error"
  # R = 11/24 in the closed form -q c R / (2 (1 + q c R)), q = 1.01^2 - 1
  check "the quadratic model on $ranks" true_that 'abs(a + b / (2 * (1 + b))) < 1e-12' \
    a="$(figure report.json quadratic_log_change)" b="$(awk 'BEGIN { printf "%.17g", (1.01 ^ 2 - 1) * 11 / 24 }')"
  check "the report is JSON" well_formed report.json
  check "-c R is 11/24" true_that 'abs(a + 11 / 24) < 1e-8' a="$(figure report.json minus_c_r)"
  check "signs of equation 46 on $ranks" signs_of_equation_46 ring.csv
}

# The same answers whatever the rank count.
try_random() {
  local ranks=$1
  expect 0 "$ranks" perturb ../random.h5 --synapses all --truth 5 --factor 1.001 --seed 2 -o all.csv --report all.json
  check "errors below eta on $ranks" true_that 'a > 0 && a < 0.002' a="$(figure all.json largest_response_error)"
  check "five were balanced again" test "$(figure all.json balanced_again)" = 5
  check "all converged" test "$(figure all.json all_converged)" = true
  check "a row for every synapse" test "$(wc -l <all.csv)" -eq 361
  cut -d, -f1-4 all.csv | sort >"../chosen.$ranks"
  awk -F, 'NR > 1 { sum += $10 } END { printf "%.9f\n", sum }' all.csv >"../sum.$ranks"
}

share_out try_ring 0 2 4
share_out try_random 0 3
check "the same sample on 3 ranks" cmp chosen.0 chosen.3
check "the same resistances on 3 ranks" true_that 'abs(a / b - 1) < 1e-8' a="$(cat sum.0)" b="$(cat sum.3)"

# close PAIRS.csv OTHER.csv MOST MEAN: every synapse's -c R agrees with that of its own solve, relative to that; brackets
# stand with those that were solved alone, nowhere else.
close() {
  awk -F, -v most="$3" -v mean="$4" '
    FNR == 1 { next }
    NR == FNR { exact[$1, $2] = $10; next }
    { off = $10 - exact[$1, $2]; if (off < 0) off = -off
      if (off > -most * exact[$1, $2] || $6 == "nan" || $7 == "nan") bad++
      if (($4 == 1 || $3 == 0) != ($8 != "nan" && $9 != "nan")) bad++
      if ($4 == 1 && !($8 <= $7 && $7 <= $9)) bad++
      if ($4 == 0 && $3 == 1) { sum += off / -exact[$1, $2]; count++ }
      rows++ }
    END { exit bad > 0 || !(count > 0) || sum > mean * count || rows < 8 || rows != length(exact) }' "$1" "$2"
}
# section FILE.json KEY: of how the resistances were found.
section() { figure "$1" "resistances/$2"; }

# The ways to the resistances of synapses that are not balanced again agree with each synapse's own solve, beside ground,
# too (where nothing is left to estimate); an estimate within the error that it tells.
synbal 0 perturb random.h5 --synapses all --truth 3 --factor 1.01 --method pairs -o random.pairs.csv
printf '0 1\n1 0\n1 2\n2 1\n0 2\n2 0\n3 4\n4 1\n5 5\n' >pinned.txt
pinned=(two.mtx --pinned pinned.ids --synapses pinned.txt --truth 2 --factor 1.01)
synbal 0 perturb "${pinned[@]}" -o pinned.pairs.csv --report pinned.pairs.json
check "few synapses: pairs" test "$(section pinned.pairs.json method)" = '"pairs"'
pinned[0]=../two.mtx pinned[2]=../pinned.ids pinned[4]=../pinned.txt
try_method() {
  local method=${1%.*} ranks=${1#*.} most=1e-8 mean=1e-8
  expect 0 "$ranks" perturb ../random.h5 --synapses all --truth 3 --factor 1.01 --method "$method" -o random.csv \
    --report random.json
  check "$method: the summary says so" grep -q "^resistances  by $method ([0-9]* solves); 3 solved alone" out
  check "$method: the report says so" test "$(section random.json method)" = "\"$method\""
  check "$method: three were solved alone" test "$(section random.json pairs)" = 3
  check "$method: the report is JSON" well_formed random.json
  if [ "$method" = estimate ]; then
    check "its error is told" true_that 'a > 0 && a < 0.1 && b > 0 && b < 0.1' \
      a="$(section random.json predicted_error)" b="$(section random.json checked_mean)"
    check "and shown" grep -q '^error .* as the scatter of the random solves says' out
    most=$(awk -v a="$(section random.json checked_max)" 'BEGIN { print 2 * a }')
    mean=$(awk -v a="$(section random.json predicted_error)" 'BEGIN { print 1.5 * a }')
  else
    check "one solve per neuron" test "$(section random.json solves)" = 60
  fi
  check "$method on $ranks: as by pairs" close ../random.pairs.csv random.csv "$most" "$mean"
  expect 0 "$ranks" perturb "${pinned[@]}" --method "$method" -o pinned.csv
  check "$method on $ranks, pinned: as by pairs" close ../pinned.pairs.csv pinned.csv 1e-8 1e-8
}
share_out try_method columns.0 estimate.0 columns.3 estimate.3

# What is taken by itself.
synbal 0 generate random --nodes 350 --degree 6 --seed 3 -o many.h5
synbal 0 generate random --nodes 6000 --degree 3 --seed 3 -o large.h5
expect 0 0 perturb many.h5 --synapses all --truth none --factor 1.01 --report many.json
check "many synapses: columns" test "$(section many.json method)" = '"columns"'
expect 0 0 perturb large.h5 --synapses all --truth none --factor 1.01 --report large.json
check "many neurons, too: an estimate" test "$(section large.json method)" = '"estimate"'
check "by 64 solves" test "$(section large.json solves)" = 64
expect 0 0 perturb random.h5 --synapses all --truth none --factor 1.01 --solves 8 --report few.json
check "--solves asks for an estimate" test "$(section few.json solves)" = 8

# Several at once, with sums of neurons: what comes into a neuron more, goes out more.
printf '0 1\n3 4\n' >list.txt
expect 0 2 perturb two.mtx --synapses list.txt --together --factor 0.9 -o both.h5 --neurons neurons.csv --report both.json
check "the error is of the order of eta" true_that 'a > 0 && a < 0.2' a="$(sed -n '/"response": {/,/}/p' both.json | sed -n 's/.*"relative_error": \([^,]*\),*/\1/p')"
check "in-costs change like out-costs" \
  awk -F, 'NR > 1 && ($8 - $9 > 1e-9 || $9 - $8 > 1e-9) { bad++ } END { exit bad > 0 || NR != 7 }' neurons.csv
expect 0 0 perturb two.mtx --synapses list.txt --factor 0.9 -o each.csv
check "measured of the first" true_that 'a / b > 0.8 && a / b < 1.2' a="$(value each.csv measured_over_eta 1)" b="$(value each.csv minus_c_r 1)"

# A synapse that takes no part changes nothing; so does a self-loop.
for synapse in 4,1 5,5; do
  expect 0 2 perturb two.mtx --synapse $synapse --factor 2 --report none.json
  check "$synapse takes no part" test "$(figure none.json taking_part)" = 0
  check "$synapse moves nothing" test "$(figure none.json predicted_norm)" = 0.0
  check "it says so" grep -q 'no response' out
  check "it lists no responses" true_that 'a == 0' a="$(grep -c 'at a distance' out)"
  check "nor does the report" grep -q '"distant": \[\]' none.json
done

# Pinned neurons are ground.
expect 0 2 perturb two.mtx --pinned pinned.ids --synapse 2,0 --factor 1.01 --report pinned.json
check "pinned: the error is of the order of eta" true_that 'a >= 0 && a < 0.02' \
  a="$(sed -n '/"response": {/,/}/p' pinned.json | sed -n 's/.*"relative_error": \([^,]*\),*/\1/p')"

# From a result of `balance`, and from costs that are no equilibrium.
expect 0 0 balance random.h5 -o random.result.h5
expect 0 0 perturb random.h5 --synapses all --truth none --factor 1.1 -o rows.csv
synapse=$(sed -n 2p rows.csv | cut -d, -f1,2)
expect 0 2 perturb random.h5 --at random.result.h5 --synapse "$synapse" --factor 1.1
expect_refusal 3 "not at its equilibrium" 2 perturb random.h5 --at current --synapse "$synapse" --factor 1.1
expect 0 0 perturb ring.h5 --at current --synapse 5,4 --factor 1.1

# Bad input.
expect_refusal 3 "no synapse from neuron 7" 2 perturb ring.h5 --synapse 5,7 --factor 1.1
expect_refusal 3 "99" 0 perturb ring.h5 --synapse 5,99 --factor 1.1
for factor in 0 1 -2 nan inf; do
  expect_refusal 2 "--factor" 0 perturb ring.h5 --synapse 5,4 --factor=$factor
done
expect_refusal 2 "--factor" 0 perturb ring.h5 --synapse 5,4
expect_refusal 2 "--synapse" 0 perturb ring.h5 --factor 2
expect_refusal 2 "--synapse" 0 perturb ring.h5 --synapse 5,4 --synapses all --factor 2
expect_refusal 2 "--synapse" 0 perturb ring.h5 --synapse 5 --factor 2
expect_refusal 2 "named twice" 2 perturb ring.h5 --synapse 5,4 --synapse 5,4 --together --factor 2
expect_refusal 2 "--truth" 0 perturb ring.h5 --synapse 5,4 --factor 2 --truth some
expect_refusal 2 "--method" 0 perturb ring.h5 --synapses all --factor 2 --method rows
expect_refusal 2 "--solves" 0 perturb ring.h5 --synapses all --factor 2 --method columns --solves 9
expect_refusal 2 "--neurons" 0 perturb ring.h5 --synapses all --factor 2 --neurons n.csv
expect_refusal 2 "out.txt" 0 perturb ring.h5 --synapse 5,4 --factor 2 -o out.txt
expect_refusal 5 "absent.txt" 0 perturb ring.h5 --synapses absent.txt --factor 2

# A real network: the error is of the order of eta, and half of it for half of eta.
celegans=${SHARED:-}/data/celegans_cook2019_neurons_signed.mtx.gz
if [ -e "$celegans" ]; then
  for factor in 1.002 1.001; do
    expect 0 2 perturb "$celegans" --synapses all --truth 6 --factor $factor --report c$factor.json
  done
  check "C. elegans: half the error for half of eta" true_that 'abs(a / b - 2) < 0.02 && b < 0.001' \
    a="$(figure c1.002.json mean_response_error)" b="$(figure c1.001.json mean_response_error)"
fi
finish
