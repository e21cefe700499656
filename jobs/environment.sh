# Sourced by the scripts: the project's folder, the cores there are, and what mpirun wants to know about this machine.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(nproc)
if [ "$(id -u)" -eq 0 ]; then  # in containers there is often no other user
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# Hardware threads count as cores, and nothing is bound: both let mpirun start wherever nproc says there is room.
mpirun=(mpirun --oversubscribe --bind-to none)

# say TEXT: what the script does next.
say() { printf '\n== %s\n' "$*"; }
