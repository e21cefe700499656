#!/usr/bin/env bash
# Running networks: what numpy finds, at any number of ranks, noise included; balancing leaves outputs and gains as they
# are and lowers the sensitivity by what it lowers the cost.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_has 'h5py, numpy, scipy' || skip "python3 with numpy, scipy and h5py, which judge"
here=$(dirname "${BASH_SOURCE[0]}")
judge() { "$python" "$here/simulate.py" "$@"; }
judge make .

drive=(--drive "$PWD/drive.h5" --hold 2)
targets=(--targets "$PWD/drive.h5")
record=(--record 2,31,7)

# What numpy finds, for an activation and levels of noise.
as_numpy() {
  local phi=${1%% *} levels=${1#* } ranks
  for ranks in 0 3; do
    expect 0 "$ranks" simulate ../net.h5 -o "$ranks.h5" --report r.json "${drive[@]}" "${targets[@]}" "${record[@]}" \
      --phi "$phi" --noise "$levels" --seed 12345678901
    check "$1 on $ranks: well-formed report" well_formed r.json
    # shellcheck disable=SC2086
    check "$1 on $ranks: as numpy" judge is ../net.h5 ../drive.h5 "$ranks.h5" r.json "$phi" 12345678901 ${levels//,/ }
  done
  check "$1: the same bits" judge same 0.h5 3.h5
}
share_out as_numpy "relu 0.2,0,0.4" "leaky:0.1 0.3,0.1" "tanh 0" "bipu:2,0.5,-0.3 0.1"

# The same noise however the neurons lie on the ranks: 4 ranks, and a partition in another order.
same_noise() {
  expect 0 0 simulate net.h5 -o one.h5 "${drive[@]}" "${record[@]}" --noise 0.5
  expect 0 4 simulate net.h5 -o more.h5 "${drive[@]}" "${record[@]}" --noise 0.5
  check "4 ranks: the same bits" judge same one.h5 more.h5
  expect 0 3 simulate net.h5 -o scotch.h5 "${drive[@]}" "${record[@]}" --noise 0.5 --partition "$(cut_partition)"
  check "ptscotch: the same but for rounding" "$python" - <<'PYTHON'
import h5py, numpy
a, b = h5py.File("one.h5"), h5py.File("scotch.h5")
assert all(numpy.allclose(a[k][:], b[k][:], rtol=1e-12, atol=1e-13) for k in ("outputs", "activity", "mu", "sigma"))
PYTHON
}
same_noise

# Gains of a run make the cost; balanced, the network does the same with less sensitivity, and the definition says so too.
pipeline() {
  local ranks
  expect 0 2 simulate net.h5 -o gains.h5 "${drive[@]}" --phi leaky:0.1
  expect 0 2 balance net.h5 -o balanced.h5 --gain gains.h5 --report b.json
  expect 0 2 balance net.h5 -o h.h5 --gain gains.h5 --write h
  for ranks in 0 3; do
    expect 0 "$ranks" simulate net.h5 -o out.h5 --against balanced.h5 --report r.json "${drive[@]}" "${targets[@]}" \
      --phi leaky:0.1 --noise 0,0.1
    check "$ranks: the same outputs" true_that 'a <= 1e-10 && a > 0' a="$(figure r.json output_difference_relative)"
    check "$ranks: exactly the same gains" true_that 'a == 0' a="$(figure r.json gain_difference)"
    check "$ranks: S0 - S1 = C0 - C*" judge costs r.json b.json
    check "$ranks: the same loss without noise" true_that 'abs(a - 1) <= 1e-9' a="$(figure r.json noise/loss_ratio)"
  done
  expect 0 2 simulate net.h5 -o out.h5 --against h.h5 --report h.json "${drive[@]}" --phi leaky:0.1
  check "from h alone" judge costs h.json b.json
  expect 0 2 apply net.h5 balanced.h5 -o other.h5
  expect 0 2 simulate net.h5 -o out.h5 --against other.h5 --report r.json "${drive[@]}" --phi leaky:0.1
  check "the network itself" true_that 'a <= 1e-10' a="$(figure r.json output_difference_relative)"
  expect 0 2 simulate net.h5 -o out.h5 --against balanced.h5 --report r.json --drive drive.h5:/flat \
    --phi leaky:0.1 --trials 10000 --end-time 1 --coupling 0.3 --amplification 1e-4
  for which in "" against/; do
    check "the definition, ${which:-alone}: within 1e-3" true_that 'abs(a / s - 1) <= 1e-3 && e / s < 2e-3' \
      a="$(figure r.json "${which}amplification/mean")" s="$(figure r.json "${which}sensitivity/total")" \
      e="$(figure r.json "${which}amplification/standard_error")"
  done
}
pipeline

# Built-in inputs, on networks without inputs and outputs of their own.
built_in() {
  synbal 0 generate random --nodes 200 --degree 10 --sigma 1 --inhibitory 0.3 --seed 3 -o plain.h5
  local how=(--trials 2 --coupling 0.1 --end-time 20 --phi leaky:0.1)
  for what in cdi step:0.5; do
    expect 0 2 simulate plain.h5 -o gains.h5 --drive $what "${how[@]}"
    expect 0 2 balance plain.h5 -o balanced.h5 --gain gains.h5
    expect 0 2 simulate plain.h5 -o out.h5 --drive $what "${how[@]}" --noise 0,0.1 \
      --against balanced.h5 --report r.json
    check "$what: the same outputs" true_that 'a <= 1e-10' a="$(figure r.json output_difference_relative)"
    check "$what: less sensitive" true_that 'a > 0' a="$(figure r.json sensitivity_difference)"
  done
  # Silent neurons have a gain of 0: their synapses cost nothing, and are no edges.
  how=(--drive cdi --trials 2 --coupling 0.1 --end-time 20)
  expect 0 2 simulate plain.h5 -o gains.h5 "${how[@]}" --report r.json
  check "some neurons are silent" true_that 'a >= 1' a="$(figure r.json silent)"
  expect 0 2 balance plain.h5 -o balanced.h5 --gain gains.h5
  expect 0 2 verify plain.h5 balanced.h5 --gain gains.h5
  expect 0 2 simulate plain.h5 -o out.h5 "${how[@]}" --noise 0,0.1 --against balanced.h5 --report r.json
  check "silent neurons: the same outputs" true_that 'a <= 1e-10' a="$(figure r.json output_difference_relative)"
  check "silent neurons: exactly the same gains" true_that 'a == 0' a="$(figure r.json gain_difference)"
  if python_has 'matplotlib'; then
    check "picture" "$python" "$here/../../jobs/synbal_plot.py" simulate out.h5
  fi
}

# Stopped by walltime on two ranks, by a signal on one, and gone on with on three: the same bits as in one go.
survives() {
  local how=(plain.h5 --drive cdi --coupling 0.1 --trials 8 --noise 0.1,0 --record 2,31,7 --end-time 300)
  expect 0 2 simulate "${how[@]}" -o whole.h5
  expect 75 2 simulate "${how[@]}" -o parts.h5 --max-walltime 0:00:00.2 --report r.json
  check "walltime: the report says so" grep -q '"finished": false' r.json
  check "walltime: a checkpoint" test -e parts.checkpoint.h5
  SYNBAL_FAULT=TERM@solve synbal 0 simulate "${how[@]}" -o parts.h5 --resume
  check "stopped by TERM" grep -q "stopped by TERM; parts.checkpoint.h5 is whole" err
  expect_refusal 3 "--seed was 1, is 2" 2 simulate "${how[@]}" -o parts.h5 --resume --seed 2
  expect 0 3 simulate "${how[@]}" -o parts.h5 --resume
  check "the same bits" judge same whole.h5 parts.h5
  check "nothing is left to go on with" test ! -e parts.checkpoint.h5
  expect 4 2 simulate "${how[@]}" -o parts.h5 --max-walltime 0:00:00.2 --checkpoint-interval 0
}

refusals() {
  expect_refusal 2 "is no activation" 2 simulate net.h5 -o out.h5 --phi sigmoid
  expect_refusal 2 "no level of noise" 2 simulate net.h5 -o out.h5 --noise 0.1,-1
  expect_refusal 2 "--drive" 2 simulate net.h5 -o out.h5 --drive noise
  expect_refusal 2 "but --drive gives 2" 2 simulate net.h5 -o out.h5 --drive drive.h5:/few
  expect_refusal 2 "--drive cdi has 6 inputs" 2 simulate net.h5 -o out.h5 --drive cdi
  expect_refusal 3 "/none" 2 simulate net.h5 -o out.h5 --drive drive.h5:/none
  expect_refusal 3 "is nan" 2 simulate net.h5 -o out.h5 --drive drive.h5:/bad
  expect_refusal 3 "2 conditions" 2 simulate net.h5 -o out.h5 --drive drive.h5:/flat --targets drive.h5
  expect_refusal 3 "has 5 times" 2 simulate net.h5 -o out.h5 "${drive[@]}" --targets drive.h5:/short
  expect_refusal 3 "range of doubles" 2 simulate net.h5 -o out.h5 --coupling 1e9
  expect_refusal 3 "has no input_weights" 2 simulate net.h5 -o out.h5 "${drive[@]}" --against plain40.h5
  expect_refusal 3 "networks of one size" 2 simulate net.h5 -o out.h5 "${drive[@]}" --against plain.h5
  expect_refusal 2 "would destroy it" 2 simulate net.h5 -o drive.h5 "${drive[@]}"
  check "no output" test ! -e none.h5
  expect 0 2 simulate net.h5 -o out.h5 "${drive[@]}" --phi tanh
  check "tanh: a warning" grep -q "not homogeneous" err
}
built_in
survives
synbal 0 generate random --nodes 40 --degree 4 -o plain40.h5
expect 0 0 simulate plain40.h5 -o grown.h5
check "growth without a bound is told" grep -q 'warning: the outputs have grown to [0-9]e+' err
expect 0 0 simulate plain40.h5 -o grown.h5 --coupling 0.05
check "and only that" test "$(grep -c warning err)" -eq 0
refusals

# The README's example: a trained network, with the gains it has at work.
trained() {
  local file=$SHARED/data/npz/saved_weights.npz white=(--drive white --trials 10)
  expect 0 2 simulate "$file" -o run.h5 "${white[@]}"
  expect 0 2 balance "$file" -o balanced.h5 --gain run.h5 --report b.json
  expect 0 2 simulate "$file" -o both.h5 "${white[@]}" --noise 0,0.02 --against balanced.h5 --report r.json
  check "trained: the same outputs" true_that 'a <= 1e-10 && a > 0' a="$(figure r.json output_difference_relative)"
  check "trained: exactly the same gains" true_that 'a == 0' a="$(figure r.json gain_difference)"
  check "trained: S0 - S1 = C0 - C*" judge costs r.json b.json
  check "trained: a little noise harms less" grep -q '"deviation_ratio": 0.[0-7]' r.json
}
if [ -d "${SHARED:-}/data" ]; then trained; fi
finish
