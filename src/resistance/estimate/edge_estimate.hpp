// Leverages of all edges from a few random solves.
#pragma once

#include <vector>

#include "resistance/quadrature.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::detail {

/// Leverages c R of the kept edges (see edge_visits.hpp) and of the edges to ground, as estimated.
struct LeverageEstimate {
  std::vector<double> edge;    ///< [kept edges]
  std::vector<double> ground;  ///< [n] 0 without conductance to ground
  double predicted_error = 0, foster_sum = 0, foster_exact = 0, largest = 0;
  std::int64_t above_one = 0;
  bool converged = true;
  double walk_seconds = 0, solve_seconds = 0, combine_seconds = 0;
};

/// Collective.
LeverageEstimate estimate_leverages(const ConductanceGraph& graph, LaplacianSolver& solver,
                                    const EigenvalueBound& bound, const EdgeResistanceParams& params);

}  // namespace synbal::detail
