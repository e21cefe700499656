#!/usr/bin/env bash
# The smallest networks and those without anything to balance, also on more ranks than neurons: `balance` exits 0 with a
# report that makes sense, `verify`, `apply` and `info` work on them.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# network NAME N [ROW COLUMN WEIGHT]...
network() {
  local file=$1.mtx n=$2
  shift 2
  printf '%%%%MatrixMarket matrix coordinate real general\n%d %d %d\n' "$n" "$n" $(($# / 3)) >"$file"
  [ $# -eq 0 ] || printf '%d %d %s\n' "$@" >>"$file"
}

network nothing 0
network one 1
network one_loop 1 1 1 2.5
network no_synapses 5
network self_loops 4 1 1 1 2 2 -2 3 3 3 4 4 4
network chain 4 2 1 1 3 2 2 4 3 3
network one_way 2 2 1 3
network both_ways 2 2 1 3 1 2 5
network triangle 3 2 1 1 3 2 2 1 3 4
network pinned 3 2 1 1 3 2 2 1 3 4
printf '0\n1\n2\n' >pinned.ids

# The cost of what can be balanced, before and after, for p = 2: costs 9 and 25 meet at sqrt(9 * 25) each, and those of
# the triangle, 1, 4 and 16, at their geometric mean.
initial_cost() { case $1 in both_ways) echo 34 ;; triangle) echo 21 ;; *) echo 0 ;; esac; }
final_cost() { case $1 in both_ways) echo 30 ;; triangle) echo 12 ;; *) echo 0 ;; esac; }
options_of() { if [ "$1" = pinned ]; then echo "--pinned ../pinned.ids"; fi; }

# balanced NAME RANKS: `balance` and what it reports.
balanced() {
  local name=$1
  # shellcheck disable=SC2046
  expect 0 "$2" balance "../$name.mtx" -o result.h5 --report report.json $(options_of "$name")
  check "$name: the report is JSON" well_formed report.json
  check "$name: cost before" true_that 'abs(a - b) <= 1e-12 * b' a="$(figure report.json initial)" b="$(initial_cost "$name")"
  check "$name: cost after" true_that 'abs(a - b) <= 1e-9 * b' a="$(figure report.json final)" b="$(final_cost "$name")"
  check "$name: gap" true_that 'a >= 0 && a <= 1e-9 * b' a="$(figure report.json gap)" b="$(final_cost "$name")"
  check "$name: imbalance" true_that 'a <= 1e-10' a="$(figure report.json l1_relative)"
  check "$name: converged" test "$(figure report.json converged)" = true
}

# used NAME RANKS: the other commands on the result.
used() {
  local name=$1 ranks=$2
  # shellcheck disable=SC2046
  expect 0 "$ranks" verify "../$name.mtx" result.h5 $(options_of "$name")
  expect 0 "$ranks" apply "../$name.mtx" result.h5 -o applied.mtx
  # shellcheck disable=SC2046
  expect 0 "$ranks" info applied.mtx --report info.json $(options_of "$name")
  check "$name: info is JSON" well_formed info.json
  check "$name: imbalance of what was applied" true_that 'a <= 1e-10' a="$(figure info.json l1_relative)"
  check "$name: cost of what was applied" \
    true_that 'abs(a - b) <= 1e-9 * b' a="$(figure info.json initial)" b="$(final_cost "$name")"
}

# Where nothing can be balanced, nothing changes.
unchanged() {
  case $1 in both_ways | triangle) return ;; esac
  check "$1: weights as they were" diff -q <(grep -v '^%' "../$1.mtx" | sort) <(grep -v '^%' applied.mtx | sort)
}

try_network() {
  local name=$1 ranks
  for ranks in 0 4; do
    balanced "$name" "$ranks"
    used "$name" "$ranks"
    unchanged "$name"
  done
  for ranks in 2 7; do
    balanced "$name" "$ranks"
  done
}

share_out try_network nothing one one_loop no_synapses self_loops chain one_way both_ways triangle pinned
finish
