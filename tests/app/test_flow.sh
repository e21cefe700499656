#!/usr/bin/env bash
# The Lax flow from the outside: it ends where `balance` does, whatever the number of ranks, along a trajectory that keeps
# what must be kept; two neurons follow their closed forms; what is recorded is what was asked for.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/flow_common.sh"
limit=120 # a flow is thousands of small collectives, which take their time where ranks share busy cores

# The same end at any rank count and partition, which is that of `balance`.
same_end() {
  local ranks
  expect 0 0 balance ../net.h5 -o balanced.h5
  for ranks in 0 4; do
    expect 0 "$ranks" flow ../net.h5 -o "$ranks.h5" --report report.json --tolerance 1e-11
    check "$ranks ranks: well-formed report" well_formed report.json
    check "$ranks ranks: the reported end" test "$(figure report.json end)" = '"equilibrium reached"'
    check "$ranks ranks: linear solves" test "$(figure report.json linear_failures)" = 0
    check "$ranks ranks: how far" true_that 'a <= 1e-6' a="$(figure report.json newton_step_inf)"
    if grep -q warning err; then fail "$ranks ranks: a warning"; fi
    kept "$ranks.h5"
    check "$ranks ranks: h of balance, the same way" look 'off(x("h")[-1], x("h", 1)) <= 1e-6' \
      'off(x("time"), x("time", 2)) <= 1e-3 * x("time")[-1] and off(x("h")[:-1], x("h", 2)[:-1]) <= 1e-5' \
      "$ranks.h5" balanced.h5 0.h5
  done
  expect 0 3 flow ../net.h5 -o scotch.h5 --partition "$(cut_partition)" --tolerance 1e-11
  expect 0 2 flow ../net.h5 -o adams.h5 --integration adams --tolerance 1e-11
  check "ptscotch: the same way; adams: the same end" look 'off(x("h")[:-1], x("h", 1)[:-1]) <= 1e-5' \
    'off(x("h", 2)[-1], x("h", 3)) <= 1e-6' scotch.h5 0.h5 adams.h5 balanced.h5
}

# Pinned neurons, gains and other powers.
variants() {
  local options
  printf '%s\n' 3 17 44 >pins
  "$python" -c 'for i in range(300): print(0.5 + (i * 7 % 10) / 5)' >gains
  for options in "--power 1" "--power 3 --gain gains" "--pinned pins" "--pinned pins --gain gains --power 1.5"; do
    # shellcheck disable=SC2086
    expect 0 0 balance ../net.h5 -o balanced.h5 $options
    # shellcheck disable=SC2086
    expect 0 2 flow ../net.h5 -o t.h5 --tolerance 1e-12 $options
    check "$options: h of balance, falling cost" look 'off(x("h")[-1], x("h", 1)) <= 1e-6' 'falls(x("cost"))' t.h5 \
      balanced.h5
  done
  check "pinned: h stays 0" look 'np.all(x("h")[:, [3, 17, 44]] == 0) and np.any(x("h")[-1] != 0)' t.h5
}

# ---- closed forms (Stock et al. 2022, eq. 29 and 31, with the rate 2p c-hat)

precise=(--relative-tolerance 1e-10 --absolute-tolerance 1e-12 --output-times log:3:0.001)

# Two neurons, joined both ways: c12 = chat tanh(2 p chat t + artanh sqrt(c12/c21)).
two_neurons() {
  local ranks p
  printf '%%%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 0.2\n2 1 -3\n' >two.mtx
  for ranks in 0 3; do
    for p in 2 1; do
      expect 0 "$ranks" flow two.mtx -o two.h5 --power "$p" --end-time 1000 --tolerance 0 "${precise[@]}" \
        --record-synapses "0,1;1,0"
      check "both ways, p = $p: closed form, signs, names" look "
        (lambda t, c1, c2: off(x('synapse/cost')[:, 0] / ((c1 * c2) ** 0.5 * np.tanh(2 * $p * (c1 * c2) ** 0.5 * t
          + np.arctanh((c1 / c2) ** 0.5))), 1) <= 1e-7)(x('time'), 0.2 ** $p, 3.0 ** $p)" \
        'np.all(x("synapse/weight") * [1, -1] > 0)' \
        'list(x("synapse/postsynaptic")) == [0, 1] and list(x("synapse/presynaptic")) == [1, 0]' two.h5
    done
  done
}

# One way there is no equilibrium: the cost falls like 1/t when asked for, and nothing moves otherwise.
one_way() {
  printf '%%%%MatrixMarket matrix coordinate real general\n2 2 1\n2 1 1.5\n' >one.mtx
  for ranks in 0 3; do
    expect 0 "$ranks" flow one.mtx -o one.h5 --components all --end-time 1000 "${precise[@]}" --record-synapses 1,0
    kept one.h5 '(lambda c: off(x("synapse/cost")[:, 0] / (c / (1 + 4 * c * x("time"))), 1) <= 1e-7)(1.5 ** 2)'
    expect 0 "$ranks" flow one.mtx -o none.h5 --report report.json
    check "one way: nothing to balance" look 'np.all(x("h") == 0) and x("time")[-1] == 0' none.h5
    check "one way: well-formed report" well_formed report.json
  done
  expect_refusal 2 --end-time 0 flow one.mtx -o new.h5 --components all
}

