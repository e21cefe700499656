// The slowest modes by products with the inverse: for wide spectra, and to refine what others have found.
#pragma once

#include <cstdint>

#include "laplacian/mode_operator.hpp"
#include "laplacian/tall_block.hpp"
#include "synbal/laplacian/graph.hpp"

namespace synbal::laplacian {

struct InverseParams {
  int wanted = 0;
  double tolerance = 1e-8;  ///< of |N v - lambda v| / lambda
  double inner = 0.1;       ///< share of it that the solves may take
  std::int64_t max_steps = 500;
  std::uint64_t seed = 1;
};

struct InverseModes {
  TallBlock vectors;       ///< `wanted` orthonormal ones, or as many as there are
  std::int64_t steps = 0;  ///< blocks of solves
};

/// Collective. A block Krylov space of A = N^+ with Rayleigh's quotients of A, in which modes are locked from the
/// slowest on. What comes back for a Ritz pair (theta, y) is not y but A y, which is at hand: |N A y - A y / theta| is
/// |A y - theta y| / theta and what the solves left, so that convergence of A's pairs, which single out slow modes far
/// below the largest eigenvalue, is convergence of N's. Rounding leaves eps |N| theta: a pair that has come so far is
/// locked as well. Solves are relaxed as residuals shrink (Simoncini & Szyld 2003). `start`: where to begin, any number
/// of columns; random ones join them.
InverseModes inverse_modes(const ConductanceGraph& graph, ModeOperator& modes, TallBlock start,
                           const InverseParams& params);

}  // namespace synbal::laplacian
