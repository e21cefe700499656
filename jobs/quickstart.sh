#!/usr/bin/env bash
# From a bare Debian 12 to a balanced network and its picture: installs what is missing, builds, generates a network,
# balances it on all cores, checks the result, draws it. Everything it makes lies in build/release and quickstart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

say "Installing what is missing"
bash jobs/install_dependencies.sh build picture

say "Building (build/release; the first time takes some minutes)"
settings=()
if [ ! -f build/release/CMakeCache.txt ]; then  # a build that is there already keeps its settings
  settings=(-DSYNBAL_BUILD_TESTS=OFF -DSYNBAL_BUILD_BENCHMARKS=OFF)
fi
cmake --preset release "${settings[@]}" >quickstart-configure.log || { cat quickstart-configure.log; exit 1; }
rm quickstart-configure.log
cmake --build --preset release --target synbal_program --parallel "$cores"
synbal=$root/build/release/bin/synbal

mkdir -p quickstart
network=quickstart/network.h5
result=quickstart/balanced.h5
report=quickstart/report.json
picture=quickstart/balance.png

say "Generating a network: a ring of 64 modules of 100 neurons, one neuron in five inhibitory"
"$synbal" generate modular --modules 64 --nodes 6400 --degree 8 --inhibitory 0.2 --seed 1 -o "$network"

say "Balancing it on $cores MPI ranks"
"${mpirun[@]}" -n "$cores" "$synbal" balance "$network" -o "$result" --report "$report"

say "Checking the result from the network file and the scaling h alone"
"${mpirun[@]}" -n "$cores" "$synbal" verify "$network" "$result"

say "Drawing it"
rm -f "$picture"
jobs/synbal_plot.py balance "$result" --network "$network" -o "$picture"

say "Done. In $root:"
cat <<TEXT
  $network    the network as generated
  $result   the balanced weights, the scaling h, the costs of every neuron
  $report   all figures of the run, for scripts
  $picture   in-cost against out-cost before and after, the convergence, the scaling
Next: export PATH=\$PWD/build/release/bin:\$PATH, then jobs/TUTORIAL.md: from the table of your own network to the figure.
TEXT
