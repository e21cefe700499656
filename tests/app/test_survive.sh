#!/usr/bin/env bash
# Runs that are stopped, killed, cut off from their disk or given damaged files: nothing is lost, nothing half-written.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
time_to_answer

python_has 'h5py, numpy' || skip "python3 with h5py, which looks into the files"

# look EXPRESSIONS... FILES...: python truths about HDF5 files f[0], f[1], ... (those words that end in .h5).
look() {
  "$python" - "$@" <<'PYTHON'
import sys
import h5py
import numpy as np
words = [w for w in sys.argv[1:] if not w.endswith(".h5")]
f = [h5py.File(w, "r") for w in sys.argv[1:] if w.endswith(".h5")]
h = [x["h"][:] for x in f]
for word in words:
    if not eval(word):
        sys.exit(f"not true: {word}")
PYTHON
}
same_bits='np.array_equal(h[0].view(np.int64), h[1].view(np.int64))'

# An undisturbed run of METHOD, one that is stopped at its PLACE-th iteration by a signal to its last rank, and the rest.
stopped_and_resumed() {
  local method=$1 place=$2 ranks=$3 more=$4 same=$5
  # shellcheck disable=SC2086
  expect 0 "$ranks" balance ../net.h5 -o whole.h5 -q --method $method
  # shellcheck disable=SC2086
  SYNBAL_FAULT="TERM@solve#$place/$((ranks > 0 ? ranks - 1 : 0))" expect 75 "$ranks" balance ../net.h5 -o part.h5 -q --method $method
  check "$method: one line tells how to go on" grep -q 'stopped by TERM; part.checkpoint.h5 .*--resume' err
  check "$method: no result yet" test ! -e part.h5
  # shellcheck disable=SC2086
  expect 0 "$more" balance ../net.h5 -o part.h5 -q --method $method --resume --report report.json
  check "$method: the same end" look "$same" part.h5 whole.h5
  check "$method: the report says how often" test "$(figure report.json resumed/times)" = 1
  check "$method: nothing is left to go on with" test ! -e part.checkpoint.h5
  expect 0 2 verify ../net.h5 part.h5
}

newton() { stopped_and_resumed newton 8 3 3 "$same_bits"; }
sweep() { stopped_and_resumed sweep 9 2 2 "$same_bits"; }
schedule() { stopped_and_resumed 'stochastic --schedule simulated --delay 3 --stragglers 0.5' 12 2 2 "$same_bits"; }
clocks() { stopped_and_resumed 'stochastic --schedule poisson' 12 0 2 'abs(h[0] - h[1]).max() < 1e-13'; }
mixed() { stopped_and_resumed 'auto --cost 1*2+0.7*1' 9 2 2 "$same_bits"; }
elsewhere() { stopped_and_resumed auto 9 1 3 'abs(h[0] - h[1]).max() < 1e-9'; }
asynchronous() { stopped_and_resumed stochastic 3 3 2 'abs(h[0] - h[1]).max() < 1e-7'; }
flow() { stopped_and_resumed 'flow --tolerance 1e-11' 20 2 1 'abs(h[0] - h[1]).max() < 1e-7'; }

