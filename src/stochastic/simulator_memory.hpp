// Whether what a simulation has to remember fits into the machine.
#pragma once

#include "synbal/core/comm.hpp"

namespace synbal {

/// Collective. `states` copies of `bytes` on this rank, together with what the other ranks of its machine ask for,
/// against the memory that is available there.
/// @throws Error usage, naming the delay, when it does not fit.
void check_states_fit(const Comm& comm, std::int64_t states, ByteCount bytes);

}  // namespace synbal
