#!/usr/bin/env bash
# A campaign on a plain machine that really runs: two runs are killed and one is stopped on purpose, all are complete in the
# end, nothing is run twice, and the table says what the files say. Bad data is refused. NETWORKS=20 makes it longer.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
time_to_answer

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../jobs" && pwd)
python_has 'tomllib' || skip "python3 of at least version 3.11, which reads TOML"

source "$(dirname "${BASH_SOURCE[0]}")/campaign_common.sh"
says() { check "it says '$1'" grep -qF -- "$1" out; }
says_no() { check "it says '$1'" grep -qF -- "$1" err; }

networks=${NETWORKS:-8}
limit=$((60 + 20 * networks)) # seconds for `status --wait`, which lasts as long as its runs do on a busy machine

# A rank of runs 0003 and 0007 is killed at their first start, and run 0005 is told to stop; USR2 leads to a checkpoint.
cat >machine.toml <<EOF
name = "here"
system = "plain"
cores = 2
program = "$SYNBAL"
launcher = "$MPIRUN -n {ranks}"
setup = [
  'case \$run-\$number in 0003-1 | 0007-1) export SYNBAL_FAULT=kill@solve#3/0 ;; 0005-1) export SYNBAL_FAULT=USR2@solve#3/0 ;; esac',
]
EOF
cat >few.toml <<EOF
name = "few"
network = "random:nodes=400,degree=8,sigma=1,seed={seed}"
[grid]
seed = "1..$networks"
[job]
retries = 0
runs_per_task = 2
EOF

campaign 0 plan few.toml --machine machine.toml
says "$networks runs"
says "$((networks / 2)) tasks of 1 rank(s)"
campaign 0 submit few
says "nothing was submitted"
check "a dry run hands nothing in" test ! -e few/submissions.json
campaign 4 status few
says "$networks planned"

campaign 0 submit few --go
campaign 0 submit few --go
says "nothing to submit"
campaign 4 status few --wait
says "$((networks - 2)) done, 2 died"
says "run 0003 died"
check "the stopped run went on" test "$(cat few/runs/0005/attempt-1/exit_code few/runs/0005/attempt-2/exit_code | xargs)" = "75 0"
check "from its checkpoint" grep -q '^resumed ' few/runs/0005/attempt-2/output

campaign 0 retry few --go
says "2 run(s)"
campaign 0 status few --wait
says "few: $networks runs: $networks done"
campaign 0 retry few --go
says "nothing to submit"
check "nothing was run twice" test "$(ls -d few/runs/*/attempt-* | wc -l)" = $((networks + 3))
check "a finished run started by hand does nothing" bash few/runs/0001/run.sh
check "and leaves no trace" test ! -e few/runs/0001/attempt-2
check "secrets of the environment are not kept" test -z "$(grep -rliE 'secret|token' few/runs/*/attempt-1/environment.txt)"
check "facts are kept" grep -q "^program: $SYNBAL (synbal " few/runs/0008/attempt-1/facts.txt

# The table against the files, and against runs outside the campaign.
campaign 0 collect few
says "$networks valid"
expect 0 0 balance random:nodes=400,degree=8,sigma=1,seed=7 -o alone.h5 --report alone.json
cat >look.py <<'EOF'
import csv, json, sys
rows = list(csv.DictReader(open("few/table.csv")))
attempts = {row["run"]: int(row["attempts"]) for row in rows}
networks = int(sys.argv[1])
assert [row["parameter.seed"] for row in rows] == [str(k) for k in range(1, networks + 1)]
assert {run for run, count in attempts.items() if count != 1} == {"0003", "0005", "0007"}, attempts
assert all(row["verdict"] == "valid" and row["exit_code"] == "0" for row in rows)
alone = json.load(open("alone.json"))["cost"]["final"]
assert abs(float(rows[6]["cost.final"]) / alone - 1) < 1e-9, (rows[6]["cost.final"], alone)
assert len({row["cost.final"] for row in rows}) == networks
EOF
check "the table" "$python" look.py "$networks"
cat >look_hdf5.py <<'EOF'
import csv, h5py
rows, table = list(csv.DictReader(open("few/table.csv"))), h5py.File("few/table.h5")
assert set(table) == set(rows[0]) and table.attrs["campaign"] == "few"
assert [float(row["cost.final"]) for row in rows] == list(table["cost.final"])
assert [row["network"].encode() for row in rows] == list(table["network"])
EOF
if python_has 'h5py, tomllib'; then
  "$python" "$jobs/campaign.py" collect few >out 2>err
  check "table.h5 holds the same" "$python" look_hdf5.py
fi

