#!/usr/bin/env bash
# Small inputs that went wrong for users, in the folder of real networks beside the checkout: what is right, at one and at
# three ranks. (Weak cuts, damaged files and outputs have tests of their own.)
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
trouble=${SHARED:-}/data/trouble
[ -d "$trouble" ] || skip "no folder of small inputs that went wrong beside the checkout"

# balanced NAME LOG10: balances to a cost of that decimal logarithm, which verify confirms.
balanced() {
  local name=$1 ranks
  for ranks in 1 3; do
    expect 0 $ranks balance "$trouble/$name" -o ok.h5 --report ok.json "${@:3}"
    check "$name at $ranks: the cost" true_that 'abs(a - b) < 1e-8 * (1 + abs(b))' a="$(figure ok.json log10_final)" b="$2"
    expect 0 $ranks verify "$trouble/$name" ok.h5
  done
}
# refused WORD COMMAND...
refused() {
  expect_refusal 3 "$1" 1 "${@:2}"
  expect_refusal 3 "$1" 3 "${@:2}"
  check "nothing is written" test ! -e new.h5
}

wide_ranges() {
  balanced two_scale_060.mtx 60.30102999566398
  balanced wide100.mtx 186.3819126732
  balanced mix300.mtx 0.7781512503836436
  balanced dblmax_one.mtx 308.5557456
  balanced m_subnormal.mtx -319.6989748
  balanced two_extremes.mtx -5.698970004336019
  balanced two_extremes.mtx -5.698970004336019 --method sweep
  balanced wide100.mtx 186.3819126732 --method sweep
  expect 4 3 balance "$trouble/wide100.mtx" -o ok.h5 --method flow
  check "what to try instead" grep -q 'warning: .*try --method auto' err
  refused "a --factor nearer to 1" perturb "$trouble/dblmax_one.mtx" --synapse 0,1 --factor 1.1
  refused "10^-399" resistance "$trouble/dn200.mtx" -o new.h5
}

# Between components is what cannot be balanced, whatever it costs: the rest is, and the weight that no double can hold once
# it is scaled is named.
beyond_doubles() {
  local name
  for name in dblmax_between between_over2; do
    balanced $name.mtx 1.0791812460476249
    expect 0 0 balance "$trouble/$name.mtx" -o ok.h5
    check "$name: in plain words" grep -q 'nearly all of the cost cannot be balanced (beyond 10^308, beside' out
  done
}

# One network in four layouts, with texts padded by blanks; pins as numpy's bools.
layouts() {
  local name
  for name in a_cells.h5ad a_cells.h5 h_dense.h5 h_csc.h5 h_enc_spacepad.h5 h_pin_bool.h5; do
    balanced $name 1.7463792407
  done
  check "numpy's bools are pins" grep -q "1 pinned" <("$SYNBAL" balance "$trouble/h_pin_bool.h5" -o pinned.h5 2>&1)
  refused "id 20" resistance "$trouble/h_id_dup.h5" --pair 20,10
  echo 20 >twenty
  refused "id 20" balance "$trouble/h_id_dup.h5" --pinned twenty -o new.h5
  refused "2^63" balance "$trouble/h_id_u8.h5" -o new.h5
}

matrix_market() {
  balanced m_unsigned.mtx 3.7981282893
  balanced m_Dexp.mtx 0.8784945822
  balanced m_skewarr_diag.mtx 1.4471580313422192
  balanced m_bom.mtx 0.8996969421
  balanced m_symupper.mtx 1.6074550232146687
  refused "tr '" balance "$trouble/m_cr.mtx" -o new.h5
  refused ".mtx.gz" balance "$trouble/g_isgz.mtx" -o new.h5
}

bridges() {
  local name ranks
  for name in weak06 weak08; do
    for ranks in 1 3; do
      expect 0 $ranks resistance --conductances "$trouble/$name.mtx" -o bridges.csv
      check "$name: Foster's sum" grep -q 'sum over all edges 9, must be 9' out
      check "$name: the bridge" grep -q "to 1e+${name#weak}$" out
    done
  done
}

call() {
  rm -rf ./*
  "$1"
}
share_out call wide_ranges beyond_doubles layouts matrix_market bridges
finish
