// STREAM-like loops, messages to and fro, /proc.
#include "frame/machine.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>

#include "frame/phases.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/huge_pages.hpp"

namespace synbal::benchmark {

namespace {
constexpr std::size_t kLarge = std::size_t{1} << 20;  // bytes of a large message

/// Collective. Median seconds of `work`, after one run more.
template <class Work>
double median_seconds(const Comm& comm, int repeats, Work&& work) {
  Sample sample;
  for (int k = 0; k <= repeats; ++k) {
    Phases phases(comm);
    work();
    phases.end();
    if (k > 0) sample.add(phases.total());
  }
  return sample.median();
}

double read_seconds(const Comm& comm, int repeats, const HugeVector<double>& data) {
  double sink = 0;
  const auto seconds = median_seconds(comm, repeats, [&] {
    double sums[8] = {};
    for (std::size_t i = 0; i < data.size(); i += 8) {
      for (std::size_t k = 0; k < 8; ++k) sums[k] += data[i + k];
    }
    sink += std::accumulate(std::begin(sums), std::end(sums), 0.0);
  });
  if (!(sink > 0)) throw internal_error("the sum of an array of ones is not positive");
  return seconds;
}

double triad_seconds(const Comm& comm, int repeats, const HugeVector<double>& b, const HugeVector<double>& c) {
  HugeVector<double> a(b.size(), 0.0);
  const auto seconds = median_seconds(comm, repeats, [&] {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = b[i] + 3.0 * c[i];
  });
  if (a[a.size() / 2] != 4) throw internal_error("1 + 3 * 1 is not 4");
  return seconds;
}

/// Collective. Operations a second of all ranks: sums and products of numbers that stay in registers, as this program
/// is compiled.
double operation_rate(const Comm& comm, int repeats) {
  constexpr std::size_t kNumbers = 32;  // independent, so that none waits for the one before
  constexpr int kRounds = 4'000'000;
  double values[kNumbers];
  std::fill(std::begin(values), std::end(values), 1.0);
  const volatile double given = 0.5;  // 1 = 0.5 * 1 + 0.5 for ever, and no compiler knows
  const double factor = given, added = given;
  const auto seconds = median_seconds(comm, repeats, [&] {
    for (int round = 0; round < kRounds; ++round) {
      for (double& value : values) value = factor * value + added;
    }
  });
  if (values[0] != 1) throw internal_error("0.5 * 1 + 0.5 is not 1");
  return 2.0 * kNumbers * kRounds * comm.size() / seconds;
}

/// Collective. One way of a message between the first and the last rank: half of there and back.
double one_way(const Comm& comm, std::size_t bytes, int repeats) {
  std::vector<char> buffer(bytes);
  const int last = comm.size() - 1, count = static_cast<int>(bytes);
  const bool first = comm.rank() == 0;
  Sample times;
  comm.barrier();
  for (int k = 0; k < repeats && (first || comm.rank() == last); ++k) {
    const Timer timer;
    for (const bool send : {first, !first}) {
      const int other = first ? last : 0;
      if (send) SYNBAL_MPI(MPI_Send(buffer.data(), count, MPI_CHAR, other, 7, comm.get()));
      if (!send) SYNBAL_MPI(MPI_Recv(buffer.data(), count, MPI_CHAR, other, 7, comm.get(), MPI_STATUS_IGNORE));
    }
    times.add(timer.seconds() / 2);
  }
  return comm.broadcast(times.median(), 0);
}

/// The rest of the first line of a file that begins so.
std::string line_of(const char* file, const std::string& begin) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(begin))
      return line.substr(std::min(line.find_first_not_of(": \t", begin.size()), line.size()));
  }
  return "unknown";
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : -1;
}
}  // namespace

Limits measure_limits(const Comm& comm, int repeats, std::int64_t array_bytes) {
  Limits limits;
  limits.array_bytes = array_bytes / 64 * 64;  // loops take 8 doubles at a time
  {
    const auto count = static_cast<std::size_t>(limits.array_bytes) / sizeof(double);
    const HugeVector<double> ones(count, 1.0), more(count, 1.0);
    const auto array = static_cast<double>(limits.array_bytes) * comm.size();
    limits.read_bandwidth = array / read_seconds(comm, repeats, ones);
    limits.triad_bandwidth = 3 * array / triad_seconds(comm, repeats, ones, more);
  }
  limits.operations = operation_rate(comm, std::min(repeats, 5));
  if (comm.size() < 2) return limits;
  limits.latency = one_way(comm, 8, 201);
  limits.link_bandwidth = static_cast<double>(kLarge) / one_way(comm, kLarge, 41);
  return limits;
}

Json json_of(const Limits& l) {
  Json out{{"array_bytes", l.array_bytes},
           {"read_bytes_per_second", l.read_bandwidth},
           {"triad_bytes_per_second", l.triad_bandwidth},
           {"operations_per_second", l.operations}};
  out["latency_seconds"] = l.latency > 0 ? Json(l.latency) : Json();
  out["link_bytes_per_second"] = l.link_bandwidth > 0 ? Json(l.link_bandwidth) : Json();
  return out;
}

Json machine_facts(const Comm& comm) {
  utsname system{};
  ::uname(&system);
  const auto threads = static_cast<int>(std::thread::hardware_concurrency());
  return {
      {"host", system.nodename},
      {"system", std::string(system.sysname) + " " + system.release},
      {"processor", line_of("/proc/cpuinfo", "model name")},
      {"hardware_threads", threads},
      {"memory", line_of("/proc/meminfo", "MemTotal")},
      {"load_at_start", load_average()},
      {"ranks", comm.size()},
      {"times_say", comm.size() <= threads ? "speed" : "nothing of speed: ranks share cores; counts are as elsewhere"},
      {"version", version()},
      {"git", git_revision()},
      {"libraries", library_versions()},
      {"when", utc_now()}};
}

}  // namespace synbal::benchmark