# A result that is not what it says it is has no place among the valid ones.
cp alone.h5 few/runs/0002/result.h5 # that of another seed
rm few/runs/0002/verify_code
bash few/runs/0002/run.sh >out 2>err
campaign 4 status few
says "1 invalid"
campaign 0 collect few
says "1 invalid, $((networks - 1)) valid"
campaign 0 retry few --state invalid --go
campaign 0 status few --wait

# PBS, played by two scripts: an array, a run that is stopped and submitted again, one that is killed and begins again.
mkdir pbs
cat >pbs/qsub <<'EOF'
#!/usr/bin/env bash
# qsub [-J 1-COUNT] -v NAME=VALUE,... SCRIPT: starts the tasks, tells the job's name, which is a file while it runs.
count=
while getopts J:v: word; do
  case $word in J) count=${OPTARG#*-} ;; v) variables=${OPTARG//,/ } ;; esac
done
shift $((OPTIND - 1))
job=$(mktemp "$(dirname "$0")/job.XXXXXX")
(
  for ((k = 1; k <= ${count:-1}; k++)); do
    env $variables ${count:+PBS_ARRAY_INDEX=$k} PBS_JOBID="$(basename "$job")" bash "$1" 8>&- &
  done
  wait
  rm "$job"
) >/dev/null 2>&1 &
basename "$job"
EOF
printf '#!/usr/bin/env bash\ntest -e "$(dirname "$0")/$1"\n' >pbs/qstat
chmod +x pbs/*
sed 's/system = .*/system = "pbs"/; s/0003-1 | 0007-1/0002-1/; s/0005-1/0003-1/' machine.toml >pbs.toml
sed 's/name = .*/name = "queued"/; s/seed = .*/seed = "1..3"/; s/retries = 0/retries = 1/; s/runs_per_task = 2/time = "01:00:00"/' few.toml >queued.toml
(
  failures=0
  export PATH=$scratch/pbs:$PATH
  campaign 0 plan queued.toml --machine pbs.toml
  campaign 0 submit queued --go
  says "qsub -J 1-3"
  for ((k = 0; k < 300; k++)); do
    sleep 0.1
    "$python" "$jobs/campaign.py" status queued >out && break
  done
  says "3 done"
  echo "$failures" >pbs/failures
)
failures=$((failures + $(cat pbs/failures)))
check "each of the two was started twice" test "$(ls -d queued/runs/*/attempt-* | wc -l)" = 5
check "the job's name is kept" grep -q '^job\.' queued/runs/0001/attempt-1/job

# Bad data: one message, exit code 3, nothing written.
refuse() {
  printf '%s\n' "$2" >bad.toml
  campaign 3 plan bad.toml --machine "${3:-machine.toml}" --folder bad
  says_no "$1"
  check "one line" test "$(wc -l <err)" -eq 1
  check "no folder" test ! -e bad
}
refuse "bad.toml: unknown key 'netwrk'" 'name = "a"
netwrk = "random:nodes=9"'
refuse "bad.toml: 'network' is missing" 'name = "a"'
refuse "names 'sed', which is no parameter (seed" 'name = "a"
network = "random:nodes=9,seed={sed}"
grid = {seed = [1]}'
refuse "must have equally many values" 'name = "a"
network = "random:nodes=9"
together = [{a = [1], b = [1, 2]}]'
refuse "no file matches" 'name = "a"
network = "{file}"
grid = {file = {files = "nets/*.mtx"}}'
refuse "bad.toml: Invalid value (at line 1" 'name = '
refuse "but must be HH:MM:SS" 'name = "a"
network = "random:nodes=9"
job = {time = "90"}'
sed 's/system = .*/system = "slurm"/' machine.toml >slurm.toml
refuse "[job] time is missing" 'name = "a"
network = "random:nodes=9"' slurm.toml
sed -i 's/seed={seed}/seed=7{seed}/' few.toml
campaign 3 plan few.toml --machine machine.toml
says_no "has been started, and would be another one now"

# The examples are plans as they are, for every machine that comes with them.
for file in "$jobs"/campaigns/*.toml "$jobs"/machines/*.toml; do
  case $file in
    */campaigns/*) words=("$file" --machine "$jobs/machines/workstation.toml") ;;
    *) words=("$jobs/campaigns/weak_scaling.toml" --machine "$file") ;;
  esac
  campaign 0 plan "${words[@]}" --program "$SYNBAL" --folder "plan-$(basename "$file" .toml)"
done
check "the scripts are bash" bash -n plan-*/runs/0001/run.sh plan-*/jobs/*.sh plan-*/machine.sh
finish
