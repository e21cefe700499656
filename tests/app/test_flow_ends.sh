#!/usr/bin/env bash
# Every way in which a flow can end before its end leaves a valid trajectory from which one can go on: limits, signals,
# kill -9. Mistakes are refused before any work.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
time_to_answer
source "$(dirname "${BASH_SOURCE[0]}")/flow_common.sh"
limit=120 # a flow is thousands of small collectives, which take their time where ranks share busy cores

# Limits: exit code 4 or 75, a file that says so, and --initial goes on from it to the same end.
limits() {
  local ranks
  expect 0 0 flow ../net.h5 -o whole.h5 --tolerance 1e-11
  for ranks in 0 3; do
    expect 4 "$ranks" flow ../net.h5 -o limited.h5 --max-steps 30 --report report.json
    valid limited.h5 "step limit"
    check "step limit: the report says so" test "$(figure report.json end)" = '"step limit reached"'
    check "step limit: says how to go on" grep -q -- "--initial limited.h5" err
    expect 0 "$ranks" flow ../net.h5 -o rest.h5 --initial limited.h5 --tolerance 1e-11
    check "--initial: goes on from there to the same end" look \
      'x("time")[0] == x("time", 1)[-1] and np.all(x("h")[0] == x("h", 1)[-1])' \
      'off(x("h")[-1], x("h", 2)[-1]) <= 1e-6' 'abs(x("time")[-1] / x("time", 2)[-1] - 1) <= 1e-3' \
      rest.h5 limited.h5 whole.h5
  done
  expect 4 2 flow ../net.h5 -o limited.h5 --relative-tolerance 1e-30 --absolute-tolerance 1e-30
  valid limited.h5 failed
  expect 75 2 flow ../net.h5 -o limited.h5 --max-walltime 00:00:00.000001
  valid limited.h5 walltime
}

# Random changes meanwhile: rows at the output times alone, a report that says what is taken back, the same changes at any
# rank count.
shaken() {
  local ranks
  expect 0 0 balance ../net.h5 -o balanced.h5
  for ranks in 0 2; do
    expect 0 "$ranks" flow ../net.h5 -o shaken.h5 --initial balanced.h5 --shake 30,0.1 --end-time 0.5 --report "$ranks.json"
    check "shaken: rows" look 'len(x("time")) == 101 and np.all(np.diff(x("time")) > 0)' shaken.h5
    check "shaken: away from balance" true_that 'a > 1e-4 && b > 0.05' a="$(figure "$ranks.json" shake/imbalance)" \
      b="$(figure "$ranks.json" shake/absorbed_expected)"
  done
  check "the same changes" test "$(figure 0.json shake/changes)" = "$(figure 2.json shake/changes)"
}

# From the end of `balance` there is nothing left to do.
from_a_result() {
  expect 0 0 balance ../net.h5 -o balanced.h5
  expect 0 2 flow ../net.h5 -o rest.h5 --initial balanced.h5
  check "from a result: one row" look 'list(x("time")) == [0] and np.all(x("h")[0] == x("h", 1))' rest.h5 balanced.h5
  printf '%s\n' 3 17 44 >pins
  expect_refusal 3 "cannot move" 2 flow ../net.h5 -o new.h5 --initial balanced.h5 --pinned pins
}

# A flow that lasts until it is stopped (two minutes at most), and its process.
long_flow() {
  local ranks=$1 tries=0 launcher=()
  rm -f long.h5
  # shellcheck disable=SC2206
  [ "$ranks" -eq 0 ] || launcher=($MPIRUN -n "$ranks")
  "${launcher[@]}" "$SYNBAL" flow ../net.h5 -o long.h5 --end-time 1000 --tolerance 0 --output-times linear:400000 -q \
    --max-walltime 2:00 >out 2>err </dev/null &
  process=$!
  until look 'rows[0] > 20' long.h5 2>/dev/null || [ $((++tries)) -gt 200 ]; do sleep 0.2; done
}

