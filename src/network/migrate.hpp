// Moving the rows of a finished network to new global numbers.
#pragma once

#include <span>

#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. The network in which owned neuron i has the global number new_index[i], a permutation over all ranks,
/// under the ownership `to`. Weights and node data move bitwise; facts stay; `position` says where each neuron was in
/// the file. Holds at most 36 bytes a synapse.
Network renumbered(const Comm& comm, Network&& network, std::span<const GlobalIndex> new_index, Ownership to);

/// Collective. values[i], belonging to the global number index[i] under `to`, in the order of `to`.
template <class T>
std::vector<T> sent_to_numbers(const Comm& comm, const Ownership& to, std::span<const GlobalIndex> index,
                               std::span<const T> values);

/// Collective. The values that the owners under `from` hold for the global numbers index[i].
template <class T>
std::vector<T> fetched_from_numbers(const Comm& comm, const Ownership& from, std::span<const GlobalIndex> index,
                                    std::span<const T> values);

}  // namespace synbal
