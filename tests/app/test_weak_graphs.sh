#!/usr/bin/env bash
# Resistances over weak cuts and on web-like graphs, through the program: against exact rational arithmetic, against what
# must come out of any graph, and marks of what did not converge.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname "${BASH_SOURCE[0]}")/laplacian_common.sh"
campaigns=$(cd "$here/../campaigns" && pwd)
limit=120

# Every edge within 1e-8 or exit 4, every bracket around its rational value.
QUICK=1 "$python" "$campaigns/resistance_exact.py" "$SYNBAL" 60 >rational.txt
check "edges and brackets: $(tail -n 1 rational.txt)" grep -q '^[1-9][0-9]* brackets; wrong: 0$' rational.txt

# Costs of 1e-400 are no doubles, and no "infinite resistance" either.
printf '%%%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 1e-200\n2 1 3e-200\n' >tiny.mtx
for ranks in 0 2; do
  expect_refusal 3 "10^-399" "$ranks" resistance tiny.mtx -o r.csv
  check "$ranks: nothing is written" test ! -e r.csv
  expect 0 "$ranks" resistance tiny.mtx --power 1 -o p.csv
  check "$ranks: a smaller power" follows p.csv resistance '2.5e199' 1e-12
done

# What did not converge says so in its first line, unless every row does.
cycle >net.mtx
awk 'BEGIN { for (i = 1; i <= 15; ++i) print i * i }' >rhs.txt
expect 4 2 laplacian solve net.mtx --conductances --rhs rhs.txt --tolerance 1e-16 --preconditioner jacobi -o x.csv
check "marked" grep -q '^# NOT CONVERGED: ' <(head -n 1 x.csv)
expect 0 2 laplacian solve net.mtx --conductances --rhs rhs.txt -o x.csv
check "not marked" test "$(head -n 1 x.csv)" = id,x

# Hubs, chains and trees: eliminated, exact, the same at any number of ranks, and so are modes.
if have_python; then
  "$python" "$campaigns/web_graph.py" web.h5 6000 3 >/dev/null
  for ranks in 0 3; do
    expect 0 "$ranks" resistance web.h5 -o "web$ranks.csv" --report report.json
    check "$ranks: by elimination" grep -q '"by_elimination": true' report.json
    check "$ranks: Foster" test "$(figure report.json foster_exact)" = 5999.0
    expect 0 "$ranks" laplacian modes web.h5 --count 4 -o modes.h5 --report modes.json
    check "$ranks: modes by solves" grep -q 'pseudoinverse' modes.json
  done
  check "the same at 1 and 3 ranks" "$python" -c '
import numpy as np
a, b = (np.loadtxt(name, delimiter=",", skiprows=1) for name in ("web0.csv", "web3.csv"))
assert np.array_equal(a[:, :2], b[:, :2]) and np.allclose(a[:, 4], b[:, 4], rtol=1e-11, atol=0)'
  expect 0 2 balance web.h5 -o balanced.h5 --write h
  expect 0 0 verify web.h5 balanced.h5
else
  echo "left out: a web-like network, which h5py would write"
fi
finish
