#!/usr/bin/env bash
# Planted networks of modules: every shape, link strength, number of modules and seed given, at the rank counts given;
# prints one line a run and the counts at the end. PLANTED is tools/planted.py of the shared folder, SYNBAL the program.
# Usage: planted.sh "20 5000" "ring chain star tree" "1e-3 1e-7" "1 2 3" "1 2 3"   (modules, shapes, links, seeds, ranks)
set -uo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runs=0 bad=0 unconverged=0
for modules in $1; do
  size=$((modules > 200 ? 20 : 100))
  for shape in $2; do for link in $3; do for seed in $4; do
    /usr/bin/python3 "$PLANTED" make "$work/n.mtx" "$modules" "$size" 8 "$link" "$seed" "$shape" || exit 1
    for ranks in $5; do
      timeout -k 5 300 ${MPIRUN:-mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1} -n "$ranks" "$SYNBAL" balance \
        "$work/n.mtx" -o "$work/r.h5" --write h --force >"$work/out" 2>"$work/err"
      code=$?
      judged=$(/usr/bin/python3 "$PLANTED" judge "$work/n.mtx" "$work/r.h5")
      off=$(grep -oE '[0-9.]+e?[-+]?[0-9]*' <<<"$judged" | head -1)
      steps=$(grep -oE '[0-9]+ Newton steps' "$work/out" | cut -d' ' -f1)
      echo "modules $modules $shape link $link seed $seed ranks $ranks: exit $code, $judged, $steps steps"
      runs=$((runs + 1))
      if [ "$code" = 4 ]; then unconverged=$((unconverged + 1));
      elif [ "$code" != 0 ] || ! awk -v x="$off" 'BEGIN { exit !(x <= 1e-6) }'; then bad=$((bad + 1)); fi
    done
  done; done; done
done
echo "$runs runs: $bad wrong or failed, $unconverged not converged"
[ "$bad" = 0 ]
