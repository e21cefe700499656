// The diagonal of L^+: the mean resistance of a node to all others, up to a constant of its component.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/laplacian/edge_resistance.hpp"
#include "synbal/laplacian/graph.hpp"
#include "synbal/laplacian/modes.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal {

struct DiagonalParams {
  bool exact = false;         ///< one solve per node; otherwise estimated like edge resistances
  int solves = 64;            ///< estimate: random right-hand sides
  std::uint64_t seed = 1;     ///< estimate: of these
  double tolerance = 0;       ///< relative residual; 0: 1e-4 for estimates, 1e-12 for exact ones
  std::int64_t checked = 32;  ///< estimate: nodes solved exactly to measure the error
  const Modes* modes = nullptr;
};

struct DiagonalResult {
  std::vector<double> value;  ///< [n] L+_ii in the graph's unit; 0 for an isolated node
  std::vector<double> error;  ///< [n] standard error of an estimate; 0 for exact ones
  EstimateQuality quality;
  bool converged = true;
  int solves = 0;
  double seconds = 0;
};

/// Collective.
DiagonalResult pseudoinverse_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver,
                                      const DiagonalParams& params = {});

}  // namespace synbal
