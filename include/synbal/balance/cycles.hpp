// Cycles of a network, sampled: the products of weights around them are what no scaling can change.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// A synapse of a sampled cycle, known to the rank that owns its postsynaptic neuron.
struct CycleSynapse {
  std::size_t cycle = 0;
  LocalIndex row = 0;      ///< of the network
  std::int64_t entry = 0;  ///< of the network, the first at its place
};

/// Closed walks backward along synapses, without self-loops, each neuron once.
struct SampledCycles {
  std::vector<CycleSynapse> synapses;  ///< those of this rank, cycle by cycle
  std::vector<std::int64_t> length;    ///< [cycles] synapses over all ranks; equal on all ranks

  static constexpr std::size_t kWalks = 64;
  static constexpr std::uint32_t kLongestWalk = 200;  ///< steps
};

/// Collective. 64 random walks inside components, the same at any rank count, each until a neuron repeats; a cycle for
/// every walk that closed. One reduction a step.
SampledCycles sample_cycles(const Comm& comm, const Network& network, const Components& components);

}  // namespace synbal
