// MPI's profiling interface, and /proc.
#define OMPI_SKIP_MPICXX 1
#include "frame/counters.hpp"

#include <mpi.h>

#include <fstream>
#include <map>
#include <numeric>
#include <string>

namespace synbal::benchmark {

namespace {
Counts counts;

int size_of(MPI_Datatype type) {
  int size = 0;
  PMPI_Type_size(type, &size);
  return size;
}

void count_message(std::int64_t elements, MPI_Datatype type) {
  ++counts.messages;
  counts.bytes += elements * size_of(type);
}

/// Bytes of messages that are started again and again, as PETSc's scatters are.
std::map<MPI_Request, std::int64_t>& persistent() {
  static std::map<MPI_Request, std::int64_t> bytes;
  return bytes;
}

void count_start(MPI_Request request) {
  const auto found = persistent().find(request);
  if (found == persistent().end()) return;  // a receive
  ++counts.messages;
  counts.bytes += found->second;
}
}  // namespace

Counts operator-(const Counts& a, const Counts& b) {
  return {a.messages - b.messages, a.bytes - b.bytes, a.collectives - b.collectives, a.seconds - b.seconds};
}

Counts counts_so_far() { return counts; }

Json over_ranks(const Comm& comm, double own) {
  return {{"least", comm.min(own)}, {"mean", comm.sum(own) / comm.size()}, {"most", comm.max(own)}};
}

Json json_of(const Comm& comm, const Counts& c) {
  return {{"messages", over_ranks(comm, static_cast<double>(c.messages))},
          {"bytes", over_ranks(comm, static_cast<double>(c.bytes))},
          {"collectives", over_ranks(comm, static_cast<double>(c.collectives))}};
}

std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return 1024 * std::stoll(line.substr(6));
  }
  return 0;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

namespace {
/// All-to-alls: what this rank gives to others.
void count_given(const int elements[], MPI_Datatype type, MPI_Comm comm) {
  int ranks = 0, own = 0;
  PMPI_Comm_size(comm, &ranks);
  PMPI_Comm_rank(comm, &own);
  const auto all = std::accumulate(elements, elements + ranks, std::int64_t{0}) - elements[own];
  ++counts.collectives;
  counts.bytes += all * size_of(type);
}
void count_collective() { ++counts.collectives; }

/// What a call takes, waiting included, belongs to MPI.
template <class Call>
int timed(Call&& call) {
  const double begin = PMPI_Wtime();
  const int code = call();
  counts.seconds += PMPI_Wtime() - begin;
  return code;
}
}  // namespace

}  // namespace synbal::benchmark

