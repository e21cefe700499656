// The arrays around a network where they are used: beside the neurons that they belong to.
#pragma once

#include "synbal/core/route.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// An element of an array: the input or output, and its weight.
struct NeuronWeight {
  GlobalIndex other = 0;
  double value = 0;
};

/// Lists of every owned neuron, each by ascending input or output; several arrays of a role stand side by side.
struct NeuronMap {
  Lists<NeuronWeight> weights;
  std::int64_t width = 0;  ///< inputs or outputs, over all arrays

  [[nodiscard]] std::span<const NeuronWeight> of(LocalIndex neuron) const noexcept {
    const auto begin = at(weights.start[at(neuron)]), end = at(weights.start[at(neuron) + 1]);
    return std::span(weights.values).subspan(begin, end - begin);
  }
};

/// Collective.
NeuronMap map_of(const Comm& comm, const Network& network, ArrayRole role);

/// Collective. [n_local] The sum of all elements of a role: biases, initial states.
std::vector<double> sums_of(const Comm& comm, const Network& network, ArrayRole role);

}  // namespace synbal
