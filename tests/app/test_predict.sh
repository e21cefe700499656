#!/usr/bin/env bash
# `info --predict`: what it says of a run is what a run has, whether counted or expected; nothing is generated for it; the
# estimates of `info` are the same model; wrong words are refused.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/app/common.sh
. "$(dirname "$0")/common.sh"

# same WHAT A B: two figures, equal but for the last digits.
same() { check "$1 ($2, $3)" "$python" -c "a, b = $2, $3; exit(abs(a - b) > 1e-6 * abs(b))"; }
# within PERCENT WHAT A B
within() { check "$2 ($3, $4)" "$python" -c "a, b = $3, $4; exit(abs(a - b) > $1 / 100 * abs(b))"; }

# The ghosts that were counted are those of a run, and the family's formula comes near.
name=modular:nodes=3000,modules=30,degree=8
expect 0 0 generate smallworld --nodes 3000 --rewiring 0.1 --degree 8 -o net.h5
expect 0 0 info net.h5 --predict 1,3,64 --report counted.json
expect 0 3 info net.h5 --report run.json
per_neuron=$("$python" -c "
import json
f = json.load(open('counted.json'))['prediction']['forecasts'][1]
print(f['layout']['ghosts'] / f['layout']['neurons'])")
same "ghosts of three ranks" "$per_neuron" "$(figure run.json ghost_fraction)"
same "imbalance of three ranks" "$("$python" -c "
import json
print(json.load(open('counted.json'))['prediction']['forecasts'][1]['layout']['nnz_max_over_mean'])")" \
  "$(figure run.json nnz_max_over_mean)"
check "it says that blocks were counted" test "$(figure counted.json layout)" = '"counted"'
expect 0 0 info random:nodes=3000,degree=8 --predict 3 --report expected.json
expect 0 3 info random:nodes=3000,degree=8 --report run.json
within 2 "ghosts of the family" "$(figure expected.json ghosts)" \
  "$("$python" -c "print(1000 * $(figure run.json ghost_fraction))")"

# One model: the header's estimate and that of a network that was read are the prediction's memory.
expect 0 0 info $name --predict 8 --report p.json
expect 0 0 info $name --header-only --report h.json
expect 0 0 info $name --predict 1e3,1000
check "1e3 is 1000" test "$(grep -c "^1000 ranks" out)" -eq 2
same "memory by the header" "$("$python" -c "print(8 * $(figure p.json memory/rank))")" "$("$python" -c "
import json
print(next(e['bytes'] for e in json.load(open('h.json'))['memory']['estimates'] if e['ranks'] == 8))")"
expect 0 1 info $name --report r.json
expect 0 0 info $name --predict 1 --report p.json
within 1 "memory of what was read" "$(figure p.json memory/rank)" "$(figure r.json estimate)"

# 10^14 synapses, in seconds and without memory; more ranks than one host has.
expect 0 0 info random:nodes=1e12,degree=100 --predict 100000,1048576 --report huge.json
check "more ranks take less memory and time each, and parts add up" "$python" -c "
import json
few, many = json.load(open('huge.json'))['prediction']['forecasts']
assert many['memory']['rank'] < few['memory']['rank'] and many['solve'] < few['solve'], (few, many)
parts = {part: seconds for part, seconds in many['pass'].items() if part != 'total'}
assert len(parts) == 6 and abs(sum(parts.values()) / many['pass']['total'] - 1) < 1e-9, parts"
check "a summary with the best number" grep -q '^best ' out

# Another machine: twice the latency is twice the waiting.
expect 0 0 info ring:nodes=1e6 --predict 64 --report here.json
"$python" - "$here/../../src/forecast/measured.json" <<'PYTHON' >slow.json
import json
import sys
machine = json.load(open(sys.argv[1], encoding="utf-8"))
machine["latency"] *= 2
machine["measured_on"] = "a slow network"
print(json.dumps(machine))
PYTHON
expect 0 0 info ring:nodes=1e6 --predict 64 --machine slow.json --report there.json
check "it names the machine" grep -q 'a slow network' out
same "twice the latency" "$(figure there.json latency)" "$("$python" -c "print(2 * $(figure here.json latency))")"

# What is wrong is told.
expect_refusal 2 --predict 0 info net.h5 --predict 0
expect_refusal 2 --predict 0 info net.h5 --predict 4,many
expect_refusal 2 3000 0 info net.h5 --predict 5000
expect_refusal 2 --like 0 info net.h5 --like random
expect_refusal 2 --null 0 info net.h5 --predict 4 --null 10
expect_refusal 2 "one rank" 2 info net.h5 --predict 4
expect_refusal 3 "no JSON" 0 info net.h5 --predict 4 --machine net.h5
echo '{"measured_on": "half a machine"}' >half.json
expect_refusal 3 half.json 2 info $name --predict 4 --machine half.json
expect_refusal 5 nosuch.json 0 info net.h5 --predict 4 --machine nosuch.json
expect_refusal 5 nosuch.h5 0 info nosuch.h5 --predict 4
finish
