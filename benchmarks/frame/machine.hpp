// The machine that a figure comes from, and what it can do at best, measured in the same run.
#pragma once

#include "frame/sample.hpp"
#include "synbal/core/comm.hpp"

namespace synbal::benchmark {

/// The limits that figures are held against.
struct Limits {
  std::int64_t array_bytes = 0;  ///< of each array, a rank: more than caches hold, or these are measured
  double read_bandwidth = 0;     ///< bytes per second of all ranks together
  double triad_bandwidth = 0;    ///< of a = b + s c, likewise (McCalpin's STREAM: 24 bytes an element)
  double operations = 0;         ///< floating point, per second, of all ranks together: b = s b + c in registers
  double latency = 0;         ///< seconds of a message of 8 bytes, one way, between first and last rank; 0 on one rank
  double link_bandwidth = 0;  ///< bytes per second of a message of 1 MiB, likewise
};
/// Collective. Medians over `repeats`.
[[nodiscard]] Limits measure_limits(const Comm& comm, int repeats, std::int64_t array_bytes);
[[nodiscard]] Json json_of(const Limits& limits);

/// Collective. Processor, cores, memory, load, ranks, program and libraries.
[[nodiscard]] Json machine_facts(const Comm& comm);

}  // namespace synbal::benchmark
