// Ranks that wait for each other in vain: where each stands, and a helper thread that ends the run.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "synbal/core/comm.hpp"

namespace synbal {

/// From here on this rank is in that phase; fault_point() says so as well. For its main thread.
void enter_phase(std::string_view phase) noexcept;
/// The phase of this rank; "start" before the first.
[[nodiscard]] std::string_view current_phase() noexcept;

/// Calls of MPI that may have to wait for other ranks.
inline constexpr std::array<std::string_view, 20> kWaitingCalls{
    "MPI_Barrier",    "MPI_Bcast",  "MPI_Allreduce", "MPI_Reduce",    "MPI_Scan",     "MPI_Exscan",    "MPI_Allgather",
    "MPI_Allgatherv", "MPI_Gather", "MPI_Alltoall",  "MPI_Alltoallv", "MPI_Wait",     "MPI_Waitall",   "MPI_Waitany",
    "MPI_Waitsome",   "MPI_Probe",  "MPI_Recv",      "MPI_Send",      "MPI_Comm_dup", "MPI_Comm_split"};
/// The place of one of them, from 1.
[[nodiscard]] constexpr int waiting_call(std::string_view name) {
  return static_cast<int>(std::ranges::find(kWaitingCalls, name) - kWaitingCalls.begin()) + 1;
}

/// While one lives, this rank's main thread is in one of these calls. They may nest.
class WaitingIn {
 public:
  explicit WaitingIn(int call) noexcept;
  ~WaitingIn();
  WaitingIn(const WaitingIn&) = delete;
  WaitingIn& operator=(const WaitingIn&) = delete;

 private:
  int before_;
};

/// While one lives, a thread of every rank looks whether its main thread gets on: MPI calls begin and end, or outside
/// of them processor time is used or data are read or written. When for `limit` seconds no rank has, or no longer
/// answers (stopped, or dead without a trace), one of them says where each stands and ends the process with `code`,
/// upon which the launcher ends the others. Ranks see each other through memory that they share: there is no watch
/// where they are on several hosts, nor for a single rank, nor with a limit of 0. Time in which the watching thread
/// itself did not run (a suspended job) does not count.
class Watchdog {
 public:
  /// Collective, and so is the end. For a communicator of all ranks.
  Watchdog(const Comm& comm, double limit, int code);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
