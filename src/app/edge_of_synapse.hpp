// From a synapse to the edge between its neurons, and what was found out about that.
#pragma once

#include <limits>
#include <vector>

#include "app/graph_source.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::app {

/// Conductance and resistance of an edge, in the graph's unit.
struct Edge {
  double conductance = 0, resistance = std::numeric_limits<double>::infinity();
};

/// Finds the edge of every synapse of this rank, whichever of its ends is ground.
class EdgeOfSynapse {
 public:
  /// Collective. Both must outlive it.
  EdgeOfSynapse(const GraphSource& source, const EdgeResistances& found);

  /// Of an owned row of the network and one of its columns: no conductance and an infinite resistance where there is no
  /// edge, none of both between two pinned neurons.
  [[nodiscard]] Edge operator()(LocalIndex row, LocalIndex column) const;

 private:
  [[nodiscard]] Edge between(LocalIndex i, GlobalIndex j) const;

  const GraphSource* source_;
  const EdgeResistances* found_;
  std::vector<double> ground_, to_ground_;  // [network rows, then ghosts]
};

}  // namespace synbal::app
