#!/usr/bin/env bash
# A newcomer's first hour, all of it: a fresh clone, the quickstart, every command of README and of the tutorial as it
# stands, and a program outside the project that uses the library. Long (it builds everything), so not part of ctest:
#   bash tests/app/first_hour.sh [FOLDER]       (FOLDER for the clone; a temporary one, removed, without)
# SETTINGS may hold words for cmake that make the build shorter, such as -DCMAKE_CXX_COMPILER_LAUNCHER=ccache.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ $# -gt 0 ]; then
  mkdir -p "$1"
  home=$(cd "$1" && pwd)
else
  home=$(mktemp -d)
  trap 'rm -rf "$home"' EXIT
fi
SHARED=
if [ -d "$project/../shared/data" ]; then SHARED=$(cd "$project/../shared" && pwd); fi
export SHARED

# step WHAT COMMAND...: with its time and verdict.
step() {
  local begin=$SECONDS what=$1
  shift
  "$@" >"$home/step.log" 2>&1 || { tail -n 30 "$home/step.log"; echo "FAILED: $what"; exit 1; }
  echo "$what: $((SECONDS - begin)) s"
}

step "a fresh clone" git clone -q "$project" "$home/synbal"
cd "$home/synbal"
if [ -n "${SETTINGS:-}" ]; then
  # shellcheck disable=SC2086
  step "settings of one's own" cmake --preset release -DSYNBAL_BUILD_TESTS=OFF -DSYNBAL_BUILD_BENCHMARKS=OFF $SETTINGS
fi
step "the quickstart" bash jobs/quickstart.sh
source jobs/environment.sh
source tests/app/pages_common.sh
export SYNBAL=$home/synbal/build/release/bin/synbal MPIRUN="${mpirun[*]}"

mkdir "$home/readme" && cd "$home/readme"
words_in_path
files_of_readme
# A hundred balanced networks are planned, two of them made.
sed 's/"1..100"/"1..2"/' "$home/synbal/jobs/campaigns/equilibria.toml" >few.toml
step "README's commands" run_page README.md 25 -e 's#jobs/campaigns/equilibria.toml#few.toml#' \
  -e 's/^\(synbal-campaign status equilibria\)/\1 --wait/'
mkdir "$home/tutorial" && cd "$home/tutorial"
step "the tutorial's commands" run_page jobs/TUTORIAL.md 20

cd "$home/synbal"
build_library() {
  bash jobs/install_dependencies.sh build && cmake --preset release -DSYNBAL_BUILD_TESTS=OFF -DSYNBAL_BUILD_BENCHMARKS=OFF &&
    cmake --build --preset release --parallel "$cores" && cmake --install build/release --prefix "$home/installed"
}
step "installing the library" build_library
use_library() {
  cmake -S "$home/installed/share/doc/synbal/examples/consumer" -B "$home/consumer" -DCMAKE_PREFIX_PATH="$home/installed" &&
    cmake --build "$home/consumer" && "${mpirun[@]}" -n 2 "$home/consumer/consumer"
}
step "a program of one's own" use_library
echo "the first hour took $SECONDS s"
