#!/usr/bin/env bash
# What another compiler and other checkers than the release's say, from a bare Debian 12: clang++ builds library and
# program (a folder as one file) with warnings as errors and sanitizers of addresses, leaks and undefined behaviour, the
# unit tests of core, io, network and balance run so at 2 ranks, and clang-tidy looks at what changed. Exit code 0 only
# when none objects.
#   bash tests/gates.sh        SYNBAL_GATES_BASE=COMMIT: what changed since then; SYNBAL_TIDY_MOST=N: at most so many
#   files; SYNBAL_ALONE_MOST=N: so many more that are compiled one by one, to see whether they include what they use
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../jobs/environment.sh"
cd "$root"
folder=build/gates
most_files=${SYNBAL_TIDY_MOST:-6}   # some 30 s each on a core
most_alone=${SYNBAL_ALONE_MOST:-40} # some 1.5 s each

build_with_clang() {
  say "Building with clang++ and sanitizers ($folder, warnings are errors)"
  cmake --preset gates
  cmake --build --preset gates --parallel "$cores"
}

run_sanitized_tests() {
  say "Running unit tests under the sanitizers at 2 ranks"
  ctest --preset gates
}

# The commit that changes are counted from: where this branch left the remote's main, or else 20 commits ago.
base_commit() {
  local base
  if [ -n "${SYNBAL_GATES_BASE:-}" ]; then
    git rev-parse --verify "$SYNBAL_GATES_BASE^{commit}"
    return
  fi
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
    base=$(git rev-list --first-parent --max-count=21 HEAD | tail -n 1)
  fi
  echo "$base"
}

# changed_files BASE: sources that differ from BASE, those of the newest commits first; a header counts as its source.
changed_files() {
  { git diff --name-only HEAD; git log --format= --name-only "$1..HEAD"; } |
    sed -E 's#^include/synbal/(.*)\.hpp$#src/\1.cpp#; s#^(src/.*)\.hpp$#\1.cpp#' |
    { grep -E '^(src|tests|benchmarks)/.*\.cpp$' || true; } | awk '!seen[$0]++' | in_build
}

# in_build: those of the files named on stdin that the build knows.
in_build() {
  while read -r file; do
    ! grep -qF "\"file\": \"$root/$file\"" "$folder/tidy/compile_commands.json" || echo "$file"
  done
}

# The commands of a build of file by file without precompiled headers: files include what they use.
commands_for_tidy() {
  cmake --preset gates -B "$folder/tidy" -DCMAKE_UNITY_BUILD=OFF -DSYNBAL_PRECOMPILE=OFF --log-level=WARNING
  cmake --build "$folder/tidy" --target synbal_revision
}

# tidy FILES OPTIONS...: each of the files, one a line.
tidy() {
  [ -z "$1" ] || xargs -n 1 -P "$cores" clang-tidy --quiet -p "$folder/tidy" "${@:2}" <<<"$1" 2> >(grep -v 'warnings\? generated\.$' >&2)
}

check_changes() {
  local base chosen alone left_out
  base=$(base_commit)
  say "Checking with clang-tidy what changed since $(git log -1 --format='%h (%s)' "$base")"
  commands_for_tidy
  changed_files "$base" >"$folder/tidy/changed"
  chosen=$(head -n "$most_files" "$folder/tidy/changed")
  alone=$(sed -n "$((most_files + 1)),$((most_files + most_alone))p" "$folder/tidy/changed")
  left_out=$(tail -n +$((most_files + most_alone + 1)) "$folder/tidy/changed")
  tidy "$chosen"
  tidy "$alone" --checks='-*,misc-unused-alias-decls,clang-diagnostic-*' --warnings-as-errors='*'
  echo "looked at $(wc -w <<<"$chosen") files, compiled $(wc -w <<<"$alone") more alone"
  [ -z "$left_out" ] || echo "left out: $(xargs <<<"$left_out")"
}

say "Installing what is missing"
bash jobs/install_dependencies.sh build test gates
build_with_clang
run_sanitized_tests
check_changes
say "All gates passed"
