#!/usr/bin/env bash
# Edge lists and conversions through the program: the published connectome equals its matrix, formats go round without
# loss, parts are one network, names reach options and outputs. Python's csv, scipy and h5py are the judges.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
judge=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/formats.py
python_has 'numpy, scipy, h5py' || skip "python3 has no numpy, scipy and h5py"
judged() { check "$*" "$python" "$judge" "$@"; }

# Names, duplicates, parts: to the last bit what Python reads, at any rank count.
judged make "$scratch/made"
made=$scratch/made
for ranks in 0 4; do
  expect 0 "$ranks" convert "$made/whole.csv" -o "n$ranks.h5" --map "map$ranks.csv"
  judged is "$made" "n$ranks.h5"
done
check "the same file at any rank count" cmp n0.h5 n4.h5
check "the same map at any rank count" cmp map0.csv map4.csv
check "the map has all names" test "$(wc -l <map0.csv)" -eq 84
check "the map quotes names with commas" grep -qx '"n0, R",0' map0.csv
reads_same() {
  expect 0 "${1%% *}" convert ${1#* } -o same.h5
  check "$1 is the same network" cmp ../n0.h5 same.h5
}
share_out reads_same "0 $(echo "$made"/part-*.csv)" "2 $(echo "$made"/part-*.csv)" "3 $made/part-?.csv" \
  "0 $made/whole.csv.gz" "4 $made/whole.csv.gz" "2 $made/whole.csv"

# There and back through every format that keeps names, and through those that keep numbers.
expect 0 0 generate random --nodes 300 --degree 5 --inhibitory 0.3 --seed 4 -o net.h5
expect 0 0 convert net.h5 -o net.mtx
goes_round() {
  expect 0 2 convert ../n0.h5 -o "$1"
  expect 0 3 convert "$1" -o back.h5
  check "$1 keeps names and bits" cmp ../n0.h5 back.h5
  expect 0 2 convert ../n0.h5 -o "$1" --force
  check "$1: and says nothing else" test -z "$(grep 'has no place' err)"
}
share_out goes_round a.csv a.tsv a.txt a.tsv.gz
tells_what_stays() {
  expect 0 2 convert ../n0.h5 -o "$1"
  check "$1: names stay behind, and that is told" grep -q "warning: $1 has no place for the neurons' names or ids" err
  expect 0 2 convert ../n0.h5 -o "$1" --map map.csv --force
  check "$1: with a map they do not" test -z "$(grep 'has no place' err)"
}
share_out tells_what_stays c.mtx c.petsc c.npz
keeps_bits() {
  expect 0 2 convert ../net.h5 -o "$1"
  expect 0 3 convert "$1" -o back.h5
  expect 0 0 convert back.h5 -o back.mtx
  check "$1 keeps all bits" cmp ../net.mtx back.mtx
}
share_out keeps_bits b.csv b.mtx.gz b.petsc b.npz
expect 0 0 generate layered --layers 4,3,2 -o layered.h5
expect 0 0 convert layered.h5 -o layered.csv
expect 0 0 info layered.csv --report lonely.json
check "neurons without synapses go along" test "$(figure lonely.json n)" -eq 9

# Names in options and results; a balanced network in the words of its list.
expect 0 2 balance "$made/whole.csv" -o r.h5 --report r.json
expect 0 3 verify "$made/whole.csv" r.h5
expect 0 3 apply "$made/whole.csv" r.h5 -o balanced.csv
judged scaled n0.h5 r.h5 balanced.csv
expect 0 2 apply "$made/part-*.csv" r.h5 -o again.csv
check "apply takes parts" cmp balanced.csv again.csv
expect 0 2 balance n0.h5 -o only_h.h5 --write h --partition "$(cut_partition)"
expect 0 0 apply n0.h5 only_h.h5 -o only_h.csv
judged scaled n0.h5 only_h.h5 only_h.csv
printf 'pre,post\nA,B\nB,A\nB,C\nC,A\n' >small.csv
printf 'B # keeps still\n' >still
expect 0 3 balance small.csv -o small_r.h5 --pinned still --report small.json
check "one neuron is pinned" test "$(figure small.json pinned)" -eq 1
expect 0 2 resistance small.csv --pair A,B
expect 0 0 resistance small.csv --from C -o from.csv
expect 0 0 perturb small.csv --synapse C,B --factor 2
expect 0 2 flow small.csv -o way.h5 --record A,C --record-synapses 'C,B; A,C'
expect_refusal 3 "no neuron is called 'X'" 3 resistance small.csv --pair A,X
expect_refusal 5 "nowhere.txt" 0 balance small.csv -o x.h5 --pinned nowhere.txt
expect 0 0 info small.csv
check "info names the format" grep -q 'small.csv (edge-list): 3 neurons, 4 synapses' out
check "info says what was taken" grep -qF "from 'pre' (presynaptic) to 'post' (postsynaptic), every row weighs 1" out
expect_refusal 2 "--orientation" 0 info small.csv --orientation pre-post
expect_refusal 3 "--source-column" 2 info small.csv --source-column from
expect_refusal 2 "edge lists" 0 info net.h5 --where a=b
expect_refusal 2 "no format with this name can be written" 0 convert net.h5 -o net.docx

# Weights in single precision: the nearest floats, in half the space; what they cannot hold is refused.
expect 0 2 convert net.h5 --single -o single.h5
expect 0 0 convert single.h5 -o single.mtx
check "single precision: every weight to 2^-24" awk '
  /^%/ { next } !past[FILENAME]++ { next }
  NR == FNR { w[$1, $2] = $3; ++n; next } { d = $3 - w[$1, $2]; if (d < 0) d = -d; v = $3 < 0 ? -$3 : $3; if (d > 6e-8 * v) ++wrong; --n }
  END { exit wrong || n }' net.mtx single.mtx
expect 0 3 convert single.h5 --single -o again.h5
check "and they stay what they are" cmp single.h5 again.h5
check "in less space" test "$(stat -c %s single.h5)" -lt "$(stat -c %s net.h5)"
expect_refusal 2 "native files alone" 0 convert net.h5 --single -o refused.mtx
printf '%%%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 1e200\n2 1 1\n' >large.mtx
expect_refusal 3 "single precision" 2 convert large.mtx --single -o refused.h5
expect 0 0 generate random --nodes 100 --degree 4 --single -o made.h5

# Rows that are written as they are made are the same file; what needs the whole network is refused.
for kind in "random --nodes 500 --degree 7 --inhibitory 0.2" "modular --nodes 900" "layered --layers 9,7,5" "random --nodes 0"; do
  for single in "" --single; do
    # shellcheck disable=SC2086
    expect 0 0 generate $kind $single -o made.h5
    for ranks in 0 2 3; do
      # shellcheck disable=SC2086
      expect 0 "$ranks" generate $kind $single --by-rows -o by_rows.h5
      check "the same file by rows, $kind, $ranks ranks" cmp made.h5 by_rows.h5
    done
  done
done
expect_refusal 2 "row by row" 2 generate kronecker --nodes 64 --by-rows -o refused.h5
expect_refusal 2 "row by row" 2 generate random --nodes 64 --scramble 1 --by-rows -o refused.h5
expect_refusal 2 "native files alone" 2 generate random --nodes 64 --by-rows -o refused.mtx
expect_refusal 3 "single precision" 2 generate random --nodes 64 --sigma 60 --single --by-rows -o refused.h5
check "nothing is left of them" test ! -e refused.h5

# The published list of C. elegans: chemical synapses between neurons, and the signs of neurons.
list=${SHARED:-}/data/csv/herm_full_edgelist.csv
matrix=${SHARED:-}/data/celegans_cook2019_neurons_signed.mtx.gz
if [ -r "$list" ] && [ -r "$matrix" ]; then
  judged celegans "$list" "$matrix"
  for ranks in 0 3; do
    expect 0 "$ranks" convert "$list" --where type=chemical --neurons neurons --sign signs -o celegans.h5
    judged like "$list" "$matrix" celegans.h5
  done
  expect 0 2 balance "$list" --where Type=chemical --neurons neurons --sign signs -o celegans_r.h5 --report c.json
  check "the known cost" true_that "abs(log(a) / log(10) - 5.0812065406) < 1e-9" "a=$(figure c.json cost/final)"
else
  echo "without C. elegans: SHARED has no data/csv"
fi
finish
