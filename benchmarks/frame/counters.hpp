// What a process has asked of MPI and of its memory so far, whoever asked: this library, PETSc or SLEPc.
#pragma once

#include <cstdint>

#include "frame/sample.hpp"
#include "synbal/core/comm.hpp"

namespace synbal::benchmark {

/// Of this rank.
struct Counts {
  std::int64_t messages = 0;     ///< point to point and one-sided, sent
  std::int64_t bytes = 0;        ///< in these, and given to all-to-alls
  std::int64_t collectives = 0;  ///< reductions, gathers, broadcasts, all-to-alls; barriers are not counted
  double seconds = 0;            ///< in calls that send, wait or reduce, waiting for others included
};
[[nodiscard]] Counts operator-(const Counts& a, const Counts& b);
/// Since the start.
[[nodiscard]] Counts counts_so_far();

/// Collective. {least, mean, most} over ranks of each, but for the seconds.
[[nodiscard]] Json json_of(const Comm& comm, const Counts& counts);
/// Collective. The same of one number.
[[nodiscard]] Json over_ranks(const Comm& comm, double own);

/// The most memory resident since the last reset, in bytes; since the start where the system does not reset it.
[[nodiscard]] std::int64_t peak_memory();
void reset_peak_memory();

}  // namespace synbal::benchmark
