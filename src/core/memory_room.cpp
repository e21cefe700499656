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
constexpr double kKiB = 1 << 10, kGiB = 1 << 30;

/// The number in a file; no limit where there is none ("max").
double number_in(const std::string& path) {
  std::ifstream file(path);
  double number = 0;
  return file >> number ? number : kNoLimit;
}

/// The number after a name, in files of such pairs; `missing` where it is not there.
double number_in(const std::string& path, const std::string& name, double missing) {
  std::ifstream facts(path);
  for (std::string word; facts >> word;) {
    double number = 0;
    if (word == name && facts >> number) return number;
  }
  return missing;
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
      if (names.empty()) left = std::min(left, memory_left_in_group("/sys/fs/cgroup" + group));
      if (names == "memory") left = std::min(left, memory_left_in_group("/sys/fs/cgroup/memory" + group));
    }
  }
  return left;
}

}  // namespace

double memory_left_in_group(const std::string& folder) {
  const bool unified = std::isfinite(number_in(folder + "/memory.current"));
  const double most = number_in(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
  const double taken = number_in(folder + (unified ? "/memory.current" : "/memory.usage_in_bytes"));
  if (!std::isfinite(most) || !std::isfinite(taken)) return kNoLimit;
  const std::string of_files = unified ? "" : "total_";  // version 1 has groups below apart
  double files = 0;
  for (const auto* age : {"active_file", "inactive_file"}) {
    files += number_in(folder + "/memory.stat", of_files + age, 0);
  }
  return std::max(0.0, most - std::max(0.0, taken - files));
}

double memory_left_on_machine() {
  return std::min(kKiB * number_in("/proc/meminfo", "MemAvailable:", kNoLimit), left_in_groups());
}

double memory_left_to_process() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  const double mapped = kKiB * number_in("/proc/self/status", "VmSize:", kNoLimit);
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

namespace {

/// Collective. How many times what is left is needed, where that is most; more than 1: it does not fit.
double times_what_is_left(const Comm& comm, double bytes) {
  const double needed = on_this_machine(comm, bytes);
  return comm.max(
      std::max(needed / std::max(memory_left_on_machine(), 1.0), bytes / std::max(memory_left_to_process(), 1.0)));
}

}  // namespace

bool has_room(const Comm& comm, double bytes) { return times_what_is_left(comm, bytes) <= 1; }

void expect_room(const Comm& comm, double bytes, const std::string& what) {
  const double times = times_what_is_left(comm, bytes);
  if (times <= 1) return;
  const double all = comm.sum(bytes);
  const double tightest = -comm.max(-std::min(memory_left_on_machine(), memory_left_to_process()));
  throw io_failure(fmt::format(
      "memory: {} take about {:.1f} GiB on {} {}, {:.1f} GiB are left where there is least (free memory, the "
      "job's limit, ulimit -v): take {:.0f} times as many machines or as large a limit",
      what, all / kGiB, comm.size(), comm.size() == 1 ? "rank" : "ranks", tightest / kGiB, std::ceil(times)));
}

}  // namespace synbal
