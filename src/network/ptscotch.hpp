// PT-Scotch's answer to the question which rank should own which neuron.
#pragma once

#include <vector>

#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. A target rank for every owned neuron, few synapses cut, synapses balanced. Every rank owns neurons.
/// @throws Error bad_input when indices exceed PetscInt.
std::vector<Rank> ptscotch_targets(const Comm& comm, const Network& network);

}  // namespace synbal
