// Heat diffusing on the graph: exp(-p L t) v at a list of times.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal {

struct HeatParams {
  double power = 1;          ///< p, the rate at which time passes
  double tolerance = 1e-10;  ///< |error|_2 / |v|_2 of every column
  int max_steps = 120;       ///< dimension of a Krylov space: so many vectors are kept
  LaplacianSolverParams solver;
};

/// How one time was reached.
struct HeatTime {
  double time = 0;
  double error = 0;       ///< estimate of |error|_2 / |v|_2, the largest of the columns
  bool converged = true;  ///< error <= tolerance
  int steps = 0;          ///< dimension of the Krylov space that served
  bool inverted = false;  ///< that of (1 + gamma L)^-1; otherwise that of L
};

struct HeatResult {
  std::vector<HeatTime> times;
  bool converged = true;        ///< all times
  int spaces = 0;               ///< Krylov spaces that were built
  int solves = 0;               ///< systems with 1 + gamma L, blocks of columns counted once
  std::int64_t iterations = 0;  ///< of conjugate gradients in these
  std::int64_t products = 0;    ///< with L, in spaces of L
  double seconds = 0;
};

/// Called on every rank for every time, in ascending order: `values` is [n * columns], interleaved. May communicate.
using HeatTaker = std::function<void(std::size_t number, double time, std::span<const double> values)>;

/// Collective. u = exp(-p L t) v for ascending times t >= 0, L in the user's unit; `v`: [n * columns], interleaved
/// (value of node i in column k at [i * columns + k]), at most LaplacianOperator::kMaxColumns, which share products and
/// solves.
/// Every time starts from v, so errors do not add up. The means of components without ground are taken out before and
/// put back afterwards: they stay as they are, but for rounding.
/// Short times come from Krylov spaces of L, all others from those of (1 + gamma L)^-1 (van den Eshof & Hochbruck
/// 2006): there the fast modes lie together near 0, so that the number of steps does not grow with p lambda t; times
/// within a factor of ten share a space. The function of the small tridiagonal matrix is taken through its eigenvalues,
/// which are kept within (0, 1]. `error` is what the last steps changed plus what the solves may have left; where
/// rounding keeps a residual up (p lambda t of 1e12), the latter comes from the energy that refining the solution
/// gained.
/// @throws Error bad_input for times that descend, are negative or not finite, for values that are not finite or not
/// as many as nodes, and for too many columns.
HeatResult heat(const ConductanceGraph& graph, std::span<const double> v, int columns, std::span<const double> times,
                const HeatTaker& take, const HeatParams& params = {});

}  // namespace synbal