// NOLINTBEGIN: these have the names and parameters that MPI gives them
namespace counting = synbal::benchmark;
extern "C" {

int MPI_Send(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  counting::count_message(count, type);
  return counting::timed([&] { return PMPI_Send(data, count, type, to, tag, comm); });
}
int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  counting::count_message(count, type);
  return counting::timed([&] { return PMPI_Isend(data, count, type, to, tag, comm, request); });
}
int MPI_Issend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  counting::count_message(count, type);
  return counting::timed([&] { return PMPI_Issend(data, count, type, to, tag, comm, request); });
}
int MPI_Send_init(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                  MPI_Request* request) {
  const int code = PMPI_Send_init(data, count, type, to, tag, comm, request);
  if (code == MPI_SUCCESS) counting::persistent()[*request] = std::int64_t{count} * counting::size_of(type);
  return code;
}
int MPI_Start(MPI_Request* request) {
  counting::count_start(*request);
  return counting::timed([&] { return PMPI_Start(request); });
}
int MPI_Startall(int count, MPI_Request requests[]) {
  for (int k = 0; k < count; ++k) counting::count_start(requests[k]);
  return counting::timed([&] { return PMPI_Startall(count, requests); });
}
int MPI_Request_free(MPI_Request* request) {
  counting::persistent().erase(*request);
  return PMPI_Request_free(request);
}
int MPI_Put(const void* data, int count, MPI_Datatype type, int to, MPI_Aint place, int to_count, MPI_Datatype to_type,
            MPI_Win window) {
  counting::count_message(count, type);
  return counting::timed([&] { return PMPI_Put(data, count, type, to, place, to_count, to_type, window); });
}
int MPI_Rput(const void* data, int count, MPI_Datatype type, int to, MPI_Aint place, int to_count, MPI_Datatype to_type,
             MPI_Win window, MPI_Request* request) {
  counting::count_message(count, type);
  return counting::timed([&] { return PMPI_Rput(data, count, type, to, place, to_count, to_type, window, request); });
}
int MPI_Allreduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Allreduce(from, to, count, type, op, comm); });
}
int MPI_Iallreduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request* request) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Iallreduce(from, to, count, type, op, comm, request); });
}
int MPI_Reduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Reduce(from, to, count, type, op, root, comm); });
}
int MPI_Exscan(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Exscan(from, to, count, type, op, comm); });
}
int MPI_Bcast(void* data, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Bcast(data, count, type, root, comm); });
}
int MPI_Allgather(const void* from, int count, MPI_Datatype type, void* to, int to_count, MPI_Datatype to_type,
                  MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Allgather(from, count, type, to, to_count, to_type, comm); });
}
int MPI_Allgatherv(const void* from, int count, MPI_Datatype type, void* to, const int counts[], const int places[],
                   MPI_Datatype to_type, MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Allgatherv(from, count, type, to, counts, places, to_type, comm); });
}
int MPI_Alltoall(const void* from, int count, MPI_Datatype type, void* to, int to_count, MPI_Datatype to_type,
                 MPI_Comm comm) {
  counting::count_collective();
  return counting::timed([&] { return PMPI_Alltoall(from, count, type, to, to_count, to_type, comm); });
}
int MPI_Alltoallv(const void* from, const int counts[], const int places[], MPI_Datatype type, void* to,
                  const int to_counts[], const int to_places[], MPI_Datatype to_type, MPI_Comm comm) {
  counting::count_given(counts, type, comm);
  return counting::timed(
      [&] { return PMPI_Alltoallv(from, counts, places, type, to, to_counts, to_places, to_type, comm); });
}
int MPI_Recv(void* data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status) {
  return counting::timed([&] { return PMPI_Recv(data, count, type, from, tag, comm, status); });
}
int MPI_Barrier(MPI_Comm comm) {
  return counting::timed([&] { return PMPI_Barrier(comm); });
}
int MPI_Wait(MPI_Request* request, MPI_Status* status) {
  return counting::timed([&] { return PMPI_Wait(request, status); });
}
int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[]) {
  return counting::timed([&] { return PMPI_Waitall(count, requests, statuses); });
}
int MPI_Waitany(int count, MPI_Request requests[], int* index, MPI_Status* status) {
  return counting::timed([&] { return PMPI_Waitany(count, requests, index, status); });
}
int MPI_Waitsome(int count, MPI_Request requests[], int* done, int indices[], MPI_Status statuses[]) {
  return counting::timed([&] { return PMPI_Waitsome(count, requests, done, indices, statuses); });
}
int MPI_Test(MPI_Request* request, int* done, MPI_Status* status) {
  return counting::timed([&] { return PMPI_Test(request, done, status); });
}
int MPI_Testsome(int count, MPI_Request requests[], int* done, int indices[], MPI_Status statuses[]) {
  return counting::timed([&] { return PMPI_Testsome(count, requests, done, indices, statuses); });
}
int MPI_Probe(int from, int tag, MPI_Comm comm, MPI_Status* status) {
  return counting::timed([&] { return PMPI_Probe(from, tag, comm, status); });
}
int MPI_Win_flush_all(MPI_Win window) {
  return counting::timed([&] { return PMPI_Win_flush_all(window); });
}

}  // extern "C"
// NOLINTEND
