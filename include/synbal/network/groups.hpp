// Groups of neurons that share one h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. [n_local] The smallest global index among the neurons of each neuron's label ([n_local]), wherever they
/// live. kUntied stands alone; all pinned neurons are one group, whatever their labels.
std::vector<GlobalIndex> group_leaders(const Comm& comm, const Network& network, std::span<const std::int64_t> label);

/// Whether this rank has neurons that are tied to others (NodeData::group).
[[nodiscard]] bool has_ties(const Network& network);

}  // namespace synbal
