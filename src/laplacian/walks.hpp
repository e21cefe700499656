// Walks of up to three steps around every node and along every edge, summed up exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/laplacian/graph.hpp"

namespace synbal::laplacian {

/// A_t = P^t D^-1 with P = D^-1 W (a symmetric matrix): its entries at the nodes and at the edges, for walks of t
/// steps. A_0 and A_1 are known from the degrees; isolated nodes have 0 everywhere.
struct ShortWalks {
  int lengths = 4;  ///< t = 0 .. lengths - 1: 4, or 2 where hubs would make more too dear (then nothing is stored)
  std::vector<double> inverse_degree;    ///< [n + ghosts] A_0
  std::vector<double> closed2, closed3;  ///< [n + ghosts] at nodes
  std::vector<double> cross2, cross3;    ///< per edge that for_each_kept_edge visits
};

/// Collective. Costs sum_i degree_i^2 operations (numbers of neighbours), which may be `dearest` times the edges;
/// beyond that only t < 2. The rows of ghosts are fetched in batches of some hundred MB at most.
ShortWalks count_walks(const ConductanceGraph& graph, double dearest = 2000);

}  // namespace synbal::laplacian
