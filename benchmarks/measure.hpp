// What the benchmark programs share: warm-ups, barrier/time/barrier, medians, and the facts of the machine.
#pragma once

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "synbal/core/build_info.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::benchmark {

struct Spread {
  double least = 0, median = 0, most = 0;
};

/// Collective. Seconds of the slowest rank, over `repeats` runs after one warm-up.
template <class Work>
Spread measure(const Comm& comm, int repeats, Work&& work) {
  std::vector<double> seconds;
  work();
  for (int k = 0; k < repeats; ++k) {
    comm.barrier();
    const Timer timer;
    work();
    comm.barrier();
    seconds.push_back(comm.max(timer.seconds()));
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds.front(), seconds[seconds.size() / 2], seconds.back()};
}

/// Name of the processor, as the system tells it.
inline std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

inline nlohmann::ordered_json machine(const Comm& comm) {
  return {{"processor", processor()}, {"hardware_threads", std::thread::hardware_concurrency()},
          {"ranks", comm.size()},     {"version", version()},
          {"git", git_revision()},    {"when", utc_now()}};
}

inline nlohmann::ordered_json json_of(const Spread& s) {
  return {{"min", s.least}, {"median", s.median}, {"max", s.most}};
}

}  // namespace synbal::benchmark
