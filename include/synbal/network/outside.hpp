// What inputs, biases and outputs cost, as synapses from and to one more neuron that keeps still.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// [n_local] One weight for each neuron that costs what all weights of its inputs and its bias cost together, and one
/// for its outputs: (sum |w|^p)^{1/p}.
struct OutsideWeights {
  std::vector<double> in, out;
};

/// Collective. Of network.arrays (initial states cost nothing). Neither over- nor underflows on the way.
OutsideWeights outside_weights(const Comm& comm, const Network& network, double power);

/// Collective. The network in which inputs, biases and outputs count (Baldi et al. 2024): with a pinned neuron more on
/// every rank, its last one, that has a synapse to and from each of the rank's neurons with inputs or outputs. All
/// pinned neurons are one node, so the number of ranks makes no difference. The gain of the new neurons is 1, and their
/// places in the file are behind all others. Takes as much memory again as the weights while it runs.
Network with_outside(const Comm& comm, Network&& network, double power);

/// Collective. The way back: without the last neuron of every rank.
Network without_outside(const Comm& comm, Network&& network);

/// Collective. [n_local - 1] Numbers of the components of a network with_outside(), without the neurons that were
/// added.
std::vector<std::int64_t> numbers_inside(const Comm& comm, const Components& components);
/// Collective. The number that the neurons added have among labels that numbers_inside() may have given: [n_local - 1].
std::int64_t number_outside(const Comm& comm, const Components& components, const std::vector<std::int64_t>& inside);

/// Collective. The most neurons in one component, without those that were added.
std::int64_t largest_inside(const Comm& comm, const Network& network, const Components& components);

/// [own elements] The input or output that each element of an array belongs to: its place along the axis that does not
/// count neurons.
std::vector<GlobalIndex> other_axis(const NetworkArray& array);

}  // namespace synbal
