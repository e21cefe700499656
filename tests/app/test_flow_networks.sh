#!/usr/bin/env bash
# The flow of real connectomes ends at the same h as `balance`, on several ranks: the cost never rises, the sum of
# h stays, no linear solve fails.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/flow_common.sh"
data=${SHARED:-}/data
ls "$data"/*.mtx.gz >/dev/null 2>&1 || skip "the real networks (data/*.mtx.gz below SHARED) are absent"

# try_network NAME:RANKS:TOLERANCE. How close to the equilibrium a given imbalance is depends on the slowest mode.
try_network() {
  local name ranks tolerance what="$1"
  IFS=: read -r name ranks tolerance <<<"$1"
  expect 0 0 balance "$data/$name.mtx.gz" -o balanced.h5
  expect 0 "$ranks" flow "$data/$name.mtx.gz" -o t.h5 --tolerance "$tolerance" --report report.json
  kept t.h5
  check "$what: h of balance" look 'off(x("h")[-1], x("h", 1)) <= 1e-6' t.h5 balanced.h5
  check "$what: linear solves" test "$(figure report.json linear_failures)" = 0
  check "$what: everything conserved" test "$(grep -c '"holds": false' report.json)" -eq 0
  rm -f ./*.h5
}

workers=1
limit=120 # four ranks on two busy cores
share_out try_network celegans_varshney279_signed:{1,2,4}:1e-11 drosophila_larva:{1,2}:1e-12 flyvis_extent8:2:1e-11
finish
