// Calls of MPI that may have to wait for other ranks, whoever makes them (PETSc, too): each leaves a mark for the
// watchdog and does what it always does. MPI's profiling interface is made for this.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include <iterator>

#include "synbal/core/watchdog.hpp"

// NOLINTBEGIN
#define SYNBAL_MARKED(name, parameters, arguments)            \
  int name parameters {                                       \
    constexpr int call = synbal::waiting_call(#name);         \
    static_assert(call <= std::ssize(synbal::kWaitingCalls)); \
    const synbal::WaitingIn mark(call);                       \
    return P##name arguments;                                 \
  }

extern "C" {

SYNBAL_MARKED(MPI_Barrier, (MPI_Comm comm), (comm))
SYNBAL_MARKED(MPI_Bcast, (void* data, int count, MPI_Datatype type, int root, MPI_Comm comm),
              (data, count, type, root, comm))
SYNBAL_MARKED(MPI_Allreduce, (const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
              (from, to, count, type, op, comm))
SYNBAL_MARKED(MPI_Reduce,
              (const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm),
              (from, to, count, type, op, root, comm))
SYNBAL_MARKED(MPI_Scan, (const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
              (from, to, count, type, op, comm))
SYNBAL_MARKED(MPI_Exscan, (const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
              (from, to, count, type, op, comm))
SYNBAL_MARKED(MPI_Allgather,
              (const void* from, int count, MPI_Datatype type, void* to, int to_count, MPI_Datatype to_type,
               MPI_Comm comm),
              (from, count, type, to, to_count, to_type, comm))
SYNBAL_MARKED(MPI_Allgatherv,
              (const void* from, int count, MPI_Datatype type, void* to, const int counts[], const int places[],
               MPI_Datatype to_type, MPI_Comm comm),
              (from, count, type, to, counts, places, to_type, comm))
SYNBAL_MARKED(MPI_Gather,
              (const void* from, int count, MPI_Datatype type, void* to, int to_count, MPI_Datatype to_type, int root,
               MPI_Comm comm),
              (from, count, type, to, to_count, to_type, root, comm))
SYNBAL_MARKED(MPI_Alltoall,
              (const void* from, int count, MPI_Datatype type, void* to, int to_count, MPI_Datatype to_type,
               MPI_Comm comm),
              (from, count, type, to, to_count, to_type, comm))
SYNBAL_MARKED(MPI_Alltoallv,
              (const void* from, const int counts[], const int places[], MPI_Datatype type, void* to,
               const int to_counts[], const int to_places[], MPI_Datatype to_type, MPI_Comm comm),
              (from, counts, places, type, to, to_counts, to_places, to_type, comm))
SYNBAL_MARKED(MPI_Wait, (MPI_Request * request, MPI_Status* status), (request, status))
SYNBAL_MARKED(MPI_Waitall, (int count, MPI_Request requests[], MPI_Status* statuses), (count, requests, statuses))
SYNBAL_MARKED(MPI_Waitany, (int count, MPI_Request requests[], int* index, MPI_Status* status),
              (count, requests, index, status))
SYNBAL_MARKED(MPI_Waitsome, (int count, MPI_Request requests[], int* done, int indices[], MPI_Status statuses[]),
              (count, requests, done, indices, statuses))
SYNBAL_MARKED(MPI_Probe, (int source, int tag, MPI_Comm comm, MPI_Status* status), (source, tag, comm, status))
SYNBAL_MARKED(MPI_Recv,
              (void* data, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Status* status),
              (data, count, type, source, tag, comm, status))
SYNBAL_MARKED(MPI_Send, (const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm),
              (data, count, type, to, tag, comm))
SYNBAL_MARKED(MPI_Comm_dup, (MPI_Comm comm, MPI_Comm* copy), (comm, copy))
SYNBAL_MARKED(MPI_Comm_split, (MPI_Comm comm, int color, int key, MPI_Comm* part), (comm, color, key, part))

}  // extern "C"
// NOLINTEND
