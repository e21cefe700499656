// Walks of up to three steps around every node and along every edge, summed up exactly.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

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

/// pi(P) = c_0 + c_1 P + c_2 P^2 with pi(1) = 1, P = D^-1 W.
using Polynomial = std::array<double, 3>;

/// q_t, t < 4, with (1 - pi(x)^2) / (1 - x) = sum_t q_t x^t: how walks of t steps count in what pi takes out of L^+.
std::array<double, 4> walk_coefficients(const Polynomial& pi);

/// The polynomial that minimises c^T Q c, Q symmetric: 00, 01, 02, 11, 12, 22. Without c_2 if `steps` is 1.
Polynomial least_polynomial(const std::array<double, 6>& q, int steps);

}  // namespace synbal::detail
