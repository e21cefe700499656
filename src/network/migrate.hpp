// Moving the rows of a finished network to new global numbers.
#pragma once

#include <span>

#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. The network in which owned neuron i has the global number new_index[i], a permutation over all ranks,
/// under the ownership `to`. Weights and node data move bitwise; facts stay; `position` says where each neuron was in
/// the file. Holds at most 36 bytes a synapse.
Network renumbered(const Comm& comm, Network&& network, std::span<const GlobalIndex> new_index, Ownership to);

/// [n_local] The places of the owned neurons in the file's order.
std::vector<GlobalIndex> file_indices(const Network& network);

}  // namespace synbal
