#!/usr/bin/env bash
# How long mpirun needs to end when a host is cut off, with the settings of jobs/machines and without; and that the run then
# goes on from its checkpoint. Two hosts are network namespaces on this one (root, iproute2).
#   SYNBAL=build/release/bin/synbal bash tests/campaigns/host_lost.sh [SECONDS_TO_WAIT]
set -uo pipefail
: "${SYNBAL:?give the program in SYNBAL}"
SYNBAL=$(realpath "$SYNBAL")
patience=${1:-90}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
machine=$here/../../jobs/machines/slurm_mpirun.toml
[ "$(id -u)" -eq 0 ] && command -v ip >/dev/null || { echo "skipped: needs root and iproute2" && exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
scratch=$(mktemp -d) && cd "$scratch" || exit 1
id=s$$
clean() {
  for host in a b; do
    ip netns pids "$id$host" 2>/dev/null | xargs -r kill -9
    ip netns del "$id$host" 2>/dev/null
  done
  ip link del "$id" 2>/dev/null
  rm -rf "$scratch"
}
trap clean EXIT

# Two hosts on one bridge; a command reaches a host by its name.
ip link add "$id" type bridge && ip link set "$id" up || exit 1
for host in a b; do
  number=$([ $host = a ] && echo 1 || echo 2)
  ip netns add "$id$host"
  ip link add "$id-$host" type veth peer name eth0 netns "$id$host"
  ip link set "$id-$host" master "$id" up
  ip -n "$id$host" addr add "10.77.0.$number/24" dev eth0
  ip -n "$id$host" link set eth0 up
  ip -n "$id$host" link set lo up
  echo "10.77.0.$number $id$host"
done >names
mkdir -p "/etc/netns/${id}a" "/etc/netns/${id}b"
for host in a b; do cat /etc/hosts names >"/etc/netns/$id$host/hosts"; done
trap 'clean; rm -rf "/etc/netns/${id}a" "/etc/netns/${id}b"' EXIT
cat >agent <<'EOF'
#!/usr/bin/env bash
host=$1
shift
exec ip netns exec "$host" unshare --uts bash -c "hostname $host; $*"
EOF
chmod +x agent

settings=$(sed -n 's/^launcher = "mpirun -n {ranks} \(.*\)"/\1/p' "$machine")
network=modular:nodes=4000,modules=40,degree=8,seed=1
# lose SETTINGS...: seconds from the cut to the end of mpirun, and its exit code.
lose() {
  rm -f result*.h5
  ip netns exec "${id}a" unshare --uts bash -c "hostname ${id}a; exec timeout -k 5 600 mpirun $* \
    --mca plm_rsh_agent $scratch/agent --mca plm_rsh_no_tree_spawn 1 --mca btl_tcp_if_include 10.77.0.0/24 \
    --mca oob_tcp_if_include 10.77.0.0/24 --host ${id}a:1,${id}b:1 -n 2 --bind-to none $SYNBAL balance $network \
    -o $scratch/result.h5 --method sweep --checkpoint-interval 2 --max-iterations 100000000" >out 2>err &
  local run=$! start
  for ((k = 0; k < 300; k++)); do
    [ -f result.checkpoint.h5 ] && break
    sleep 0.1
  done
  [ -f result.checkpoint.h5 ] || { echo "did not start: $(tail -n 3 err)" && exit 1; }
  ip link set "$id-b" down
  start=$(date +%s)
  while kill -0 $run 2>/dev/null && [ $(($(date +%s) - start)) -lt "$patience" ]; do sleep 0.2; done
  took=$(($(date +%s) - start))
  if kill -0 $run 2>/dev/null; then
    code=none
    ip netns pids "${id}a" | xargs -r kill -9
    wait $run 2>/dev/null
  else
    wait $run
    code=$?
  fi
  ip netns pids "${id}b" | xargs -r kill -9
  ip link set "$id-b" up
  sleep 1
}

lose --mca oob_tcp_keepalive_time 300
echo "without settings: $([ $code = none ] && echo "still there after $took s" || echo "ended after $took s, exit code $code")"
# shellcheck disable=SC2086
lose $settings
echo "with jobs/machines: $([ $code = none ] && echo "still there after $took s" || echo "ended after $took s, exit code $code")"
[ "$code" != none ] && [ "$code" -ne 0 ] && [ "$took" -le 30 ] || { echo "FAILED: more than 30 s" && exit 1; }
timeout 60 mpirun --oversubscribe --bind-to none -n 2 "$SYNBAL" balance $network -o result.h5 --resume --method sweep --max-walltime 00:00:05 >out 2>err
code=$?
grep -q '^resumed ' out || grep -q 'checkpoint.*written' err || { echo "FAILED: the run did not go on (exit code $code)" && exit 1; }
echo "and the run went on from its checkpoint: $(grep '^resumed ' out)"
