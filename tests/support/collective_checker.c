// The collective checker of the tests: its core (CHECKER_CORE, from beside the checkout) watches MPI_COMM_WORLD in the most
// frequent collectives; here duplicates of it are watched too, which is what the program communicates on, and more calls.
#include CHECKER_CORE

// The core asks whether a communicator is the world: one with the same ranks counts as it.
int MPI_Comm_compare(MPI_Comm a, MPI_Comm b, int* result) {
  const int error = PMPI_Comm_compare(a, b, result);
  if (*result == MPI_CONGRUENT) *result = MPI_IDENT;
  return error;
}

static long bytes(int count, MPI_Datatype type) {
  int size = 0;
  PMPI_Type_size(type, &size);
  return (long)count * size;
}

int MPI_Exscan(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  chk(comm, 20, bytes(count, type), 0);
  return PMPI_Exscan(send, receive, count, type, op, comm);
}
int MPI_Reduce(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm) {
  chk(comm, 21, bytes(count, type), root);
  return PMPI_Reduce(send, receive, count, type, op, root, comm);
}
int MPI_Allgather(const void* send, int count, MPI_Datatype type, void* receive, int receive_count,
                  MPI_Datatype receive_type, MPI_Comm comm) {
  chk(comm, 22, bytes(receive_count, receive_type), 0);
  return PMPI_Allgather(send, count, type, receive, receive_count, receive_type, comm);
}
int MPI_Allgatherv(const void* send, int count, MPI_Datatype type, void* receive, const int* counts, const int* places,
                   MPI_Datatype receive_type, MPI_Comm comm) {
  chk(comm, 23, 0, 0);
  return PMPI_Allgatherv(send, count, type, receive, counts, places, receive_type, comm);
}
int MPI_Alltoall(const void* send, int count, MPI_Datatype type, void* receive, int receive_count,
                 MPI_Datatype receive_type, MPI_Comm comm) {
  chk(comm, 24, bytes(receive_count, receive_type), 0);
  return PMPI_Alltoall(send, count, type, receive, receive_count, receive_type, comm);
}
int MPI_Alltoallv(const void* send, const int* counts, const int* places, MPI_Datatype type, void* receive,
                  const int* receive_counts, const int* receive_places, MPI_Datatype receive_type, MPI_Comm comm) {
  chk(comm, 25, 0, 0);
  return PMPI_Alltoallv(send, counts, places, type, receive, receive_counts, receive_places, receive_type, comm);
}
