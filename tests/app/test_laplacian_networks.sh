#!/usr/bin/env bash
# `laplacian` on real networks against dense linear algebra.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/laplacian_common.sh"
limit=120 # four ranks may share two busy cores
data=${SHARED:-}/data
ls "$data"/*.mtx.gz >/dev/null 2>&1 || skip "the real networks (data/*.mtx.gz below SHARED) are absent"
have_python || skip "python3 with h5py, numpy and scipy, which these networks are compared with"

all_of() { # RANKS OPTIONS...
  local ranks=$1
  shift
  expect 0 "$ranks" laplacian solve "$net" --rhs rhs.h5:/b --tolerance 1e-13 -o solve.h5 "$@"
  expect 0 "$ranks" laplacian diagonal "$net" --exact -o diagonal.h5 "$@"
  expect 0 "$ranks" laplacian modes "$net" --count 6 --tolerance 1e-11 -o modes.h5 "$@"
}
random_sides() { "$python" -c "
import h5py, numpy
h5py.File('rhs.h5', 'w')['b'] = numpy.random.default_rng(1).standard_normal(($1, 5))"; }

celegans() {
  local ranks net="$data/celegans_varshney279_signed.mtx.gz" checks_of_all="solve=solve.h5:rhs.h5 diagonal=diagonal.h5 modes=modes.h5"
  random_sides 279
  printf '6\n29\n110\n199\n' >pins
  for ranks in 0 4; do
    all_of "$ranks"
    # shellcheck disable=SC2086
    agrees "C. elegans, $ranks" "$net" $checks_of_all
  done
  expect 0 2 laplacian solve "$net" --tolerance 1e-13 -o imbalance.h5
  expect 0 2 laplacian modes "$net" --count 6 --tolerance 1e-11 --normalised -o normalised.h5
  expect 0 2 laplacian heat "$net" --times 0,0.0001,0.01,1 -o heat.h5
  agrees "C. elegans" "$net" imbalance=imbalance.h5 normalised=normalised.h5 heat=heat.h5
  all_of 3 --pinned pins --partition "$(cut_partition)"
  # shellcheck disable=SC2086
  agrees "C. elegans, pinned" "$net" --pinned 6,29,110,199 $checks_of_all
}

# Its whole L^+ is in test_resistance_networks.sh: all resistances.
larva() {
  local net="$data/drosophila_larva.mtx.gz"
  random_sides 3554
  expect 0 2 laplacian solve "$net" --rhs rhs.h5:/b --tolerance 1e-13 -o solve.h5
  expect 0 2 laplacian modes "$net" --count 6 --tolerance 1e-10 -o modes.h5
  agrees "larva" "$net" solve=solve.h5:rhs.h5 modes=modes.h5
}

run_one() {
  rm -rf ./*
  "$1"
}
share_out run_one larva celegans
finish
