// What summaries call neurons.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/network/network.hpp"

namespace synbal::app {

/// Collective. [ids] Neurons by their names or, where they have none, by these ids (as of neuron_ids; anywhere, in any
/// order).
[[nodiscard]] std::vector<std::string> called(const Comm& comm, const Network& network,
                                              std::span<const std::int64_t> ids);

}  // namespace synbal::app
