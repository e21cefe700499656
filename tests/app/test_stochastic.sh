#!/usr/bin/env bash
# `balance --method stochastic`: both transports and every schedule end where Newton ends, at any rank count, with ranks
# that have nothing to do or are slow, with late messages, and when a rank is killed; schedules repeat to the last bit.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
time_to_answer

synbal 0 generate random --nodes 500 --degree 8 --seed 3 -o net.h5 || exit 1
synbal 0 generate layered --layers 12,10,8,10,12 --seed 2 -o layered.h5 || exit 1
synbal 0 generate ring --nodes 3 --sigma 1 -o tiny.h5 || exit 1

# same_cost A.json B.json: both runs end at the same cost, to what a converged run leaves open.
same_cost() { true_that 'abs(a - b) <= 1e-9 * b' a="$(figure "$1" final)" b="$(figure "$2" final)"; }

# balanced FILE RANKS WORDS...: converges, verifies, and costs what Newton's result costs.
balanced() {
  local file=$1 ranks=$2
  shift 2
  expect 0 "$ranks" balance "$file" -o result.h5 --report report.json --method stochastic "$@"
  check "report of $file $*" well_formed report.json
  check "imbalance of $file $*" true_that 'a <= 1e-10' a="$(figure report.json l1_relative)"
  check "cost of $file $*" same_cost report.json "newton-$file.json"
  expect 0 0 verify "$file" result.h5
}

for file in net.h5 layered.h5 tiny.h5; do
  expect 0 1 balance "$file" -o newton.h5 --report "newton-$file.json"
done

for transport in one-sided two-sided; do
  balanced net.h5 1 --transport $transport
  for ranks in 2 3 4; do balanced net.h5 $ranks --transport $transport; done
  for ranks in 2 4; do balanced layered.h5 $ranks --transport $transport --order independent; done
  balanced tiny.h5 4 --transport $transport # a rank without a neuron, one neuron on every other
  balanced net.h5 8 --transport $transport --sweeps-per-publication 0.5
  balanced net.h5 2 --transport $transport --step 0.5 --delay-publications 3 --slow-rank 1 --slow-factor 3
  check "relaxations are counted" true_that 'a > 500' a="$(figure report.json relaxations)"
  check "messages are counted" true_that 'a > 0' a="$(figure report.json messages)"
done

# Reproducible schedules: as many sweeps and visits at 3 ranks as at 1 (that h has the same bits is a test of the library).
for schedule in sequential colored random poisson block simulated; do
  words=()
  [ $schedule = block ] && words=(--damping 0.5)
  [ $schedule = simulated ] && words=(--blocks 64 --delay 8 --stragglers 0.5)
  balanced net.h5 1 --schedule $schedule "${words[@]}"
  cp report.json serial.json
  balanced net.h5 3 --schedule $schedule "${words[@]}"
  for key in sweeps relaxations; do
    check "$schedule: the same $key at 1 and 3 ranks" test "$(figure report.json $key)" = "$(figure serial.json $key)"
  done
done

# Limits: exit code 4 and a result that says so.
expect 4 2 balance net.h5 -o limited.h5 --method stochastic --max-iterations 2
check "a limited run still writes its result" test -s limited.h5

# Modules move after turns of the schedule, all of which count: a visit reads some 16 synapses.
expect 0 2 balance modular:nodes=2000,modules=20,degree=8 -o turns.h5 --method stochastic --schedule simulated --report turns.json
check "what was read in all turns is counted" "$python" -c \
  'import json; s = json.load(open("turns.json"))["schedule"]; assert sum(s["reads_by_age"]) > 12 * s["relaxations"]'

# A rank that dies takes the job with it: an error, soon, and no file.
synbal 0 generate modular --nodes 1600 --modules 64 --seed 2 -o weak.h5 || exit 1
dying() {
  # One rank stops, so that the others wait for it however fast they are.
  # shellcheck disable=SC2086
  SYNBAL_FAULT=stop@solve/0 timeout -k 5 60 $MPIRUN -n 3 "$SYNBAL" balance weak.h5 -o dead.h5 --method stochastic >out 2>err </dev/null &
  local job=$! victim=
  for _ in $(seq 100); do
    sleep 0.1
    victim=$(pgrep -f -- "-o dead.h5 --method stochastic" | while read -r pid; do
      if [ "$(readlink "/proc/$pid/exe")" = "$(readlink -f "$SYNBAL")" ]; then echo "$pid"; fi
    done | tail -n 1)
    [ -n "$victim" ] && break
  done
  sleep 1
  [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null
  local code=0 before=$SECONDS
  wait "$job" || code=$?
  check "a killed rank ends the job with an error (got $code)" test "$code" -ne 0 -a "$code" -ne 124
  check "a killed rank ends the job soon" test $((SECONDS - before)) -lt 30
  check "no result of a killed job" test ! -e dead.h5
}
dying

finish
