// Strongly connected components of a distributed network.
#pragma once

#include <vector>

#include "synbal/network/network.hpp"

namespace synbal {

/// The strongly connected components of the graph in which all pinned neurons are one node.
struct Components {
  /// [n_local + ghosts] for every local column: the smallest global index in the neuron's component. A component that
  /// contains pinned neurons has the smallest global index of all its members, pinned ones included.
  std::vector<GlobalIndex> leader;
  /// [n_local] number of the component, 0..count-1 in order of the leaders. Pinned neurons share one number.
  std::vector<std::int64_t> number;
  std::int64_t count = 0;       ///< components; the pinned neurons count as one node
  std::int64_t nontrivial = 0;  ///< components of more than one node
  std::int64_t largest = 0;     ///< most neurons in one component (pinned ones included)
  /// [n_local + ghosts] 1 where the neuron's component has more than one node, i.e. the neuron lies on a cycle through
  /// another neuron; its synapses inside the component take part in balancing.
  std::vector<std::uint8_t> on_cycle;
  std::int64_t rounds = 0;  ///< halo exchanges it took to follow paths across ranks
};

/// How the search is divided between the ranks.
struct ComponentsParams {
  /// A remainder with at most so many vertices and edges together is finished by rank 0 (some 16 bytes each); four
  /// times as large after two phases or 100 rounds that did not get there. Negative: never. At most 2^28.
  std::int64_t serial_size = std::int64_t{1} << 20;
};

/// Collective. Exact, whatever the partition. Self-loops are ignored. A neuron pinned (network.nodes.pinned) is joined
/// with all other pinned neurons. An edge j -> i exists for every stored entry (row i, column j) that
/// costs something (see FreeSynapses).
/// Time is linear in the synapses but for a logarithmic number of phases on what crosses ranks; the rounds of a phase
/// grow with the rank crossings of the longest simple path that has to be followed, never with its length inside a
/// rank. Temporary memory is at most about 8 bytes per synapse and 200 per neuron and ghost (acyclic networks); well
/// below one byte per synapse when most neurons of a rank reach each other inside it.
Components strongly_connected_components(const Comm& comm, const Network& network, const ComponentsParams& params = {});

/// Not collective. All neurons under one label, for flows along all synapses: those between strongly connected
/// components then take part, and since nothing holds them their costs fall for ever, like 1/t. No finite equilibrium
/// exists unless the network is one component anyway. Neurons without synapses to or from others are on no cycle.
Components one_component(const Network& network);

}  // namespace synbal
