// Leverages of all edges by elimination, and what exact leverages must fulfil.
#pragma once

#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/whole_graph.hpp"

namespace synbal::detail {

/// Leverages c R of the kept edges (see edge_visits.hpp) and of the edges to ground.
struct Leverages {
  std::vector<double> edge;    ///< [kept edges]
  std::vector<double> ground;  ///< [n] 0 without conductance to ground
};

/// Not collective. `whole`: the graph on every rank.
Leverages eliminated_leverages(const ConductanceGraph& graph, const WholeGraph& whole);

/// Collective. The largest |1 - leverage| of the bridges, which must be 1.
double bridge_error(const ConductanceGraph& graph, const Leverages& leverages);

}  // namespace synbal::detail