# The trajectory goes on where the checkpoint was made: the same times, the same end, and states to within the tolerances.
trajectory() {
  local tight=(--relative-tolerance 1e-10 --absolute-tolerance 1e-12) limit=120 # thousands of small collectives
  expect 0 0 flow ../net.h5 -o whole.h5 -q --heat "${tight[@]}"
  SYNBAL_FAULT='TERM@solve#90/1' expect 75 2 flow ../net.h5 -o part.h5 --heat "${tight[@]}"
  check "flow: one line tells how to go on" grep -q 'interrupted by TERM.*--resume' err
  expect_refusal 3 "--heat was given, is not given" 1 flow ../net.h5 -o part.h5 "${tight[@]}" --resume
  expect 0 1 flow ../net.h5 -o part.h5 -q --heat "${tight[@]}" --resume --report report.json
  check "flow: the same end" look 'abs(h[0][-1] - h[1][-1]).max() < 1e-9' part.h5 whole.h5
  check "flow: the same rows" look 'len(h[0]) == len(h[1])' 'abs(h[0] - h[1]).max() < 1e-7' \
    'np.all(f[0]["time"][:-1] == f[1]["time"][:-1])' 'abs(f[0]["heat/h"][:] - f[1]["heat/h"][:]).max() < 1e-7' part.h5 whole.h5
  check "flow: the report says how often" test "$(figure report.json resumed/times)" = 1
  check "flow: nothing is left to go on with" test ! -e part.checkpoint.h5
  SYNBAL_FAULT='kill@solve#70/0' synbal 1 flow ../net.h5 -o part.h5 -q --heat "${tight[@]}" --checkpoint-interval 1e-9
  expect 0 2 flow ../net.h5 -o part.h5 -q --heat "${tight[@]}" --resume
  check "flow: killed, and the same end" look 'abs(h[0][-1] - h[1][-1]).max() < 1e-9' 'len(h[0]) == len(h[1])' part.h5 whole.h5
  SYNBAL_FAULT='USR2@solve#70/0' expect 75 0 flow ../net.h5 -o part.h5 -q
  expect 0 0 flow ../net.h5 -o part.h5 -q --force --end-time 0.001 # another trajectory in its place
  SYNBAL_FAULT='' expect_refusal 3 "put back the trajectory" 2 flow ../net.h5 -o part.h5 --resume
}
shaken() {
  local words=(--shake 30,0.1 --end-time 0.5 --record none -q)
  expect 0 0 flow ../net.h5 -o whole.h5 "${words[@]}" --report whole.json
  SYNBAL_FAULT='TERM@solve#230/1' expect 75 2 flow ../net.h5 -o part.h5 "${words[@]}"
  expect 0 1 flow ../net.h5 -o part.h5 "${words[@]}" --resume --report part.json
  check "shaken: the same changes" test "$(figure part.json shake/changes)" = "$(figure whole.json shake/changes)"
  check "shaken: the same answer" true_that 'abs(a / b - 1) < 1e-6' a="$(figure part.json shake/absorbed)" \
    b="$(figure whole.json shake/absorbed)"
}

# Answers that were found are not looked for again.
same_columns() {
  "$python" - "$@" <<'PYTHON'
import sys
import numpy as np
a, b = (np.genfromtxt(w, delimiter=",", names=True) for w in sys.argv[1:3])
for name in sys.argv[3:]:
    x, y = a[name], b[name]
    good = np.isfinite(x) & (x != 0)
    if not (np.array_equal(np.isfinite(x), np.isfinite(y)) and abs(y[good] / x[good] - 1).max() < 1e-9):
        sys.exit(f"{name} differs")
PYTHON
}
pairs() {
  local words=(--synapses --method pairs -q)
  expect 0 0 resistance ../net.h5 -o whole.csv "${words[@]}"
  SYNBAL_FAULT='TERM@solve#9/1' expect 75 2 resistance ../net.h5 -o part.csv "${words[@]}"
  check "pairs: nothing is written yet" test ! -e part.csv
  rm -f part.csv.checkpoint.h5
  SYNBAL_FAULT='TERM@krylov#500/1' expect 75 2 resistance ../net.h5 -o part.csv "${words[@]}"  # within a solve
  check "pairs: told within a solve" grep -q 'stopped by TERM; part.csv.checkpoint.h5 is whole' err
  check "pairs: kept what was answered" grep -q . part.csv.checkpoint.h5
  expect_refusal 3 "--method was pairs, is columns" 2 resistance ../net.h5 -o part.csv --method columns --resume
  expect 0 3 resistance ../net.h5 -o part.csv "${words[@]}" --resume --report report.json
  check "pairs: the same" same_columns whole.csv part.csv resistance leverage
  check "pairs: the report says how often" test "$(figure report.json resumed/times)" = 1
  check "pairs: nothing is left to go on with" test ! -e part.csv.checkpoint.h5
}
changes() {
  local words=(--synapses all --truth 60 --factor 1.1 -q)
  expect 0 0 perturb ../small.h5 -o whole.csv "${words[@]}"
  SYNBAL_FAULT='TERM@krylov#400/1' expect 75 2 perturb ../small.h5 -o part.csv "${words[@]}"  # within a solve
  rm -f part.csv.checkpoint.h5
  SYNBAL_FAULT='USR2@solve#30/0' expect 75 1 perturb ../small.h5 -o part.csv "${words[@]}"
  expect 0 2 perturb ../small.h5 -o part.csv "${words[@]}" --resume
  check "perturb: the same" same_columns whole.csv part.csv resistance predicted quadratic
  check "perturb: the same measured" "$python" -c "
import numpy as np
a, b = (np.genfromtxt(w, delimiter=',', names=True)['measured'] for w in ('whole.csv', 'part.csv'))
assert np.array_equal(np.isfinite(a), np.isfinite(b)) and np.isfinite(a).sum() == 60
assert np.nanmax(abs(a - b)) < 1e-9"
}

