// A spanning tree of the largest conductances, on every rank: a way for currents that is never much worse than the
// best.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

/// Of every component, ground being one more node. O(nodes) on every rank.
class StrongestTree {
 public:
  /// Collective. Every rank offers the strongest forest of its own edges.
  explicit StrongestTree(const ConductanceGraph& graph);

  /// Not collective. At least r^T L^+ r for an r ([nodes]) that sums to 0 in every component without ground: the energy
  /// of the currents that carry r along the tree (Thomson's principle).
  [[nodiscard]] double energy_bound(std::span<const double> r) const;

 private:
  std::vector<GlobalIndex> order_, above_;  // [nodes + 1] nodes before those above them; -1: nothing is above
  std::vector<double> conductance_;         // to the node above
};

}  // namespace synbal::detail
