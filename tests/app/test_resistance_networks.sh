#!/usr/bin/env bash
# Effective resistances of real networks against dense linear algebra, and the same numbers on any number of ranks.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/laplacian_common.sh"
limit=200 # thousands of solves, and four ranks may share two busy cores

# The same numbers whatever the ranks.
any_ranks() {
  local ranks
  expect 0 0 generate modular --modules 4 --nodes 400 --degree 8 --seed 5 -o net.h5
  expect 0 0 resistance net.h5 --method estimate -o one.csv
  for ranks in 2 4; do
    expect 0 "$ranks" resistance net.h5 --method estimate -o "$ranks.csv"
    check "$ranks: the same synapses" cmp <(cut -d, -f1,2 one.csv) <(cut -d, -f1,2 "$ranks.csv")
    check "$ranks: the same estimates, but for rounding" test "$(paste -d, one.csv "$ranks.csv" | awk -F, 'NR > 1 && $5 != "inf" {
      d = $5 - $11; if (d < 0) d = -d; if (d > 1e-6 * $5) ++wrong } END { print wrong + 0 }')" -eq 0
  done
}

# C. elegans and another real network, all that can be asked, against dense linear algebra.
celegans() {
  local ranks net="$data/celegans_varshney279_signed.mtx.gz"
  printf '6\n29\n110\n199\n' >pins
  expect 0 0 balance "$net" -o balanced.h5
  for ranks in 0 4; do
    expect 0 "$ranks" resistance "$net" --all -o all.h5
    expect 0 "$ranks" resistance "$net" --synapses --method columns -o synapses.h5
    agrees "$ranks" "$net" all=all.h5 synapses=synapses.h5
  done
  expect 0 2 resistance "$net" --from 7 --method columns -o from.h5
  expect 0 2 resistance "$net" --method estimate -o estimate.h5
  agrees "the rest" "$net" from=from.h5:7 estimate=estimate.h5
  expect 0 3 resistance "$net" --all --pinned pins -o all.h5 --partition "$(cut_partition)"
  expect 0 3 resistance "$net" --method pairs --pinned pins -o synapses.h5 --partition "$(cut_partition)"
  agrees "pinned" "$net" --pinned 6,29,110,199 all=all.h5 synapses=synapses.h5
  expect 0 2 resistance "$net" --all --at balanced.h5 -o all.h5
  expect 0 2 resistance "$net" --all --at equilibrium -o all2.h5
  agrees "at the equilibrium" "$net" --h balanced.h5 all=all.h5
  agrees "at the equilibrium, found here" "$net" --h balanced.h5 all=all2.h5
}

larva() {
  local net="$data/drosophila_larva.mtx.gz"
  awk 'BEGIN { srand(3); for (k = 0; k < 200; ++k) print int(3554 * rand()), int(3554 * rand()) }' >pairs
  expect 0 0 resistance "$net" --synapses --method columns --preconditioner incomplete -o synapses.h5
  expect 0 2 resistance "$net" -o estimate.h5
  expect 0 2 resistance "$net" --pairs pairs --tolerance 1e-10 -o pairs.h5
  agrees "larva" "$net" synapses=synapses.h5 estimate=estimate.h5 pairs=pairs.h5
}

data=${SHARED:-}/data
run_one() {
  rm -rf ./*
  "$1"
}
more=""
if ls "$data"/*.mtx.gz >/dev/null 2>&1; then
  more="larva celegans"
else
  echo "left out: real networks (data/*.mtx.gz below SHARED), which are not there"
fi
# shellcheck disable=SC2086
share_out run_one $more any_ranks
finish
