#!/usr/bin/env bash
# Every malformed file is refused by `balance`, some on one rank and the others on two (test_io refuses each at all rank
# counts): the documented exit code, one message that names the file and the fault, no hang, and an older output that stays
# as it was.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
maker=${TEST_TOOLS:?give the folder of make_bad_files in TEST_TOOLS}/make_bad_files
mkdir bad
"$maker" bad || { echo "FAILED: $maker"; exit 1; }
printf 'an older result\n' >older.h5

# refused_everywhere NAME<tab>CODE<tab>WORD: a line of the index.
refused_everywhere() {
  local name code word ranks
  IFS=$'\t' read -r name code word <<<"$1"
  ranks=$((${#name} % 2 * 2))
  cp ../older.h5 out.h5
  expect_refusal "$code" "$word" "$ranks" balance "../bad/$name" -o out.h5
  check "$name: the message names the file" grep -qF "../bad/$name" <(grep '^synbal: error:' err)
  check "$name on $ranks ranks: the older output stays" cmp -s ../older.h5 out.h5
  check "$name on $ranks ranks: nothing half-written stays" test -z "$(find . ../bad -name '*partial*')"
}

workers=6
mapfile -t files <bad/index.tsv
share_out refused_everywhere "${files[@]}"
echo "${#files[@]} files: $(grep -c '\.mtx' bad/index.tsv) Matrix Market, $(grep -c '\.h5' bad/index.tsv) HDF5"
check "at least 60 files of other binary formats" test "$(grep -cE '\.(npz|safetensors|petsc|dat|mat)' bad/index.tsv)" -ge 60
check "at least 40 Matrix Market files" test "$(grep -c '\.mtx' bad/index.tsv)" -ge 40
check "at least 20 HDF5 files" test "$(grep -c '\.h5' bad/index.tsv)" -ge 20
finish
