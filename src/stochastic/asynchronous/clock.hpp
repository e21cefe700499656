// The clock by which ranks compare times: one for all processes of a machine. (MPI_Wtime() is not: Open MPI 4.1 starts
// it at 0 in every process.)
#pragma once

#include <chrono>

namespace synbal {

/// Seconds of the machine's monotonic clock.
inline double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace synbal
