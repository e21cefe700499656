#!/usr/bin/env bash
# The papers' command in its small version: figures and a table in minutes, most rows as in the papers, a reason beside each
# that is not.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
papers=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../benchmarks/papers" && pwd)
python_has 'h5py, numpy, scipy, matplotlib, sklearn' ||
  skip "python3 with h5py, numpy, scipy, matplotlib, sklearn (bash jobs/install_dependencies.sh papers)"

# One process, as other tests run beside; ten minutes are promised for two with nothing beside.
got=0
timeout -k 5 560 "$python" "$papers/reproduce.py" --synbal "$SYNBAL" -o made --small --processes 1 >out 2>err </dev/null || got=$?
[ "$got" -ne 124 ] || skip "a faster machine: the small version did not end within 560 s beside other tests (libopenblas0 helps)"
check "it ends well" test "$got" -eq 0
check "nine pictures" test "$(grep -l '</svg>' made/*.svg | wc -l)" -eq 9
cat >rows.py <<'EOF'
import csv
rows = list(csv.DictReader(open("made/table.csv", encoding="utf-8")))
missed = [row for row in rows if row["verdict"] != "reproduced"]
print(f"{len(rows) - len(missed)} of {len(rows)} rows are reproduced")
assert len(rows) >= 50 and len(missed) <= len(rows) // 6, missed
assert all(row["likely reason"] for row in missed), missed
EOF
check "most rows are reproduced, others say why" "$python" rows.py
finish
