#!/usr/bin/env bash
# The commands of README and of the tutorial, in their order, as a newcomer types them; smaller where they would take long.
# (first_hour.sh does it all as it stands, from a fresh clone.)
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/pages_common.sh"
python_has 'numpy, h5py' || skip "python3 with numpy and h5py"

words_in_path
(
  mkdir readme && cd readme || exit 1
  files_of_readme small
  # Campaigns have a test of their own, and the quickstart's figures are the quickstart's.
  run_page README.md 25 -e '/^synbal-campaign /d' -e 's/nodes=100000,modules=500/nodes=2000,modules=10/' \
    -e 's/--null 10000/--null 100/' -e 's/--trials 200/--trials 10/' -e 's/--blocks 1024/--blocks 16/'
) &
reader=$!
mkdir tutorial && cd tutorial || exit 1
check "the tutorial's commands work" run_page jobs/TUTORIAL.md 20
check "ten neurons are listed" test "$(awk '/^N[0-9]*,/ && !/ACH|GABA/' page.out | wc -l)" -eq 10
if [ -s balanced.png ]; then check "a picture" test "$(head -c 4 balanced.png | tail -c 3)" = PNG; fi
# The list is right: by h from the result itself.
cat >look.py <<'EOF'
import csv, h5py, numpy as np
result = h5py.File("balanced.h5")
h, names = result["h"][:], [name.decode() for name in result["node_name"][:]]
rows = {row["neuron"]: row for row in csv.DictReader(open("neurons.csv"))}
assert len(rows) == len(h) == 300
for k, name in enumerate(names):
    row = {key: float(value) for key, value in rows[name].items() if key != "neuron"}
    assert row["h"] == h[k] and np.isclose(row["input_factor"], np.exp(-h[k])) and np.isclose(row["output_factor"], np.exp(h[k]))
    for key in ("in_cost", "out_cost", "in_cost_before", "out_cost_before"):
        assert row[key] == result[key][k], (name, key)
listed = [line.split(",")[0] for line in open("page.out") if line.count(",") == 3 and "ACH" not in line and "GABA" not in line]
listed = [name for name in listed if name in rows]
assert listed == [names[k] for k in np.argsort(-abs(h), kind="stable")[:10]], listed
EOF
check "the neurons that change most are those of the largest |h|" "$python" look.py
wait $reader || fail "README's commands work"
checks=$((checks + 1))
finish
