#!/usr/bin/env bash
# `perturb`: predictions against networks that are balanced again, at several rank counts; what it writes; what it refuses.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

synbal 0 generate ring --nodes 12 -o ring.h5 || { echo "cannot generate"; exit 1; }
synbal 0 generate random --nodes 60 --degree 6 --sigma 1 --seed 3 -o random.h5 || { echo "cannot generate"; exit 1; }
# Two cycles (1 2 3) and (4 5 6) both ways, a synapse from the first to the second, a self-loop.
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
printf '1\n2\n' >pinned.ids

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

share_out try_ring 0 1 2 4
share_out try_random 0 2 4
for ranks in 2 4; do
  check "the same sample on $ranks ranks" cmp chosen.0 chosen.$ranks
  check "the same resistances on $ranks ranks" true_that 'abs(a / b - 1) < 1e-8' a="$(cat sum.0)" b="$(cat sum.$ranks)"
done

# Several at once, with sums of neurons: what comes into a neuron more, goes out more.
printf '1 2\n4 5\n' >list.txt
expect 0 2 perturb two.mtx --synapses list.txt --together --factor 0.9 -o both.h5 --neurons neurons.csv --report both.json
check "the error is of the order of eta" true_that 'a > 0 && a < 0.2' a="$(sed -n '/"response": {/,/}/p' both.json | sed -n 's/.*"relative_error": \([^,]*\),*/\1/p')"
check "in-costs change like out-costs" \
  awk -F, 'NR > 1 && ($8 - $9 > 1e-9 || $9 - $8 > 1e-9) { bad++ } END { exit bad > 0 || NR != 7 }' neurons.csv
expect 0 0 perturb two.mtx --synapses list.txt --factor 0.9 -o each.csv
check "measured of the first" true_that 'a / b > 0.8 && a / b < 1.2' a="$(value each.csv measured_over_eta 1)" b="$(value each.csv minus_c_r 1)"

# A synapse that takes no part changes nothing; so does a self-loop.
for synapse in 5,2 6,6; do
  expect 0 2 perturb two.mtx --synapse $synapse --factor 2 --report none.json
  check "$synapse takes no part" test "$(figure none.json taking_part)" = 0
  check "$synapse moves nothing" test "$(figure none.json predicted_norm)" = 0.0
  check "it says so" grep -q 'no response' out
done

# Pinned neurons are ground.
expect 0 2 perturb two.mtx --pinned pinned.ids --synapse 3,1 --factor 1.01 --report pinned.json
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
