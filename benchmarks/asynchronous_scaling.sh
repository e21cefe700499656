#!/usr/bin/env bash
# Strong and weak scaling of asynchronous balancing against the coloured sweep: a table of counts per rank, and of times.
#   bash benchmarks/asynchronous_scaling.sh PROGRAM [RANKS...]    (PROGRAM: benchmark_asynchronous; 1 2 4 8 16 ranks)
# On fewer cores than ranks the ranks take turns: relaxations, messages and bytes are then those of a real machine, the
# seconds are not, and show no speed-up.
set -euo pipefail
program=${1:?give the path of benchmark_asynchronous}
shift
ranks=("$@")
[ $# -gt 0 ] || ranks=(1 2 4 8 16)
nodes=${NODES:-20000}
repeats=${REPEATS:-3}
launch=${MPIRUN:-mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}

echo "$(nproc) core(s) here: rows with more ranks than that say nothing about speed"
printf '%-7s %5s %8s %-10s %11s %12s %14s %14s %10s\n' scaling ranks neurons method relaxations messages/rank bytes/rank \
  ghosts/rank seconds
for scaling in strong weak; do
  for p in "${ranks[@]}"; do
    n=$nodes
    [ $scaling = weak ] && n=$((nodes / ranks[-1] * p))
    # shellcheck disable=SC2086
    $launch -n "$p" "$program" --nodes "$n" --repeats "$repeats" --tolerances 1e-6 --slow-factor 1 \
      --methods sweep,one-sided,two-sided 2>/dev/null | python3 -c '
import json, sys
scaling, p = sys.argv[1], int(sys.argv[2])
run = json.load(sys.stdin)
for row in run["alike"]:
    print("%-7s %5d %8d %-10s %11.1f %12.0f %14.0f %14.0f %10.3f%s" % (
        scaling, p, run["neurons"], row["method"], row["relaxations_per_neuron"]["median"], row["messages"]["median"] / p,
        row["bytes"]["median"] / p, run["ghosts_per_rank"], row["seconds"]["median"],
        "" if row["reached"] else "   not reached"))' $scaling "$p"
  done
done
