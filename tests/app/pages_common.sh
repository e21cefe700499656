# Runs the commands of a page (README, the tutorial), taken from the page itself so that they cannot rot. Sourced.
# SYNBAL is the program, MPIRUN the command to put before `-n P`; both are what `synbal` and `mpirun` of the page become.
: "${python:=/usr/bin/python3}" # the system's, as tests/app/common.sh has it
[ -x "$(command -v "$python")" ] || python=python3
pages=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# words_in_path: a folder with the words that pages use, in front of PATH.
words_in_path() {
  mkdir words
  ln -s "$SYNBAL" words/synbal
  ln -s "$(command -v "${MPIRUN%% *}")" words/mpirun
  # What MPIRUN says of machines with few cores, in a way that commands may say once more.
  export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
  ln -s "$(command -v "$python")" words/python3
  ln -s "$pages/jobs/synbal_plot.py" words/synbal-plot
  ln -s "$pages/jobs/campaign.py" words/synbal-campaign
  if ! "$python" -c 'import matplotlib' 2>/dev/null; then
    echo "no matplotlib: pictures are not drawn"
    ln -sf "$(command -v true)" words/synbal-plot
  fi
  export PATH=$PWD/words:$PATH
}

# files_of_readme: what README's commands speak of without making it. SHARED is the folder of real networks, or empty.
files_of_readme() {
  local n
  "$SYNBAL" -q generate random --nodes 300 --degree 8 --sigma 1 --seed 2 -o net.h5
  "$SYNBAL" -q generate random --nodes 60 --degree 6 --seed 4 -o plain.csv
  awk -F, -v OFS=, 'NR == 1 {print "pre_root_id", "post_root_id", "syn_count", "nt_type"; next}
    {print $1, $2, 1 + NR % 9, NR % 3 ? "ACH" : "GABA"}' plain.csv | gzip >connections.csv.gz
  awk -F, -v OFS=, 'NR == 1 {print "bodyId_pre", "bodyId_post", "weight"; next} {print $1 + 1000, $2 + 1000, NR}' plain.csv \
    >traced-total-connections.csv
  for n in 0 1; do awk -F, -v n=$n 'NR > 1 && NR % 2 == n {print $1, $2, $3}' plain.csv >connections-$n.txt; done
  for ((n = 0; n < 300; n++)); do echo layer$((n / 100)); done >layers.txt
  "$python" - <<'PYTHON'
import json, struct
import numpy as np
rng = np.random.default_rng(1)
arrays = {"W_rec": 0.1 * rng.normal(size=(50, 50)), "W_in": rng.normal(size=(50, 3)), "b_rec": 0.1 * rng.normal(size=50),
          "W_out": rng.normal(size=(2, 50)), "init_state": 0.1 * rng.normal(size=50)}
np.savez("trained.npz", **arrays)
header, data = {}, b""
for name, array in (("weight_hh_l0", arrays["W_rec"]), ("weight_ih_l0", arrays["W_in"]), ("bias_hh_l0", arrays["b_rec"])):
    values = array.astype("<f4").tobytes()
    header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(data), len(data) + len(values)]}
    data += values
text = json.dumps(header).encode()
with open("rnn.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
PYTHON
  if [ -n "${SHARED:-}" ] && [ -z "${1:-}" ]; then
    cp "$SHARED/data/drosophila_larva.mtx.gz" .
  else
    "$SYNBAL" -q convert net.h5 -o drosophila_larva.mtx.gz
  fi
  mkdir -p quickstart
  ln -s "$pages/jobs" jobs
}

# run_page PAGE FEWEST [SED...]: all commands of the page (changed by sed) in order, in this folder, with the first that
# fails named; there are at least FEWEST.
run_page() {
  local page=$1 fewest=$2
  shift 2
  "$python" "$pages/tests/support/page_commands.py" "$pages/$page" >commands || return 1
  if [ "$(wc -l <commands)" -lt "$fewest" ]; then
    echo "$page: only $(wc -l <commands) commands were found: they stand behind '    \$ '"
    return 1
  fi
  sed -i -e '' "$@" commands
  {
    echo "set -eE; trap 'echo \"FAILED: \$BASH_COMMAND\" >&2' ERR"
    cat commands
  } >script
  bash script >page.out 2>page.err </dev/null && return
  echo "$page:"
  tail -n 15 page.err
  return 1
}
