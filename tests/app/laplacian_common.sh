# What the tests of `laplacian` and `resistance` share: graphs with closed forms, and the comparison with dense linear
# algebra where python3 with scipy is there.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
have_python() { python_has 'h5py, scipy, numpy'; }

# agrees WHAT WORDS...: what the program wrote is what dense linear algebra says (see laplacian_dense.py); without python
# only that it was written.
agrees() {
  local what=$1
  shift
  if have_python; then
    check "$what: as numpy and scipy say" "$python" "$here/laplacian_dense.py" "$@"
  else
    echo "left out: $what against numpy and scipy, which are not there"
  fi
}

# edges N LINES_OF_AWK: a symmetric Matrix Market file with the edges that the awk statements name by e(i, j, c).
edges() {
  awk -v n="$1" "
    function e(i, j, c) { line[++m] = (i > j ? i \" \" j : j \" \" i) \" \" c }
    BEGIN { $2
      print \"%%MatrixMarket matrix coordinate real symmetric\"; print n, n, m
      for (k = 1; k <= m; ++k) print line[k] }"
}

# A graph of each kind with conductances 1, and the resistance between i and j in the words of awk.
path() { edges 20 'for (i = 1; i < n; ++i) e(i, i + 1, 1)'; }
path_form='abs(i - j)'
weighted_path() { edges 20 'for (i = 1; i < n; ++i) e(i, i + 1, i)'; }
weighted_path_form='series(i < j ? i : j, i < j ? j : i)'
cycle() { edges 15 'for (i = 1; i <= n; ++i) e(i, i % n + 1, 1)'; }
cycle_form='abs(i - j) * (15 - abs(i - j)) / 15'
complete() { edges 12 'for (i = 1; i <= n; ++i) for (j = 1; j < i; ++j) e(i, j, 1)'; }
complete_form='(i == j ? 0 : 2 / 12)'
star() { edges 14 'for (i = 2; i <= n; ++i) e(1, i, 1)'; }
star_form='(i == j ? 0 : i == 1 || j == 1 ? 1 : 2)'
bipartite() { edges 12 'for (i = 1; i <= 5; ++i) for (j = 6; j <= n; ++j) e(i, j, 1)'; } # 5 and 7
bipartite_form='(i == j ? 0 : i <= 5 && j <= 5 ? 2 / 7 : i > 5 && j > 5 ? 2 / 5 : 11 / 35)'
tree() { edges 31 'for (i = 2; i <= n; ++i) e(i, int(i / 2), 1)'; }
tree_form='steps(i, j)'
two_parts() { edges 16 'for (i = 1; i < 8; ++i) { e(i, i + 1, 1); e(i + 8, i + 9, 1) }'; }
two_parts_form='((i <= 8) == (j <= 8) ? abs(i - j) : "inf")'
parallel() { edges 6 'for (j = 3; j <= n; ++j) { e(1, j, 2); e(2, j, 2) } e(1, 2, 0.5)'; } # four ways of 1, one of 0.5
parallel_form='(i == j ? 0 : i + j == 3 ? 1 / 4.5 : "any")'
graphs="path weighted_path cycle complete star bipartite tree two_parts parallel"

# follows FILE.csv COLUMN FORM TOLERANCE: the column of every row is FORM, relative. The first two columns are neurons, from
# 0; i and j count as the entries of the file do, from 1.
follows() {
  awk -F, -v column="$2" -v tolerance="$4" "
    function abs(x) { return x < 0 ? -x : x }
    function series(a, b, r) { for (r = 0; a < b; ++a) r += 1 / a; return r }
    function steps(a, b, r) { for (r = 0; a != b; ++r) { if (a > b) a = int(a / 2); else b = int(b / 2) } return r }
    NR == 1 { for (k = 1; k <= NF; ++k) if (\$k == column) at = k; next }
    { i = \$1 + 1; j = \$2 + 1; wanted = $3; ++rows
      if (wanted == \"any\") next
      good = wanted == \"inf\" ? \$at == \"inf\" : \$at != \"inf\" && abs(\$at - wanted) <= tolerance * abs(wanted)
      if (!good) { print \"row \" NR \": \" \$0 \", wanted \" wanted; wrong = 1 } }
    END { exit wrong || !rows || !at }" "$1" >&2
}

# total FILE.csv COLUMN: the sum of a column.
total() {
  awk -F, -v column="$2" 'NR == 1 { for (k = 1; k <= NF; ++k) if ($k == column) at = k; next }
    { sum += $at } END { printf "%.15g\n", sum }' "$1"
}