# The smallest networks, also on more ranks than neurons.
nothing_to_do() {
  local n ranks
  for n in 0 1 4; do
    printf '%%%%MatrixMarket matrix coordinate real general\n%d %d 0\n' "$n" "$n" >empty.mtx
    for ranks in 0 3; do
      expect 0 "$ranks" flow empty.mtx -o empty.h5 --heat --weights
      expect 0 "$ranks" flow empty.mtx -o all.h5 --end-time 3 --components all
      check "$n neurons: a trajectory" look "x('h').shape == (1, $n)" "np.all(x('h', 1) == 0)" empty.h5 all.h5
    done
  done
}

# ---- what is recorded

# Times as asked for; start and end always.
times() {
  local words
  expect 0 2 flow ../net.h5 -o t.h5 --end-time 0
  check "end time 0: the start alone" look 'list(x("time")) == [0] and np.all(x("h") == 0)' t.h5
  expect 0 2 flow ../net.h5 -o t.h5 --end-time 0.02 --output-times linear:4
  check "linear" look 'off(x("time"), np.array([0, 0.005, 0.01, 0.015, 0.02])) <= 1e-15' t.h5
  expect 0 0 flow ../net.h5 -o t.h5 --end-time 0.02
  check "a hundred by default" look 'len(x("time")) == 101 and x("time")[-1] == 0.02' t.h5
  expect 0 0 flow ../net.h5 -o t.h5 --end-time 0.02 --output-times log:1:0.0001
  check "logarithmic" look 'off(x("time"), np.array([0, 1e-4, 1e-3, 1e-2, 0.02])) <= 1e-15' t.h5
  printf '# two\n0.01\n0.001 # first\n' >times
  for words in 0.01,0.001 times; do
    expect 0 2 flow ../net.h5 -o t.h5 --end-time 0.02 --output-times "$words"
    check "listed: $words" look 'list(x("time")) == [0, 0.001, 0.01, 0.02]' t.h5
  done
  expect 0 0 flow ../net.h5 -o t.h5 --output-times none
  expect 0 0 flow ../net.h5 -o d.h5
  check "none: start and end; logarithmic by default" look 'len(x("time")) == 2' \
    'abs(x("time", 1)[12] / x("time", 1)[2] - 10) < 1e-9' t.h5 d.h5
}

# Selected neurons and synapses are the columns of all.
selections() {
  local pairs ranks
  pairs=$("$python" -c "
import h5py
w = h5py.File('../net.h5')['weights']
print(';'.join('%d,%d' % (i, w['indices'][w['indptr'][i]]) for i in (250, 7)))")
  expect 0 0 flow ../net.h5 -o all.h5
  for ranks in 0 3; do
    expect 0 "$ranks" flow ../net.h5 -o some.h5 --record 250,7,9 --record-synapses "$pairs"
    check "columns are those asked for" look 'list(files[0]["neuron"]) == [7, 9, 250]' \
      'off(x("h"), x("h", 1)[:, [7, 9, 250]]) <= 1e-6' 'list(x("synapse/postsynaptic")) == [250, 7]' \
      'off(x("synapse/cost") / x("synapse/weight") ** 2, 1) <= 1e-12' \
      '(lambda pre, w, h: off(w[-1] / (w[0] * np.exp(h[-1, pre] - h[-1, [250, 7]])), 1) <= 1e-6)(
        list(x("synapse/presynaptic")), x("synapse/weight"), x("h", 1))' some.h5 all.h5
  done
  expect 0 2 flow ../net.h5 -o none.h5 --record none
  check "no h at all" look '"h" not in files[0] and len(x("cost")) > 10' none.h5
}

# The heat equation and the weights beside the flow; other rules.
companions() {
  expect 0 2 flow ../net.h5 -o t.h5 --heat --weights --report report.json
  check "heat and weights" look '(lambda d: d[1] < 1e-2 < d[-1])(x("heat/difference_relative"))' \
    'off(abs(x("heat/h") - x("h")).max(1), x("heat/difference_linf")) <= 1e-12' \
    'x("weights/largest_difference").max() <= 1e-3' t.h5
  check "companions: well-formed report" well_formed report.json
  expect 0 2 flow ../net.h5 -o product.h5 --rule product --tolerance 1e-8
  expect 0 0 flow ../net.h5 -o max.h5 --rule max --end-time 0.01
  check "other rules move" look 'np.any(x("h")[-1] != 0)' 'x("time", 1)[-1] == 0.01 and np.any(x("h", 1)[-1] != 0)' \
    product.h5 max.h5
}

# What `flow` draws.
figure_of_a_run() {
  if ! python_has 'matplotlib'; then
    echo "left out: the picture, which needs matplotlib"
    return
  fi
  expect 0 0 flow ../net.h5 -o t.h5 --heat
  check "picture" "$python" "$jobs/synbal_plot.py" flow t.h5
  check "picture: a PNG" test "$(head -c 4 t.png | tail -c 3)" = PNG
}

expect 0 0 generate random --nodes 300 --degree 8 --sigma 1 --seed 2 -o net.h5
jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../jobs" && pwd)
run_one() {
  rm -rf ./*
  "$1"
}
share_out run_one same_end variants two_neurons one_way nothing_to_do times selections companions figure_of_a_run
finish