signals() {
  local case signal ranks got
  for case in USR2:0 TERM:0 INT:0 USR2:3; do # mpirun itself gives its ranks a second only after TERM and INT
    signal=${case%:*} ranks=${case#*:} got=0
    long_flow "$ranks"
    kill "-$signal" "$process"
    wait "$process" 2>/dev/null || got=$?
    check "$case: exit code $got" test "$got" -eq 75
    valid long.h5 "interrupted by $signal" 'len(files[0]["time"]) == rows[0] > 20'
  done
}

# Killed without a word: the rows are there, and a run goes on from them.
killed() {
  local ranks
  for ranks in 0 2; do
    long_flow "$ranks"
    if [ "$ranks" -eq 0 ]; then kill -KILL "$process"; else pkill -KILL -P "$process"; fi
    wait "$process" 2>/dev/null
    valid long.h5 running 'rows[0] > 20'
    expect 0 2 flow ../net.h5 -o rest.h5 --initial long.h5 --tolerance 1e-11
    check "kill -9: a run goes on" look 'x("time")[0] == x("time", 1)[-1]' rest.h5 long.h5
  done
}

# What stands under the name stays until the new one is whole, whatever becomes of that; a resumed run goes on with what grew
# beside it.
replaced() {
  local ranks got
  for ranks in 0 2; do
    rm -f t.* && expect 0 0 flow ../net.h5 -o t.h5 -q --end-time 0.01
    cp t.h5 before.h5
    got=0
    SYNBAL_FAULT="kill@solve#70/$((ranks > 0))" synbal "$ranks" flow ../net.h5 -o t.h5 --checkpoint-interval 1e-9 || got=$?
    check "killed: an exit code" test "$got" -ne 0
    check "killed: the old one is as it was" cmp t.h5 before.h5
    check "killed: where the new one grows is told" grep -q 't.h5 stands there.*t.growing.h5' err
    valid t.growing.h5 running 'rows[0] > 5'
    expect 0 2 flow ../net.h5 -o rest.h5 -q --initial t.growing.h5 --tolerance 1e-11
    check "a run goes on" look 'x("time")[0] == x("time", 1)[-1]' rest.h5 t.growing.h5
    expect 0 1 flow ../net.h5 -o t.h5 -q --resume
    kept t.h5 'len(x("time")) > 50' "'equilibrium' in files[0].attrs['reason'].decode()"
    check "nothing grows any more" test ! -e t.growing.h5 -a ! -e t.checkpoint.h5
    cp t.h5 before.h5
    SYNBAL_FAULT='EIO@io#9/0' expect 5 "$ranks" flow ../net.h5 -o t.h5 -q --end-time 0.01
    check "failed: the old one is as it was" cmp t.h5 before.h5
    expect 0 "$ranks" flow ../net.h5 -o t.h5 -q --end-time 0.02
    kept t.h5 'x("time")[-1] == 0.02'
    check "nothing grows any more" test ! -e t.growing.h5
  done
}

# A link to a trajectory stays one, and what replaces that grows where it leads.
linked() {
  mkdir -p elsewhere && ln -sf elsewhere/t.h5 link.h5
  expect 0 2 flow ../net.h5 -o link.h5 -q --end-time 0.01
  cp elsewhere/t.h5 before.h5
  SYNBAL_FAULT="kill@solve#70/1" synbal 2 flow ../net.h5 -o link.h5 --checkpoint-interval 1e-9
  check "killed: the old one is as it was" cmp elsewhere/t.h5 before.h5
  valid elsewhere/t.growing.h5 running 'rows[0] > 5'
  expect 0 0 flow ../net.h5 -o link.h5 -q --resume
  kept elsewhere/t.h5 'len(x("time")) > 50'
  check "the link stays, nothing grows" test -L link.h5 -a ! -e elsewhere/t.growing.h5
}

# Rows that would fill the disk, however large it is, are refused before anything is written.
no_room() {
  local words
  for words in "--end-time 1 --output-times linear:1000000000" "--end-time 1e9 --output-times log:50000000:1e-9"; do
    # shellcheck disable=SC2086
    expect_refusal 5 "GiB are free there" 2 flow random:nodes=1e6,degree=2 -o new.h5 $words
    check "the figures" grep -q 'new.h5: [0-9]* rows of 10000[0-9]* numbers take [0-9.e+]* GiB.*--output-times' err
  done
  check "nothing written" test -z "$(find . -name 'new*')"
}

# ---- mistakes

wrong_words() {
  local words
  for words in --rule --components --initial --heat --weights --integration --relative-tolerance --absolute-tolerance \
    --end-time --tolerance --max-steps --max-walltime --output-times --record --record-synapses --report; do
    check "flow --help names $words" grep -q -- "^ *$words" <("$SYNBAL" flow --help)
  done
  for words in "--integration euler" "--rule wrong" "--components error" "--relative-tolerance 0" "--tolerance 2" \
    "--end-time -1" "--end-time nan" "--output-times linear" "--output-times log:0" "--output-times 1,x" \
    "--output-times nowhere" "--record 1,,2" "--record-synapses 5" "--max-walltime x" "--tolerance 0" \
    "--rule max --heat" "--nonsense 1" "--max-steps -1"; do
    # shellcheck disable=SC2086
    expect_refusal 2 "$(awk '{ print $1 }' <<<"$words")" 0 flow ../net.h5 -o new.h5 $words
  done
  expect_refusal 2 "RATE,ETA" 0 flow ../net.h5 -o new.h5 --shake 2 --end-time 1
  expect_refusal 2 "--end-time" 0 flow ../net.h5 -o new.h5 --shake 2,0.1
  expect_refusal 2 "--shake" 2 flow ../net.h5 -o new.h5 --shake 2,0 --end-time 1
  expect_refusal 2 "--rule" 0 flow ../net.h5 -o new.h5 --shake 2,0.1 --end-time 1 --heat
  expect_refusal 2 .h5 3 flow ../net.h5 -o new.mtx
  expect_refusal 2 net.h5 0 flow ../net.h5 -o ../net.h5
  expect_refusal 2 newton_pc_type 0 flow ../net.h5 -o new.h5 -- -newton_pc_type jacobi
  check "nothing written" test ! -e new.h5
}

wrong_files() {
  expect_refusal 3 "no neuron has the id 300" 3 flow ../net.h5 -o new.h5 --record 1,300
  expect_refusal 3 "there is no synapse" 3 flow ../net.h5 -o new.h5 --record-synapses 5,5
  printf '1\ntwo\n' >times
  expect_refusal 3 "line 2" 2 flow ../net.h5 -o new.h5 --output-times times
  expect_refusal 3 ../net.h5 2 flow ../net.h5 -o new.h5 --initial ../net.h5
  expect_refusal 5 nowhere 2 flow ../net.h5 -o nowhere/new.h5
  expect_refusal 5 nowhere 0 flow ../net.h5 -o new.h5 --initial nowhere.h5
  expect 0 0 flow ../net.h5 -o t.h5 --record 5
  expect_refusal 3 "recorded all" 2 flow ../net.h5 -o new.h5 --initial t.h5
  expect 0 0 flow ../net.h5 -o t.h5
  expect_refusal 2 --end-time 2 flow ../net.h5 -o new.h5 --initial t.h5 --end-time 1e-9
  cp t.h5 before.h5
  expect_refusal 3 "no neuron has the id" 2 flow ../net.h5 -o t.h5 --record 1000
  check "what stood there survives a refusal" cmp t.h5 before.h5
  check "nothing written" test ! -e new.h5
}

expect 0 0 generate random --nodes 300 --degree 8 --sigma 1 --seed 2 -o net.h5
run_one() {
  rm -rf ./*
  "$1"
}
share_out run_one limits shaken from_a_result signals killed replaced linked no_room wrong_words wrong_files
finish
