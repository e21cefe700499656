// Edges that are all that joins two parts of a graph.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

/// Two global nodes, the smaller first; ground is the number of nodes.
struct NodeEnds {
  GlobalIndex low = 0, high = 0;
  friend auto operator<=>(const NodeEnds&, const NodeEnds&) = default;
};

/// Collective. All bridges, ascending, the same list on every rank. From the edges of every rank two spanning forests
/// are kept, one of what the other leaves: whether an edge is a bridge shows in these alone (Nagamochi & Ibaraki 1992),
/// so that O(nodes) travel and are held.
std::vector<NodeEnds> bridges_of(const ConductanceGraph& graph);

}  // namespace synbal::detail
