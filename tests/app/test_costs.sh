#!/usr/bin/env bash
# Costs as the papers define them: gains and alphas (also of 0), exponents, ties, sums of powers, orders of visits; against
# scipy's dense minimiser, and what does not go together.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_has 'numpy, scipy, h5py' || skip "python3 has no numpy, scipy and h5py"
judge=$(dirname "${BASH_SOURCE[0]}")/cost_factors.py
"$python" "$judge" make || exit 1

# balanced NAME OPTIONS...: scipy's minimum, by one rank with the weights and by two without; verify needs no option again.
balanced() {
  local name=$1
  shift
  expect 0 2 balance "$name.h5" -o "$name.h.h5" --write h "$@"
  expect 0 0 balance "$name.h5" -o "$name.result.h5" --report report.json "$@"
  check "$name, two ranks: scipy's minimum" "$python" "$judge" check "$name" "$name.h.h5"
  check "$name: scipy's minimum" "$python" "$judge" check "$name" "$name.result.h5"
  expect 0 0 verify "$name.h5" "$name.result.h5"
}

balanced gain --gain gain.gain
check "free synapses are told" grep -q edges_free report.json
expect 3 0 verify gain.h5 gain.result.h5 --gain greedy.gain
expect 0 0 verify gain.h5 gain.h.h5
balanced alpha --alpha alpha.alpha
expect 3 0 verify alpha.h5 alpha.result.h5 --alpha none
expect 0 2 balance native.h5 -o native.result.h5
check "native /alpha" "$python" "$judge" check alpha native.result.h5
expect 0 0 verify native.h5 native.result.h5
# What a run was told in place of what its file holds stands in its result.
for gain in greedy.gain none; do
  expect 0 2 balance gain.result.h5 -o other.h5 --gain $gain
  expect 0 0 verify gain.result.h5 other.h5
  expect 0 2 verify gain.result.h5 other.h5
done
balanced exponent --exponent exponent.exponent
balanced exponents --exponent exponents.exponent --gain exponents.gain
expect 0 2 apply exponents.h5 exponents.h.h5 -o applied.h5
check "apply knows the exponents" "$python" - exponents.result.h5 applied.h5 <<'PYTHON'
import sys
import h5py
import numpy as np
a, b = (h5py.File(name)["weights/data"][:] for name in sys.argv[1:])
assert np.allclose(a, b, rtol=1e-8, atol=0)
PYTHON
for method in newton sweep flow stochastic; do
  expect 0 2 balance exponents.h5 -o other.h5 --exponent exponents.exponent --gain exponents.gain --method $method
  check "$method: scipy's minimum" "$python" "$judge" check exponents other.h5
done
balanced tie --tie tie.tie
check "groups are told" test "$(figure report.json groups)" = 6
balanced tie_pinned --tie tie_pinned.tie --gain tie_pinned.gain
expect 0 2 balance tie_pinned.result.h5 -o other.h5 --tie none --pinned 0
expect 0 0 verify tie_pinned.result.h5 other.h5
balanced tie_exponent --tie tie_exponent.tie --exponent tie_exponent.exponent
balanced mixed --cost 1*2+0.7*1
check "a sum of costs has no bound" grep -q '"lower_bound": null' report.json
balanced subset --method stochastic --schedule subset --subset subset.ids
balanced greedy --method stochastic --schedule greedy

# what does not go together says why
expect_refusal 2 "which names the powers" 0 balance mixed.h5 -o no.h5 --cost 1*2+0.7*1 --power 2
expect_refusal 2 "sweeps of its own" 0 balance mixed.h5 -o no.h5 --cost 1*2+0.7*1 --method newton
expect_refusal 2 "WEIGHT*POWER" 0 balance mixed.h5 -o no.h5 --cost 2
expect_refusal 2 "--subset" 0 balance subset.h5 -o no.h5 --method stochastic --schedule subset
expect_refusal 2 "--schedule subset" 0 balance subset.h5 -o no.h5 --method stochastic --schedule greedy --subset 1
expect_refusal 3 "summed at one power" 2 balance tie.h5 -o no.h5 --cost 1*2+0.7*1 --tie tie.tie
expect_refusal 3 "neurons are tied" 2 flow tie.h5 -o no.h5 --tie tie.tie
expect_refusal 3 "neurons are tied" 0 info tie.h5 --tie tie.tie
expect 0 0 info tie.h5 --tie none
# factors that are none
head -n 5 alpha.alpha >short.alpha
expect_refusal 3 "holds 5 alphas" 2 balance alpha.h5 -o no.h5 --alpha short.alpha
sed '3s/.*/-1/' alpha.alpha >negative.alpha
expect_refusal 3 "negative.alpha: line 3" 2 balance alpha.h5 -o no.h5 --alpha negative.alpha
sed '2s/.*/-2/' gain.gain >negative.gain
expect_refusal 3 "negative.gain: line 2" 2 balance gain.h5 -o no.h5 --gain negative.gain
sed '2s/.*/0/' exponent.exponent >zero.exponent
expect_refusal 3 "zero.exponent: line 2" 2 balance exponent.h5 -o no.h5 --exponent zero.exponent
check "nothing is left of refused runs" test ! -e no.h5
finish
