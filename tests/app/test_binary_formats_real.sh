#!/usr/bin/env bash
# Published files of the binary formats beside the checkout, read on 1 and 3 ranks and judged by scipy and h5py; a
# network that is there in two formats has one result; the PsychRNN network computes what it did.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/binary_formats_common.sh"
[ -d "${SHARED:-/nowhere}/data/sonata" ] || skip "no real files beside the checkout"

data=$SHARED/data
cp "$data/petsc/ns-real-int32-float64" ns.petsc
for file in "$data/npz/migration.npz" "$data/petsc/bfw62a.petsc" "$data/petsc/rdb200.petsc" ns.petsc \
  "$data/petsc/tiny_system_with_x0.mat" "$data/npz/saved_weights.npz"; do
  for ranks in 0 3; do # two steps are enough to see the weights
    synbal "$ranks" balance "$file" -o real.h5 -q --max-iterations 2
    check "$file on $ranks ranks: scipy's weights" "$python" "$judge" scaled "$file" real.h5 real.h5
  done
done
expect 0 2 balance "$data/npz/saved_weights.npz" -o psychrnn.h5 --report a.json
expect 0 2 apply "$data/npz/saved_weights.npz" psychrnn.h5 -o psychrnn.npz
judged function "$data/npz/saved_weights.npz" psychrnn.npz
expect 0 2 balance "$data/rnn_psychrnn50.mtx.gz" -o mtx.h5 --report b.json
check "the PsychRNN network has one result in two formats" true_that "abs(a / b - 1) < 1e-6" \
  "a=$(figure a.json cost/final)" "b=$(figure b.json cost/final)"
for edges in 300_pointneurons/internal_internal_edges.h5 layer4_sample/l4_l4_edges.h5; do
  name=${edges%%/*} population=internal
  [ "$name" = layer4_sample ] && population=l4
  expect 0 2 balance "$data/sonata/$edges" -o "$name.h5"
  expect 0 2 apply "$data/sonata/$edges" "$name.h5" -o sonata_out.h5
  judged sonata "$data/sonata/$edges" sonata_out.h5 "$name.h5" "" "$population"
done
edges=$data/sonata/300_pointneurons/external_internal_edges.h5
expect 0 2 apply "$edges" 300_pointneurons.h5 --population internal -o external_out.h5
judged sonata "$edges" external_out.h5 300_pointneurons.h5 "" internal
finish