# Ranks that wait in vain are told apart from those that work, and where each stands.
watched() {
  SYNBAL_FAULT='hang@solve#3/1' expect 1 3 balance ../net.h5 -o part.h5 -q --watchdog 1
  check "a rank that hangs: one message" test "$(grep -c '^synbal: error: no rank has got on' err)" -eq 1
  check "a rank that hangs: where" grep -q 'rank 1: solve, in no call of MPI' err
  check "a rank that hangs: where the others are" grep -q 'rank 0, 2: solve, in MPI_' err
  SYNBAL_FAULT='stop@write/0' expect 1 2 balance ../net.h5 -o part.h5 -q --watchdog 1
  check "a rank that is stopped" grep -q 'rank 0: write, .* stopped' err
  check "watchdog: no result" test ! -e part.h5
}
nan() {
  SYNBAL_FAULT='nan@solve#4/1' expect_refusal 1 "rank 1, solve: " 3 balance ../net.h5 -o part.h5 --method newton
  SYNBAL_FAULT='nan@solve#6/0' expect_refusal 1 "rank 0, solve: " 2 balance ../net.h5 -o part.h5 --method sweep
  check "NaN: no result" test ! -e part.h5
  SYNBAL_FAULT='nan@solve#4/1' expect_refusal 1 "rank 1, solve: " 2 flow ../net.h5 -o part.h5
  SYNBAL_FAULT='bad_alloc@components/1' expect_refusal 5 "out of memory" 2 balance ../net.h5 -o part.h5
}

