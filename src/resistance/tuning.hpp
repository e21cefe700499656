// The numbers of resistances: what they are relative to and what they guard against. Those about slow spaces come from
// benchmark_resistance; of the others the origin is not recorded.
#pragma once

#include <cstdint>

#include "synbal/core/types.hpp"

namespace synbal::detail::tuning {

constexpr double kRounding = 1e-13;  ///< relative: what sums of 1e5 rounded terms may be off by

// The bounds of eigenvalues.
/// M <= 2 D for multigrid with l1-Jacobi smoothing (a V-cycle adds a positive semidefinite correction to its smoother)
/// and for a factorisation, which has M = L <= 2 D. Twice that leaves room for rounding in them.
constexpr double kPetscSpread = 4;
constexpr int kAttempts = 4;  ///< each with another preconditioner, as the solver may change it on the way

// Pairs.
constexpr double kResidual = 1e-12;      ///< of solves behind brackets and bounds: sharp bounds help all pairs
constexpr double kDoubt = 1e-12;         ///< of what differences are made of: what rounding may leave of them
constexpr double kAhead = 1e-4;          ///< relative error of the step ahead: 1e-5 was seen where a small graph ends
constexpr double kMargin = 0.95;         ///< of the tolerance: where columns stop, lest rounding make them miss it
constexpr double kWorthwhile = 0.01;     ///< share of the tolerance that rounding may take
constexpr int kImprovements = 2;         ///< of solutions from which brackets are taken, by their residuals
constexpr std::int64_t kChunk = 4'096;   ///< pairs that every rank looks at together
constexpr std::int64_t kKeptChunk = 64;  ///< the same where answers are kept: moments to keep come between chunks

// Rows and diagonals.
constexpr GlobalIndex kFewForAll = 4'000;  ///< nodes whose resistances every rank holds together: 128 MB
/// Sum of two diagonal entries over the resistance that their difference leaves: more loses the digits asked for.
constexpr double kMostCancelled = 1e4;

// Slow spaces.
constexpr double kBlocksPerVector = 0.25;  ///< of pairs from which on a vector pays where it spares them nearly all
constexpr double kLeastGain = 0.75;   ///< share of iterations spared: below that it pays late or never (small worlds)
constexpr int kPowers = 3;            ///< of L^+ D: bulk modes, though many, then weigh little
constexpr double kRough = 1e-3;       ///< residual of the solves for it
constexpr double kDependent = 1e-10;  ///< of the energy of a vector: less left means nothing left

// Estimates of all edges.
constexpr double kCheckTolerance = 1e-6;  ///< of the brackets against which they are checked
constexpr double kPairTolerance = 1e-10;  ///< of brackets where every edge is solved for

// What must come out whatever the graph: the sum of all leverages, and 1 for every bridge.
constexpr double kExactLeverage = 1e-8;    ///< what exact resistances may be off by
constexpr double kEstimatedBridge = 1e-4;  ///< estimates know bridges by the cycles that there are not
constexpr double kEstimatedSum = 0.2;      ///< before it is scaled: more means that solves were off, not chance

}  // namespace synbal::detail::tuning
