#!/usr/bin/env bash
# Modules joined by links of any strength: h is the planted one at any rank count, verify sees a module out of place that
# no single neuron notices, and small inputs that once went wrong end as they should.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
python_has 'h5py, numpy' || skip "python3 with h5py and numpy, which judge"
planted() { "$python" "$here/weak_cuts.py" "$@"; }
few_newton_steps() { check "$1: few Newton steps" true_that "n <= 60" "n=$(figure "$2" solver/newton_steps)"; }

for shape in ring chain star tree; do
  found=()
  for link in 1e-3 1e-5 1e-7 1e-9 1e-20 1e-60 1e-100 1e-200; do
    planted make $shape$link.mtx $link $shape
    for ranks in 1 3; do
      synbal $ranks balance $shape$link.mtx -o $shape$link.$ranks.h5 --report report.json
      check "$shape $link at $ranks ranks: exit code 0" test $? -eq 0
      found+=($shape$link.mtx $shape$link.$ranks.h5)
      # Links of 1e-3 lie where clusters and their insides still feel each other: there it may take some more.
      [ $link = 1e-3 ] || few_newton_steps "$shape $link at $ranks ranks" report.json
    done
  done
  check "$shape: each h is the planted one" planted error "${found[@]}"
done

for link in 1e-6 1e-20 1e-60; do
  planted make nested.mtx $link tree 3
  synbal 2 balance nested.mtx -o nested.h5
  check "nested $link: exit code 0" test $? -eq 0
  check "nested $link: the planted h" planted error nested.mtx nested.h5
done

# A module moved by 0.1: in - out of single neurons is as small as before, and no double holds the costs of the weaker cuts.
for link in 1e-9 1e-190; do
  planted make net.mtx $link ring
  synbal 0 balance net.mtx -o result.h5 --write h
  synbal 0 verify net.mtx result.h5
  check "verify passes the right answer over $link" test $? -eq 0
  planted move result.h5 80 120 0.1
  for ranks in 1 3; do
    synbal $ranks verify net.mtx result.h5
    check "verify refuses a module out of place over $link at $ranks ranks" test $? -ne 0
    check "and says that it is a cut" grep -q 'cuts .*FAIL' out
  done
done

# Methods that move single neurons leave clusters to a solve of their own, whatever the strength of their cuts.
for link in 1e-2 1e-4 1e-6 1e-9 1e-60; do
  planted make net.mtx $link tree
  found=()
  for method in flow sweep stochastic "stochastic --schedule sequential"; do
    # shellcheck disable=SC2086
    synbal 2 balance net.mtx --method $method -o "$method.h5"
    check "balance by $method over $link: exit code 0" test $? -eq 0
    found+=(net.mtx "$method.h5")
  done
  check "each method over $link: the planted h" planted error "${found[@]}"
done

# A flow that ends where single neurons see nothing any more is not at the end of such a cut, and says so.
planted make net.mtx 1e-6 ring
synbal 2 flow net.mtx -o flow.h5 --report flow.json
check "a flow over weak cuts: exit code 4" test $? -eq 4
check "which names the cuts" grep -q '^cuts .*clusters hang together weakly' out
check "and is not called an equilibrium" "$python" -c \
  'import json; f = json.load(open("flow.json"))["flow"]; assert "weak cut" in f["end"] and f["cuts"]["max_log_ratio"] > 1e-6'

if [ -d "${SHARED:-}/tools" ]; then # trees of many modules: turns of both levels that stall, and once an h off by 2
  for network in "700 20 8 1e-6 1" "5000 20 8 1e-5 1"; do
    "$python" "$SHARED/tools/planted.py" make tree.mtx $network tree
    synbal 2 balance tree.mtx -o tree.h5 --write h --report tree.json
    check "tree $network: exit code 0" test $? -eq 0
    check "tree $network: the planted h" "$python" "$SHARED/tools/planted.py" judge tree.mtx tree.h5
    few_newton_steps "tree $network" tree.json
  done
  # Costs of the cuts that no double can hold, of more neurons than extended precision takes.
  "$python" "$SHARED/tools/planted.py" make beyond.mtx 60 100 8 1e-200 1 ring
  synbal 2 balance beyond.mtx -o beyond.h5 --write h
  check "cuts beyond doubles are not called balanced" test $? -eq 4
else
  echo "skipped: large trees of modules, which need the shared folder"
fi

if [ -d "${SHARED:-}/data/trouble" ]; then
  # 600 decades of costs, of which doubles hold half.
  adder="$SHARED/data/ss_adder_dcop_05.mtx.gz"
  for ranks in 1 3; do
    synbal $ranks balance "$adder" -o adder.h5
    check "adder_dcop_05 at $ranks ranks: exit code 0" test $? -eq 0
    check "adder_dcop_05 at $ranks ranks: balanced neuron by neuron" "$python" "$here/log_balance.py" "$adder" adder.h5
    synbal $ranks verify "$adder" adder.h5
    check "adder_dcop_05 at $ranks ranks: verify passes" test $? -eq 0
  done
  for name in four_1e-10 wr_1e-07 weakring sink0.0005 two_scale_060 wide100 mix300 dblmax_one m_subnormal two_extremes; do
    for ranks in 1 2; do
      synbal $ranks balance "$SHARED/data/trouble/$name.mtx" -o trouble.h5 --write h --report trouble.json
      check "$name at $ranks ranks: exit code 0" test $? -eq 0
      few_newton_steps "$name at $ranks ranks" trouble.json
    done
  done
else
  echo "skipped: no folder of small inputs that went wrong beside the checkout"
fi
finish
