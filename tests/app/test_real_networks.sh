#!/usr/bin/env bash
# Every real network, at one, two and four ranks: the known optimum, the imbalance, a gap that proves it, the same h at
# every rank count, and a result that `verify` confirms.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
data=${SHARED:-}/data
ls "$data"/*.mtx.gz >/dev/null 2>&1 || skip "the real networks (data/*.mtx.gz below SHARED) are absent"

# log10 of the optimum for p = 2 and how well it is known.
optimum() {
  case $1 in
    celegans_varshney279_signed) echo 4.0287086725 1e-9 ;;
    celegans_cook2019_neurons_signed) echo 5.0812065406 1e-9 ;;
    macaque_markov29_fln) echo 0.4848469253 1e-9 ;;
    rnn_psychrnn50) echo 1.7878907615 1e-9 ;;
    drosophila_larva) echo 6.2776124681 1e-9 ;;
    flyvis_extent8) echo 7.0188703516 1e-9 ;;
    ss_west0067) echo 2.1022242087 1e-9 ;;
    ss_west0479) echo 6.7813881832 1e-9 ;;
    ss_fs_183_1) echo 6.3493526909 1e-9 ;;
    ss_adder_dcop_05) echo 1.26718867 5e-9 ;;
    ss_bips98_606) echo 10.26262466 5e-9 ;;
  esac
}

# How well single neurons are balanced; one network has weights down to 3e-306, below what h can move.
log_ratio_limit() {
  case $1 in ss_bips98_606) echo 1e-7 ;; ss_adder_dcop_05) echo ;; *) echo 1e-8 ;; esac
}

# ended_well NAME RANKS: exit code 0; for ss_adder_dcop_05, 4 is an honest answer too.
ended_well() {
  local got=0
  checks=$((checks + 1))
  synbal "$2" balance "$data/$1.mtx.gz" -o "$2.h5" --report report.json || got=$?
  [ "$got" -eq 0 ] || { [ "$1" = ss_adder_dcop_05 ] && [ "$got" -eq 4 ]; } || fail "$1 on $2 ranks: exit code $got"
}

# reported NAME RANKS: what the report says of it.
reported() {
  local what="$1 on $2 ranks" limit log10_cost digits
  limit=$(log_ratio_limit "$1")
  check "$what: well-formed report" well_formed report.json
  check "$what: imbalance" true_that 'a <= 1e-10' a="$(figure report.json l1_relative)"
  [ -z "$limit" ] || check "$what: single neurons" true_that 'a <= b' a="$(figure report.json max_log_ratio)" b="$limit"
  check "$what: gap" true_that 'a <= 1e-9 * b' a="$(figure report.json gap)" b="$(figure report.json final)"
  read -r log10_cost digits <<<"$(optimum "$1")"
  [ -z "$log10_cost" ] || check "$what: optimum" \
    true_that 'abs(log(a) / log(10) - b) <= c' a="$(figure report.json final)" b="$log10_cost" c="$digits"
}

# alike NAME RANKS...: the balanced weights are the same at all rank counts, so that e^(h_j - h_i) is, along every synapse.
alike() {
  local name=$1 ranks
  shift
  [ "$name" != ss_adder_dcop_05 ] || return 0
  for ranks in "$@"; do
    expect 0 0 apply "$data/$name.mtx.gz" "$ranks.h5" -o "$ranks.mtx"
    check "$name: the same h on $1 and on $ranks ranks" awk '
      /^%/ || sized++ == 0 { next }
      { if ($1 != $4 || $2 != $5) exit wrong = 1; d = log($3 / $6); if (!(d <= 2e-8 && d >= -2e-8)) exit wrong = 1 }
      END { exit wrong || sized < 2 }' <(paste "$1.mtx" "$ranks.mtx")
  done
}

balanced_everywhere() {
  local name=$1 ranks
  for ranks in 1 2 4; do
    ended_well "$name" "$ranks"
    reported "$name" "$ranks"
  done
  expect 0 0 verify "$data/$name.mtx.gz" 1.h5
  expect 0 2 verify "$data/$name.mtx.gz" 4.h5
  expect 0 4 verify "$data/$name.mtx.gz" 2.h5
  alike "$name" 1 2 4
  rm -f ./*.h5 ./*.mtx
}

mapfile -t names < <(cd "$data" && ls ./*.mtx.gz | sed 's|^\./||; s|\.mtx\.gz$||')
workers=2
limit=120 # ss_adder_dcop_05 on more ranks than cores
share_out balanced_everywhere "${names[@]}"
echo "${#names[@]} networks"
finish
