// Free memory, as the kernel estimates it, shared by the ranks of a machine.
#include "stochastic/simulator_memory.hpp"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <string>

#include "synbal/core/agree.hpp"
#include "synbal/core/range.hpp"

namespace synbal {

namespace {

/// MemAvailable of /proc/meminfo; no limit where the kernel does not tell.
ByteCount available_bytes() {
  std::ifstream facts("/proc/meminfo");
  for (std::string word; facts >> word;) {
    ByteCount kibibytes = 0;
    if (word == "MemAvailable:" && facts >> kibibytes) return kibibytes * 1024;
  }
  return std::numeric_limits<ByteCount>::max();
}

/// Collective. Sum over the ranks that share this machine's memory.
double on_this_machine(const Comm& comm, double value) {
  MPI_Comm machine = MPI_COMM_NULL;
  SYNBAL_MPI(MPI_Comm_split_type(comm.get(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &machine));
  double sum = 0;
  SYNBAL_MPI(MPI_Allreduce(&value, &sum, 1, MPI_DOUBLE, MPI_SUM, machine));
  SYNBAL_MPI(MPI_Comm_free(&machine));
  return sum;
}

}  // namespace

void check_states_fit(const Comm& comm, std::int64_t states, ByteCount bytes) {
  const double needed = on_this_machine(comm, static_cast<double>(states) * static_cast<double>(bytes));
  agreed(comm, [&] {
    const auto available = static_cast<double>(available_bytes());
    if (needed <= available) return;
    throw usage_error(fmt::format(
        "{} {} needs {:.1f} GiB on a machine that has {:.1f} GiB free (the states of {} rounds are kept, 16 "
        "bytes per neuron and round): use a smaller one or more machines",
        parameter("delay"), states - 1, needed / (1 << 30), available / (1 << 30), states));
  });
}

}  // namespace synbal
