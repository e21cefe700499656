// The flow's numbers of choice.
#pragma once

#include <cstdint>
#include <limits>

namespace synbal::tuning {

/// |log| of a factor e^{p k delta} up to which a rate is computed: below, no cost leaves the range of doubles whatever
/// the base holds.
inline constexpr double kLargestExponent = 150;

// The integrator.
/// Iterations a solve that call for a stronger preconditioner: one with multigrid costs ten, its set-up a hundred to
/// several, due every twenty steps (see linear_solver.hpp).
inline constexpr double kPatience = 60;
/// Error of a linear solve over that of the Newton iteration.
inline constexpr double kLinearTolerance = 0.05;
/// Basis vectors of GMRES, which keeps one an iteration: bounds its memory.
inline constexpr int kMostBasisVectors = 50;
/// Relative: times that a step cannot tell apart.
inline constexpr double kSameTime = 4 * std::numeric_limits<double>::epsilon();
/// Relative: the tightest tolerance that Integrator::tighten() asks for; beyond, rounding of rates rules.
inline constexpr double kFinestTolerance = 1e-13;
/// Steps too short to move time, as they become where the rate cannot be evaluated ahead.
inline constexpr int kMostStuck = 10;

// A run.
/// Of an excess over its limit: keeps the logarithm of zero away.
inline constexpr double kFloor = 1e-6;
/// Error of a step near the equilibrium, relative to what is left or to the step.
inline constexpr double kTail = 1e-3;
/// Imbalance (l1) beyond which rounding rules.
inline constexpr double kFinestImbalance = 1e-13;

// Balancing by the flow.
/// Imbalance below which a flow that does not fall any more is limited by rounding, and the steps in which it then has
/// to halve.
inline constexpr double kFlowRounding = 1e-12;
inline constexpr int kPatienceInSteps = 15;
/// Of the tolerance: the point that is verified is computed anew.
inline constexpr double kMargin = 0.9;
/// Steps, where the criteria have no limit.
inline constexpr std::int64_t kDefaultSteps = 100'000;

}  // namespace synbal::tuning
