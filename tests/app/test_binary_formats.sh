#!/usr/bin/env bash
# The binary formats, judged by numpy, scipy and h5py: one network in every format gives one result at any rank count;
# written formats hold the scaled weights; whole networks compute what they did; SONATA files change in weights alone.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/binary_formats_common.sh"
judged make "$scratch/made"
files=$scratch/made

# cost FILE [RANKS] [OPTIONS...]: the balanced cost, as JSON has it.
cost() {
  local file=$1 ranks=$2
  shift 2
  expect 0 "$ranks" balance "$file" -o result.h5 --report report.json "$@"
  figure report.json cost/final
}

expected=$(cost "$files/csr_stored.npz" 0)
same_cost() {
  local found
  found=$(cost "$files/$1" "$2" -q)
  check "$1 on $2 ranks has the cost of the others" true_that "abs(a / b - 1) < 1e-12" "a=$found" "b=$expected"
}
one_network() {
  local name=$1
  same_cost "$name" 3
  check "$name: scipy's weights" "$python" "$judge" scaled "$files/csr_stored.npz" result.h5 result.h5
  [[ $name != *packed* && $name != *dense* ]] || same_cost "$name" 0
}
share_out one_network csc_packed.npz coo_packed.npz bsr_stored.npz csr_packed.npz narrow.petsc wide.dat dense.petsc \
  csr_u8_small.h5 csr_i4_big.h5 csr_u2_small.h5 csr_i2_small.h5 csc.hdf5 cells.h5ad tenx.h5 dense.h5 old.h5ad sparse.mat \
  full.mat whole.npz packed_whole.npz whole.h5

# Written formats: the scaled weights, as their own libraries read them.
expect 0 2 balance "$files/csr_packed.npz" -o balanced.h5
for out in out.npz out.petsc out.dat out.h5 out.safetensors; do
  expect 0 3 apply "$files/csr_packed.npz" balanced.h5 -o "$out"
  [ "$out" = out.safetensors ] || judged scaled "$files/csr_packed.npz" balanced.h5 "$out"
done
expect 0 2 info out.safetensors

# Whole networks: the same outputs, and all else in the file as it was.
for name in whole.npz packed_whole.npz whole.safetensors whole.h5; do
  out=whole_out.${name##*.}
  expect 0 2 balance "$files/$name" -o whole_result.h5
  judged function "$files/$name" whole_result.h5
  expect 0 3 apply "$files/$name" whole_result.h5 -o "$out"
  judged function "$files/$name" "$out"
  expect 0 2 verify "$files/$name" whole_result.h5
done

keras=(--orientation pre-post --output-weights dense/kernel:0)
expect 0 3 balance "$files/keras.npz" -o keras.h5 "${keras[@]}"
judged function "$files/keras.npz" keras.h5
expect 0 2 apply "$files/keras.npz" keras.h5 -o keras_out.npz "${keras[@]}"
judged function "$files/keras.npz" keras_out.npz
expect 0 2 verify "$files/keras.npz" keras.h5 "${keras[@]}"
expect 0 0 balance "$files/keras.npz" -o keras.h5 --output-weights dense/kernel:0
check "rows of a Keras kernel are told to be presynaptic" grep -q 'warning.*pre-post' err
expect_refusal 3 GRU 2 balance "$files/gru.npz" -o r.h5
expect 0 0 balance "$files/tanh.npz" -o tanh.h5
check "tanh is warned of" grep -q "warning.*'tanh'.*homogeneous" err

# What costs: inputs, biases and outputs as well, or the recurrent weights with the constant chosen by the others.
for ranks in 0 3; do
  expect 0 "$ranks" balance "$files/whole.npz" -o all.h5 --cost-scope all --report all.json
  judged balanced all.h5
  judged function "$files/whole.npz" all.h5
  check "no neuron of the outside is told" test "$(figure all.json n)" -eq 37
  cp all.h5 "all$ranks.h5"
  expect 0 "$ranks" verify "$files/whole.npz" all.h5
  expect 0 "$ranks" balance "$files/whole.npz" -o gauge.h5 --gauge inputs-outputs
  judged gauge gauge.h5
  expect 0 "$ranks" verify "$files/whole.npz" gauge.h5
  check "verify ran the network" grep -q "^outputs on random inputs  *PASS" out
done
expect 0 2 verify "$files/whole.npz" all0.h5 # at another rank count
expect_refusal 3 gauge 2 balance "$files/csr_stored.npz" -o r.h5 --gauge inputs-outputs
# A result whose input weights are not those that its h makes.
"$python" -c "import h5py; h5py.File('gauge.h5', 'r+')['input_weights'][5] *= 1.001"
expect_refusal 3 "outputs on random inputs" 2 verify "$files/whole.npz" gauge.h5

expect 0 0 convert "$files/whole.npz" -o alone.petsc
check "what stays behind is told" grep -q "warning.*W_out (output_weights).*stay behind" err
expect 0 3 convert "$files/whole.npz" -o copied.safetensors
expect 0 0 convert copied.safetensors -o copied.h5
check "converting there and back keeps every bit" "$python" -c "
import h5py, numpy
a, b = numpy.load('$files/whole.npz'), h5py.File('copied.h5')
for x, y in ('W_in', 'input_weights'), ('W_out', 'output_weights'), ('b_rec', 'bias'):
    assert numpy.array_equal(a[x], b[y][:])
assert numpy.array_equal(a['W_rec'][a['W_rec'] != 0], b['weights/data'][:])"

# SONATA: weights in groups and in a table, several synapses a pair, other populations.
expect_refusal 3 --edge-types 2 balance "$files/sonata.h5" -o sonata_result.h5
expect 0 3 balance "$files/sonata.h5" -o sonata_result.h5 --edge-types "$files/types.csv"
for ranks in 1 3; do
  expect 0 "$ranks" apply "$files/sonata.h5" sonata_result.h5 -o sonata_out.h5 --edge-types "$files/types.csv"
  judged sonata "$files/sonata.h5" sonata_out.h5 sonata_result.h5 "$files/types.csv"
done
expect_refusal 3 population 2 balance "$files/sonata.h5" -o r.h5 --population z --edge-types "$files/types.csv"

finish
