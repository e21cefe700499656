// What the studies share: the facts of the machine.
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

}  // namespace synbal::benchmark
