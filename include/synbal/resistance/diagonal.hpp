// The diagonal of L^+: the mean resistance of a node to all others, up to a constant of its component.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/resistance/edge_resistance.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal {

struct DiagonalParams {
  bool exact = false;      ///< by elimination or one solve per node; otherwise estimated like edge resistances
  int solves = 64;         ///< estimate: random right-hand sides
  std::uint64_t seed = 1;  ///< estimate: of these
  /// 0: the default. Estimate: energy that a random solve may lack, see EdgeResistanceParams (1e-5); exact: see
  /// exact_solve().
  double tolerance = 0;
  std::int64_t checked = 32;  ///< estimate: nodes solved exactly to measure the error
  const Modes* modes = nullptr;
};

struct DiagonalResult {
  std::vector<double> value;  ///< [n] L+_ii in the graph's unit; 0 for an isolated node
  std::vector<double> error;  ///< [n] standard error of an estimate, from the scatter of the samples; 0 for exact ones
  EstimateQuality quality;
  bool converged = true;
  int solves = 0;               ///< right-hand sides
  bool by_elimination = false;  ///< exact: one elimination took the place of the solves
  double seconds = 0;
};

/// Collective. Estimates are made like those of edge_resistances(), with c = e_i less the mean of its component in the
/// place of b; the larger part of L+_ii often comes from slow modes, so give some.
DiagonalResult pseudoinverse_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver,
                                      const DiagonalParams& params = {});

}  // namespace synbal