# Clusters and what is known of equations are kept, too.
clusters() {
  expect 0 0 generate modular --modules 8 --nodes 400 --degree 8 --sigma 1 --seed 5 -o weak.h5
  "$python" - weak.h5 <<'PYTHON'
import sys
import h5py
import numpy as np
w = h5py.File(sys.argv[1], "r+")["weights"]
row = np.repeat(np.arange(400), np.diff(w["indptr"][:]))
data = w["data"][:]
data[row // 50 != w["indices"][:] // 50] *= 1e-7  # between modules
w["data"][:] = data
PYTHON
  expect 0 2 balance weak.h5 -o whole.h5 -q
  SYNBAL_FAULT='USR2@solve#16/1' expect 75 2 balance weak.h5 -o part.h5 -q
  expect 0 2 balance weak.h5 -o part.h5 -q --resume
  check "clusters: the same end" look "$same_bits" part.h5 whole.h5
}

# Every iteration a checkpoint, USR1 on top, and killed in the middle: the last one or the one before it is whole.
killed() {
  local got=0 place
  expect 0 2 balance ../net.h5 -o whole.h5 -q
  for place in 3 8; do
    SYNBAL_FAULT="kill@solve#$place/1" synbal 2 balance ../net.h5 -o part.h5 -q --checkpoint-interval 1e-9 || got=$?
    check "killed: an exit code" test "$got" -ne 0
    check "killed: no result" test ! -e part.h5
    expect 0 2 balance ../net.h5 -o part.h5 -q --resume
    check "killed: the same end" look "$same_bits" part.h5 whole.h5
    rm -f part.h5
  done
  SYNBAL_FAULT='TERM@solve#5/0' expect 75 2 balance ../net.h5 -o part.h5 -q
  ln part.checkpoint.h5 part.checkpoint.previous.h5 # as a kill between two renames leaves them
  expect 0 2 balance ../net.h5 -o part.h5 -q --resume
  check "killed between renames: the same end" look "$same_bits" part.h5 whole.h5
  check "killed between renames: nothing is left" test ! -e part.checkpoint.h5 -a ! -e part.checkpoint.previous.h5
  rm -f part.h5
  mkdir -p elsewhere && ln -s elsewhere/kept.h5 linked.h5
  SYNBAL_FAULT="kill@solve#8/1" synbal 2 balance ../net.h5 -o part.h5 -q --checkpoint linked.h5 --checkpoint-interval 1e-9
  check "a link: two checkpoints where it leads" test -L linked.h5 -a -f elsewhere/kept.h5 -a -f elsewhere/kept.previous.h5
  check "a link: they differ" test "$(cmp -s elsewhere/kept.h5 elsewhere/kept.previous.h5; echo $?)" -eq 1
  harm elsewhere/kept.h5 elsewhere/kept.h5 700
  expect 0 2 balance ../net.h5 -o part.h5 --checkpoint linked.h5 --resume
  check "a link: the one before a damaged one" grep -q 'trying the one before it' err
  check "a link: the same end" look "$same_bits" part.h5 whole.h5
  check "a link: stays, and nothing is left" test -L linked.h5 -a -z "$(ls elsewhere)"
  rm -f part.h5
  SYNBAL_FAULT='USR1@solve#5/0' expect 0 2 balance ../net.h5 -o part.h5 -q --report report.json
  check "USR1: a checkpoint, and on it goes" test "$(figure report.json checkpoints/written)" = 1
  check "USR1: the same end" look "$same_bits" part.h5 whole.h5
}

# Walltime ends with 75, a checkpoint and a marked result; twice in a row a run gets further.
walltime() {
  expect 0 0 balance ../net.h5 -o whole.h5 -q --method sweep
  SYNBAL_FAULT='stop-clock@solve#9' expect 75 2 balance ../net.h5 -o part.h5 -q --method sweep --max-walltime 1:00:00
  check "walltime: the result is marked" look "f[0].attrs['exit_code'] == 75" "b'walltime' in f[0].attrs['reason']" part.h5
  expect 0 2 verify ../net.h5 part.h5
  SYNBAL_FAULT='stop-clock@solve#9' expect 75 2 balance ../net.h5 -o part.h5 -q --method sweep --max-walltime 1:00:00 --resume
  expect 0 2 balance ../net.h5 -o part.h5 -q --method sweep --resume --report report.json
  check "walltime: resumed twice" test "$(figure report.json resumed/times)" = 2
  check "walltime: all sweeps count" true_that 'a > 16' a="$(figure report.json solver/sweeps)"
  SYNBAL_FAULT='stop-clock@solve#9' expect 75 2 balance lattice:nodes=10000,degree=8 -o lattice.h5 --max-walltime 1:00:00 -- -newton_pc_type gamg
  check "walltime: nothing is set up for a proof any more" grep -q 'time was up before a proof' err
}

# Between turns of a schedule clusters move: a run that goes on in a later turn has done what was done in all.
turns() {
  local modular="modular:nodes=600,modules=6,degree=6,seed=3 -q --method stochastic --schedule sequential"
  # shellcheck disable=SC2086
  expect 0 2 balance $modular -o whole.h5 --report whole.json
  # shellcheck disable=SC2086
  SYNBAL_FAULT='TERM@solve#61/1' expect 75 2 balance $modular -o part.h5
  # shellcheck disable=SC2086
  expect 0 2 balance $modular -o part.h5 --resume --report report.json
  check "turns: the same end" look "$same_bits" part.h5 whole.h5
  for key in schedule/relaxations schedule/reads_by_age solver/sweeps; do
    check "turns: the same $key" test "$(figure report.json $key)" = "$(figure whole.json $key)"
  done
}

# What inputs and outputs cost is a neuron more on every rank, which no checkpoint knows of; groups of tied neurons stand in an
# order that another partition may change.
around() {
  cp ../net.h5 around.h5
  "$python" - around.h5 <<'PYTHON'
import sys
import h5py
import numpy as np
f = h5py.File(sys.argv[1], "r+")
random = np.random.default_rng(4)
f["input_weights"], f["output_weights"], f["bias"] = (random.normal(size=s) for s in ((300, 3), (2, 300), 300))
PYTHON
  local words=(around.h5 -o part.h5 -q --cost-scope all --method newton) ranks
  expect 0 2 balance around.h5 -o whole.h5 --cost-scope all --method newton
  for ranks in 1 3 2; do
    SYNBAL_FAULT='TERM@solve#8/1' expect 75 2 balance "${words[@]}"
    expect 0 "$ranks" balance "${words[@]}" --resume --report report.json
    check "all costs: resumed on $ranks" test "$(figure report.json resumed/times)" = 1
    check "all costs: the same end on $ranks" look 'abs(h[0] - h[1]).max() < 1e-9' part.h5 whole.h5
  done
  check "all costs: the same bits on as many" look "$same_bits" part.h5 whole.h5
  expect 0 2 verify around.h5 part.h5
  awk 'BEGIN { for (i = 0; i < 300; ++i) print i % 3 ? -1 : i % 7 }' >ties
  words=(../net.h5 -o tied.h5 -q --tie ties --method newton)
  SYNBAL_FAULT='TERM@solve#6/1' expect 75 2 balance "${words[@]}"
  if [ "$(cut_partition)" = ptscotch ]; then
    expect_refusal 3 "the order of tied neurons" 3 balance "${words[@]}" --partition ptscotch --resume
  fi
  expect 0 3 balance "${words[@]}" --resume
}

# What a checkpoint is not for, and what is no fault.
refusals() {
  local words
  for words in nonsense@solve kill@nowhere kill 'TERM@solve#3;@'; do
    SYNBAL_FAULT=$words expect_refusal 2 "'${words#*;}' is no fault" 2 balance ../net.h5 -o part.h5
  done
  for words in nan inf -1 x; do
    expect_refusal 2 "'$words'" 0 balance ../net.h5 -o part.h5 --checkpoint-interval $words
    expect_refusal 2 "'$words'" 0 balance ../net.h5 -o part.h5 --watchdog $words
  done
  expect_refusal 5 "no checkpoint" 2 balance ../net.h5 -o part.h5 --resume
  expect 0 2 balance ../net.h5 -o part.h5 -q --resume-if-exists
  SYNBAL_FAULT='TERM@solve#5' expect 75 2 balance ../net.h5 -o part.h5 -q --method sweep --force
  cp part.checkpoint.h5 kept.h5
  expect_refusal 3 "--power was 2, is 1" 3 balance ../net.h5 -o part.h5 --method sweep --power 1 --resume
  expect_refusal 3 "--method was sweep, is newton" 0 balance ../net.h5 -o part.h5 --method newton --resume
  printf '%s\n' 3 17 >pins
  expect_refusal 3 "pinned" 2 balance ../net.h5 -o part.h5 --method sweep --pinned pins --resume
  expect 0 0 generate random --nodes 300 --degree 8 --sigma 1 --seed 3 -o other.h5
  expect_refusal 3 "the input was" 2 balance other.h5 -o part.h5 --method sweep --resume part.checkpoint.h5
  expect_refusal 3 "no checkpoint" 2 balance ../net.h5 -o part.h5 --resume other.h5
  check "refused: nothing is said of one before it, which there never was" test "$(grep -c previous err)" -eq 0
  check "refused: the checkpoint is as it was" cmp part.checkpoint.h5 kept.h5
  expect 0 2 balance ../net.h5 -o part.h5 -q --method newton --resume kept.h5 --force --report report.json
  check "--force: from the kept h" test "$(figure report.json resumed/checkpoint)" = '"kept.h5"'
  expect 0 2 verify ../net.h5 part.h5
}

# reworded FROM TO OLD NEW: a checkpoint with other words of the same length (OLD is a regular expression), and a seal that fits.
reworded() {
  "$python" - "$@" <<'PYTHON'
import re
import sys
import zlib
source, to, old, new = sys.argv[1:]
body, times = re.subn(old.encode(), new.encode(), open(source, "rb").read()[:-48])
assert times == 1
open(to, "wb").write(body + b"\nsynbal seal crc32:%08x %019d\n" % (zlib.crc32(body), len(body)))
PYTHON
}
versions() {
  local words=(../net.h5 -o part.h5 --method newton)
  SYNBAL_FAULT='TERM@solve#5/1' expect 75 2 balance "${words[@]}" -q
  reworded part.checkpoint.h5 first.h5 'run\tformat' $'run\tformer' # the first versions had no number for it
  reworded part.checkpoint.h5 later.h5 'format\t\d\n' $'format\t9\n'
  local version
  for version in first later; do
    expect_refusal 3 "another version, synbal" 2 balance "${words[@]}" --resume $version.h5
    check "a $version version: a remedy" grep -q 'go on with that one, or --force to begin from its h' err
  done
  reworded part.checkpoint.h5 other.h5 newton/opened newton/opener
  expect_refusal 3 "no number 'opened'" 2 balance "${words[@]}" --resume other.h5
  expect 0 3 balance "${words[@]}" --resume later.h5 --force -q
  expect 0 2 verify ../net.h5 part.h5
  words=(../net.h5 -o part.csv --synapses --method pairs)
  SYNBAL_FAULT='TERM@solve#9' expect 75 0 resistance "${words[@]}" -q
  reworded part.csv.checkpoint.h5 later.h5 'format\t\d\n' $'format\t9\n'
  expect_refusal 3 "another version, synbal" 1 resistance "${words[@]}" --resume later.h5
}

# No bit of a checkpoint can change, and no byte be lost, without being noticed; the one before it is used.
damaged() {
  expect 0 1 balance ../small.h5 -o whole.h5 -q --method sweep
  SYNBAL_FAULT='TERM@solve#6' expect 75 1 balance ../small.h5 -o part.h5 -q --method sweep --checkpoint-interval 1e-9
  cp part.checkpoint.h5 good.h5 && cp part.checkpoint.previous.h5 before.h5
  local place
  for place in 9 700 2500 -20 -60 cut-1 cut-48 cut-100 cut-2000; do
    harm good.h5 part.checkpoint.h5 "$place" && cp before.h5 part.checkpoint.previous.h5
    expect 0 1 balance ../small.h5 -o part.h5 --method sweep --resume
    check "damaged at $place: noticed" grep -q 'trying the one before it' err
    check "damaged at $place: the same end" look "$same_bits" part.h5 whole.h5
  done
  harm good.h5 part.checkpoint.h5 5000 && harm before.h5 part.checkpoint.previous.h5 cut-7
  expect_refusal 3 "nor can the one before it" 2 balance ../small.h5 -o part.h5 --method sweep --resume
  for place in 9 3000 -20 -60 cut-1 cut-48; do
    harm whole.h5 bad.h5 "$place"
    expect_refusal 3 bad.h5 0 verify ../small.h5 bad.h5
  done
  for place in 3000 -60; do
    harm ../small.h5 bad.h5 "$place"
    expect_refusal 3 "is damaged" 2 balance bad.h5 -o part.h5
  done
}

# harm FROM TO PLACE: a copy with one bit flipped at the place (from the end where negative), or so many bytes shorter.
harm() {
  "$python" - "$@" <<'PYTHON'
import random
import sys
data = bytearray(open(sys.argv[1], "rb").read())
place = sys.argv[3]
if place.startswith("cut"):
    data = data[: int(place[3:])]
else:
    data[int(place)] ^= 1 << random.Random(place).randrange(8)
open(sys.argv[2], "wb").write(data)
PYTHON
}

# A signal where there is nothing to keep yet: one line, 128 + its number, nothing written.
early() {
  local phase
  for phase in read components write; do
    SYNBAL_FAULT="TERM@$phase/1" expect 143 2 balance ../net.h5 -o part.h5 -q
    check "TERM at $phase: one line" test "$(grep -c '^synbal: stopped by TERM' err)" -eq 1
    check "TERM at $phase: nothing is left" test -z "$(ls)" -o "$(ls | grep -cv '^out$\|^err$')" -eq 0
  done
  SYNBAL_FAULT='stop@io#4' timeout 60 "$SYNBAL" balance ../net.h5 -o part.h5 -q >out 2>err &
  until [ -n "$(find . -name '*.partial-*')" ] || ! kill -0 $!; do sleep 0.1; done
  sleep 0.2 && pkill -HUP -P $! && pkill -CONT -P $!
  wait $!
  check "HUP while writing: nothing is left" test $? -eq 129 -a -z "$(find . -name '*.partial-*' -o -name '.*.lock')"
  (ulimit -f 8 && expect_refusal 5 "File too large" 0 balance ../net.h5 -o part.h5 && exit "$failures") || fail "a limit of files"
  SYNBAL_FAULT='TERM@write/1' expect 75 2 balance ../net.h5 -o part.h5 -q --checkpoint-interval 1e-9
  expect 0 3 balance ../net.h5 -o part.h5 -q --resume
}

# refused_over FILE COMMAND...: what stands there is as it was.
refused_over() {
  local file=$1
  shift
  cp "$file" before
  expect_refusal 2 "--force" 0 "$@" "$file"
  check "$file is as it was" cmp before "$file"
}

# Somebody's tables and networks in every format stay; what this program made of the same kind is made again.
kept_files() {
  local file
  printf 'source,target,weight\n1,2,0.5\n' >mine.csv
  printf '%%%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 1\n' | tee mine.mtx | gzip >mine.mtx.gz
  "$python" -c 'import numpy as np; np.savez("mine.npz", W=np.eye(2)); open("mine.petsc", "wb").write(b"1234")'
  for file in mine.csv mine.mtx mine.mtx.gz mine.npz mine.petsc; do refused_over $file convert ../net.h5 -o; done
  refused_over mine.csv balance ../net.h5 -o part.h5 --table
  refused_over part.h5 convert ../net.h5 -o
  expect_refusal 2 "--force" 0 resistance ../net.h5 -o mine.csv
  for file in own.h5 own.mtx own.mtx.gz own.npz own.safetensors; do
    expect 0 0 convert ../net.h5 -o $file
    expect 0 3 convert ../net.h5 -o $file
    refused_over $file balance ../net.h5 -o part.h5 --report
  done
  expect 0 0 balance ../net.h5 -o part.h5 --table own.csv
  expect 0 2 balance ../net.h5 -o part.h5 --table own.csv
  expect 4 0 resistance ../net.h5 --pair 1,2 --max-iterations 1 --preconditioner jacobi -o pairs.csv
  expect 0 2 resistance ../net.h5 --pair 1,2 -o pairs.csv
  expect 0 2 apply own.mtx part.h5 -o applied.mtx # the same network
  rm applied.mtx
  expect 0 0 generate random --nodes 300 --degree 8 --seed 9 -o other_net.h5
  expect_refusal 3 "--force" 2 apply other_net.h5 part.h5 -o applied.mtx
  check "nothing is applied" test ! -e applied.mtx
  expect 0 2 apply other_net.h5 part.h5 -o applied.mtx --force
}

# What outputs must not destroy, and what they may be.
outputs() {
  echo mine >target.json && ln -s target.json link.json
  expect_refusal 2 "--force" 2 balance ../net.h5 -o part.h5 --report link.json
  expect 0 2 balance ../net.h5 -o part.h5 -q --report link.json --force
  check "a link: its target is replaced" test -L link.json -a "$(figure target.json n)" = 300
  expect 0 0 balance ../net.h5 -o part.h5 -q --report link.json
  chmod 640 part.h5 && rm link.json && ln -s nowhere.json link.json
  expect 0 0 balance ../net.h5 -o part.h5 -q --report link.json
  check "a link to nothing: what it names is made" test -L link.json -a -f nowhere.json
  check "permissions are kept" test "$(stat -c %a part.h5)" = 640
  expect 0 2 balance ../net.h5 -o part.h5 -q --report /dev/null
  check "a device stays one" test -c /dev/null
  expect 0 0 info ../net.h5 -q --report -
  check "- is stdout" "$python" -c 'import json; assert json.load(open("out"))["input"]["n"] == 300'
  expect 0 0 info ../net.h5 --report /dev/stdout
  check "so is its other name, which leads to a file here" test "$(grep -cE '^(cost  |  "program": )' out)" -eq 2
  expect 0 2 resistance ../net.h5 -q -o /dev/stdout
  check "for tables, too" grep -q '^postsynaptic,presynaptic,cost,' out
  mkfifo pipe
  timeout 20 cat pipe >read &
  expect 0 0 info ../net.h5 -q --report pipe
  wait $!
  check "a pipe is written to" test -p pipe -a "$(figure read n)" = 300
  ln -s pipe pipe.h5
  expect_refusal 2 "is no file" 0 balance ../net.h5 -o pipe.h5
  local long && long=$(printf 'n%.0s' {1..240})
  expect_refusal 5 "File name too long" 0 balance ../net.h5 -o part.h5 --report "$long.json"
  check "what cannot be written is told before the work" test "$(grep -c 'read ' err)" -eq 0
  expect 0 0 info ../net.h5 -q --report $'odd\xff.json'
  check "a name that is no text" test "$(figure $'odd\xff.json' n)" = 300
  cp ../net.h5 other.h5
  expect_refusal 2 other.h5 2 balance ../net.h5 -o other.h5
  check "a network is as it was" cmp ../net.h5 other.h5
  kept_files
  cp mine.csv mine.previous.h5
  expect_refusal 2 "mine.previous.h5" 2 balance ../net.h5 -o part.h5 --checkpoint mine.h5
  check "what a checkpoint would push aside is as it was" cmp mine.csv mine.previous.h5
  timeout 20 "$SYNBAL" info ../net.h5 >/dev/full 2>err
  check "a full stdout is told" test $? -eq 5
  timeout 20 "$SYNBAL" balance --help >/dev/full 2>err
  check "help that is lost is told" test $? -eq 5 -a "$(grep -c '^synbal: error: stdout' err)" -eq 1
  check "nothing is left" test -z "$(find . -name '*.partial-*' -o -name '.*.lock')"
}

# Runs that died leave temporary files, which the next run of the same output removes; two at once are one too many.
locks() {
  SYNBAL_FAULT='kill@io#4/0' synbal 2 balance ../net.h5 -o part.h5 -q
  check "killed while writing: no result" test ! -e part.h5
  check "killed while writing: something is left" test -n "$(find . -name 'part.h5.partial-*')"
  SYNBAL_FAULT='hang@write/0' timeout 60 "$SYNBAL" balance ../net.h5 -o part.h5 2>first >/dev/null &
  local first=$! tries=0
  until grep -q 'removed .*part.h5.partial' first || [ $((++tries)) -gt 200 ]; do sleep 0.1; done
  check "what a dead run left is named" test "$tries" -lt 200
  check "what a dead run left is gone" test -z "$(find . -name 'part.h5.partial-*')"
  expect_refusal 5 "another run" 2 balance ../net.h5 -o part.h5
  expect_refusal 5 "another run" 0 flow ../net.h5 -o part.h5
  kill -KILL "$(pgrep -P "$first" | head -n 1)"
  wait "$first" 2>/dev/null
  expect 0 2 balance ../net.h5 -o part.h5 -q
  check "a dead lock is taken over" test ! -e .part.h5.lock
}

# Every system call that writes fails in turn, as on a full disk or on a broken one: code 5, the old files, nothing left; a
# checkpoint that fails ends no run.
failing_disk() {
  local place got error
  expect 0 0 balance ../small.h5 -o part.h5 -q --report report.json
  cp part.h5 old.h5 && cp report.json old.json
  for ((place = 1; place < 60; ++place)); do
    got=0 error=$([ $((place % 2)) -eq 0 ] && echo ENOSPC || echo EIO)
    SYNBAL_FAULT="$error@io#$place" synbal 0 balance ../small.h5 -o part.h5 -q --report report.json || got=$?
    [ "$got" -ne 0 ] || break
    check "$error at $place: code 5" test "$got" -eq 5
    check "$error at $place: one message" test "$(grep -c '^synbal: error' err)" -eq 1
    if ! cmp -s part.h5 old.h5; then expect 0 0 verify ../small.h5 part.h5; fi
    check "$error at $place: the old report" cmp report.json old.json
    check "$error at $place: nothing is left" test -z "$(find . -name '*.partial-*' -o -name '.*.lock')"
  done
  check "all calls were tried" test "$place" -gt 6 -a "$place" -lt 60
}
short_writes() {
  SYNBAL_FAULT='short@io#3;short@io#5;short@io#6' expect 0 0 balance ../small.h5 -o part.h5 -q
  expect 0 0 verify ../small.h5 part.h5
}

# Hostile and awkward HDF5: names longer than MPI-IO takes, nothing left beside inputs, texts whose sizes lie.
hostile() {
  local long folder
  folder=$(printf 'd%.0s' {1..200}) && long="$folder/$(printf 'n%.0s' {1..100}).h5"
  mkdir "$folder" && cp ../small.h5 "$long"
  expect 0 2 info "$long"
  echo precious >"$long.locktest.0"
  expect 0 2 balance "$long" -o part.h5 -q
  check "nothing beside inputs is touched" grep -q precious "$long.locktest.0"
  [ -d "${SHARED:-}/data/trouble/damaged" ] || return 0
  local damaged=$SHARED/data/trouble/damaged
  expect_refusal 3 leak5000.h5 3 info "$damaged/leak5000.h5"
  expect_refusal 3 over.h5 1 info "$damaged/over.h5"
  expect_refusal 3 crash_result1.h5 2 verify ../small.h5 "$damaged/crash_result1.h5"
  expect_refusal 3 hang_trajectory.h5 2 flow ../small.h5 -o new.h5 --initial "$damaged/hang_trajectory.h5"
}

expect 0 0 generate random --nodes 300 --degree 8 --sigma 1 --seed 2 -o net.h5
expect 0 0 generate random --nodes 40 --degree 4 --sigma 1 --seed 2 -o small.h5
run_one() {
  rm -rf ./*
  "$1"
}
share_out run_one newton sweep schedule clocks mixed elsewhere asynchronous flow trajectory shaken pairs changes watched nan clusters killed \
  walltime turns around refusals versions damaged early outputs locks failing_disk short_writes hostile
finish
