# Sourced by the scripts: the project's folder, the cores there are, and what mpirun wants to know about this machine.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(nproc)
if [ "$(id -u)" -eq 0 ]; then  # in containers there is often no other user
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# Hardware threads count as cores, nothing is bound, and a rank that waits lets others run: so mpirun starts wherever nproc
# says there is room, and does not crawl where something else runs too.
mpirun=(mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1)

export HWLOC_HIDE_ERRORS=2  # Open MPI's view of the machine is incomplete in some containers, which harms nothing

# say TEXT: what the script does next.
say() { printf '\n== %s\n' "$*"; }
