// Free memory, as the kernel estimates it, shared by the ranks of a machine.
#include "stochastic/simulator_memory.hpp"

#include <fmt/format.h>

#include "synbal/core/agree.hpp"
#include "synbal/core/memory_room.hpp"
#include "synbal/core/range.hpp"

namespace synbal {

void check_states_fit(const Comm& comm, std::int64_t states, ByteCount bytes) {
  const double needed = on_this_machine(comm, static_cast<double>(states) * static_cast<double>(bytes));
  agreed(comm, [&] {
    const auto available = memory_left_on_machine();
    if (needed <= available) return;
    throw usage_error(fmt::format(
        "{} {} needs {:.1f} GiB on a machine that has {:.1f} GiB free (the states of {} rounds are kept, 16 "
        "bytes per neuron and round): use a smaller one or more machines",
        parameter("delay"), states - 1, needed / (1 << 30), available / (1 << 30), states));
  });
}

}  // namespace synbal
