#!/usr/bin/env bash
# A campaign through a SLURM of our own on this host: an array is submitted, its jobs get the signal before their limit, write
# checkpoints, go back to the queue and on from there; a run that is killed begins again; all are complete in the end.
# NETWORKS=20 makes it longer. Skipped without SLURM's programs, without ../shared and for users who are not root.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
time_to_answer

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../jobs" && pwd)
PATH=$PATH:/usr/sbin
for program in slurmctld slurmd sbatch munged; do
  command -v $program >/dev/null || skip "no $program here (packages slurmctld slurmd slurm-client munge)"
done
[ -f "${SHARED:-}/tools/slurm.conf" ] || skip "no shared/tools/slurm.conf beside the checkout"
[ "$(id -u)" -eq 0 ] || skip "slurmctld and slurmd are started as root here"
python_has 'tomllib' || skip "python3 of at least version 3.11, which reads TOML"

# Everything of this SLURM lies in the scratch folder, its ports are its own, and it ends with the test.
export SLURM_CONF=$scratch/slurm.conf
mkdir state spool
chmod 755 "$scratch"
sed "s|@DIR@|$scratch|g; s|@HOST@|$(hostname)|g" "$SHARED/tools/slurm.conf" >slurm.conf
port=$((20000 + RANDOM % 20000))
cat >>slurm.conf <<EOF
AuthInfo=socket=$scratch/munge.socket,cred_expire=5
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmdUser=root
SchedulerParameters=batch_sched_delay=0,sched_interval=2
EOF
end_slurm() {
  squeue -h -o %A 2>/dev/null | sort -u | xargs -r scancel 2>/dev/null
  local file
  for file in slurmd.pid ctld.pid munged.pid; do
    if [ -f "$scratch/$file" ]; then kill "$(cat "$scratch/$file")"; fi
  done
  sleep 1
  rm -rf "$scratch"
}
trap end_slurm EXIT
head -c 128 /dev/urandom >munge.key
chmod 600 munge.key
munged --force --socket "$scratch/munge.socket" --key-file "$scratch/munge.key" --pid-file "$scratch/munged.pid" \
  --log-file "$scratch/munged.log" --seed-file "$scratch/munge.seed" 2>err || skip "munged does not start: $(tail -n 1 err)"
slurmctld -f slurm.conf && slurmd -f slurm.conf
ready=no
for ((second = 0; second < 20; second++)); do
  if sinfo -h -o %T 2>/dev/null | grep -q idle; then ready=yes && break; fi
  sleep 1
done
[ $ready = yes ] || skip "SLURM does not start here: $(tail -n 1 ctld.log slurmd.log | xargs)"

# Of a limit of a minute, SLURM leaves 10 to 40 seconds (it looks every 30). However fast this machine is, each run is at
# work when the signal comes: its first attempt sleeps from the third sweep on and is woken after 42 s. The second attempt of
# the second run is killed.
networks=${NETWORKS:-2}
cat >machine.toml <<EOF
name = "slurm-here"
system = "slurm"
cores = 2
program = "$SYNBAL"
launcher = "$MPIRUN -n {ranks}"
setup = [
  'if [ \$number = 1 ]; then export SYNBAL_FAULT=stop@solve#3/0; (sleep 42; pkill -CONT -f "^$SYNBAL .*seed=\$((10#\$run))( |,|\$)") 8>&- & fi',
  'if [ \$run-\$number = 0002-2 ]; then export SYNBAL_FAULT=kill@solve#3/0; fi',
]
stop_before = 20
memory = 4
EOF
cat >lattices.toml <<EOF
name = "lattices"
network = "lattice:nodes=${NEURONS:-2000},degree=8,sigma=1,seed={seed}"
[grid]
seed = "1..$networks"
[options]
method = "sweep"
step-tolerance = 10
max-iterations = 10000000
[job]
time = "00:01:00"
EOF
limit=${PATIENCE:-270}
source "$(dirname "${BASH_SOURCE[0]}")/campaign_common.sh"

campaign 0 plan lattices.toml --machine machine.toml
campaign 0 submit lattices --go
check "it is an array" grep -q -- "--array=1-$networks" out
campaign 4 status lattices
campaign 3 retry lattices --state running --go
campaign 0 retry lattices --go
check "what waits is not handed in again" grep -q 'nothing to submit' out
campaign 0 status lattices --wait
cat out
campaign 0 collect lattices
check "every result is valid" grep -q "$networks valid" out

# Stops that left a checkpoint, and how often the finished runs say that they were gone on with.
stops=0 goes=0
for run in lattices/runs/*; do
  stops=$((stops + $(cat "$run"/attempt-*/log | grep -c 'is whole: give --resume')))
  goes=$((goes + $(figure "$run/report.json" resumed/times 2>/dev/null || echo 0)))
done
attempts=$(ls -d lattices/runs/*/attempt-* | wc -l)
requeued=$(grep -lx 75 lattices/runs/*/attempt-*/exit_code | wc -l)
echo "$stops stops with a checkpoint, $goes continuations, $requeued requeues, $attempts attempts"
check "every job went back to the queue" test "$stops" -ge "$networks"
check "every stop was gone on from, and nothing else" test "$goes" -eq "$stops"
check "a killed run began again by itself" test "$(cat lattices/runs/0002/attempt-2/exit_code)" = 137
check "nothing was run twice" test "$attempts" -eq $((networks + requeued + 1))
check "the job's environment is kept" grep -q '^SLURM_ARRAY_TASK_ID=' lattices/runs/0001/attempt-1/environment.txt
if [ "$failures" -gt 0 ]; then tail -n 20 lattices/logs/*.out ctld.log; fi
finish
