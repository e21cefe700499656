// The numbers of solves with L. Measured on one core with the families of `synbal-benchmark laplacian` at 5e4 nodes and
// 5e5 edges where a figure is given; of the others the origin is not recorded, and what they guard against is said.
#pragma once

#include "synbal/krylov/choice.hpp"

namespace synbal::detail::tuning {

// Cycles of conjugate gradients.
constexpr int kMaxCycles = 24;       ///< of one block, lest rounding make them go on for ever
constexpr double kMargin = 0.9;      ///< of the tolerance: what the recurrence may be wrong by without another cycle
constexpr double kWorthwhile = 0.5;  ///< a cycle that leaves more of the residual than this has met rounding

// Which preconditioners there are.
/// Nodes that are factorised rather than coarsened: BoomerAMG fails on small dense graphs.
constexpr GlobalIndex kTinyLimit = 1'000;
/// Nodes of which a factorisation is bearable even if it fills up, and where few edges (5 a node) keep it from that.
constexpr GlobalIndex kDirectLimit = 4'000, kSparseDirectLimit = 20'000;
/// Multiplications per edge that an elimination may take to be tried before all else: as much as fifty iterations.
constexpr double kCheapElimination = 150;
/// Edges that are ordered in some hundredths of a second, and neighbours over their mean number that make a hub: other
/// graphs are ordered (a second for 10^6 edges) only after another preconditioner was left.
constexpr std::int64_t kQuickOrder = 100'000;
constexpr double kHub = 32;
constexpr int kSweepRanks = 4;  ///< ranks among which sequential sweeps are still worth it
/// Share of sampled pairs of successive neighbours that are joined from which on the graph is like a lattice: Jacobi is
/// slow on it, incomplete Cholesky, which lives on triangles, is not (small worlds: 0.09 s against 0.28 s and 0.11 s
/// against 0.84 s), and no probe need say so.
constexpr double kLattice = 0.7;

// When one is left for another.
/// The first forecast is believed only where it is clear. Where residuals swing, every small eigenvalue apart from the
/// others costs a dozen iterations at once, so two or three modules on threads are done after forty.
constexpr ForecastParams kForecasts{4, 40, 80, 2};
/// Iterations ahead that call for another preconditioner. One with incomplete Cholesky costs two with Jacobi, its
/// set-up some twenty, and it needs at most half as many; one with multigrid costs ten, its set-up a hundred to
/// several.
constexpr double kJacobiPatience = 90, kPatience = 250;
constexpr std::int64_t kStrongLimit = 500;  ///< iterations after which a strong preconditioner is not one

// Incomplete Cholesky.
constexpr double kLeastPivot = 1e-7;  ///< of the diagonal: the last pivot of a component without ground may vanish
constexpr std::int64_t kUpdateBudget =
    60;  ///< operations per entry that updates of entries may cost: hubs make them dear

}  // namespace synbal::detail::tuning
