// A defect on purpose: rank 0 waits at a barrier while the others reduce, on a duplicate of the world. Without the
// collective checker this program hangs.
#include <mpi.h>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  int value = rank;
  if (rank == 0) {
    MPI_Barrier(comm);
  } else {
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, comm);
  }
  MPI_Comm_free(&comm);
  MPI_Finalize();
}
