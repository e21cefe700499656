// The kernel's figures, and the limits of control groups of both versions.
#include "synbal/core/memory_room.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "synbal/core/error.hpp"

namespace synbal {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr double kGiB = 1 << 30;

/// The number in a file; no limit where there is none ("max").
double number_in(const std::string& path) {
  std::ifstream file(path);
  double number = 0;
  return file >> number ? number : kNoLimit;
}

/// Of /proc/meminfo and /proc/self/status: "NAME: N kB".
double kibibytes(const std::string& path, const std::string& name) {
  std::ifstream facts(path);
  for (std::string word; facts >> word;) {
    double number = 0;
    if (word == name && facts >> number) return number * 1024;
  }
  return kNoLimit;
}

/// Limit less use of a group; pages of files that the kernel would give back count as used.
double left_in(const std::string& folder, const char* limit, const char* used) {
  const double most = number_in(folder + limit), taken = number_in(folder + used);
  return std::isfinite(most) && std::isfinite(taken) ? std::max(0.0, most - taken) : kNoLimit;
}

double left_in_groups() {
  double left = kNoLimit;
  std::ifstream groups("/proc/self/cgroup");  // ID:CONTROLLERS:PATH; version 2 names no controllers
  for (std::string line; std::getline(groups, line);) {
    const auto controllers = line.find(':'), path = line.find(':', controllers + 1);
    if (path == std::string::npos) continue;
    const auto names = line.substr(controllers + 1, path - controllers - 1);
    auto group = line.substr(path + 1);
    while (group.size() > 1 && group.back() == '/') group.pop_back();
    for (; !group.empty(); group.erase(group.find_last_of('/'))) {  // a limit of any group above counts
      if (names.empty()) left = std::min(left, left_in("/sys/fs/cgroup" + group, "/memory.max", "/memory.current"));
      if (names != "memory") continue;
      left =
          std::min(left, left_in("/sys/fs/cgroup/memory" + group, "/memory.limit_in_bytes", "/memory.usage_in_bytes"));
    }
  }
  return left;
}

}  // namespace

double memory_left_on_machine() { return std::min(kibibytes("/proc/meminfo", "MemAvailable:"), left_in_groups()); }

double memory_left_to_process() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  const double mapped = kibibytes("/proc/self/status", "VmSize:");
  return std::isfinite(mapped) ? std::max(0.0, static_cast<double>(limit.rlim_cur) - mapped) : kNoLimit;
}

double on_this_machine(const Comm& comm, double value) {
  MPI_Comm machine = MPI_COMM_NULL;
  SYNBAL_MPI(MPI_Comm_split_type(comm.get(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &machine));
  double sum = 0;
  SYNBAL_MPI(MPI_Allreduce(&value, &sum, 1, MPI_DOUBLE, MPI_SUM, machine));
  SYNBAL_MPI(MPI_Comm_free(&machine));
  return sum;
}

void expect_room(const Comm& comm, double bytes, const std::string& what) {
  const double needed = on_this_machine(comm, bytes), left = memory_left_on_machine();
  const double own = memory_left_to_process();
  const double times = comm.max(std::max(needed / std::max(left, 1.0), bytes / std::max(own, 1.0)));
  if (times <= 1) return;
  const double all = comm.sum(bytes), tightest = -comm.max(-std::min(left, own));
  throw io_failure(fmt::format(
      "memory: {} take about {:.1f} GiB on {} {}, {:.1f} GiB are left where there is least (free memory, the "
      "job's limit, ulimit -v): take {:.0f} times as many machines or as large a limit",
      what, all / kGiB, comm.size(), comm.size() == 1 ? "rank" : "ranks", tightest / kGiB, std::ceil(times)));
}

}  // namespace synbal
