// Small balance problems of any range, whole on every rank and in extended precision.
#pragma once

#include <optional>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/solver.hpp"

namespace synbal {

/// The most neurons that balance_small() takes.
inline constexpr GlobalIndex kSmallBalance = 2000;

/// Collective. The equilibrium from h = 0, straight from the logarithms of the costs (balance_extended()), into h
/// ([n]). Nothing for more than kSmallBalance neurons and with homogeneity exponents other than 1 or synapses that were
/// taken over.
[[nodiscard]] std::optional<SolverResult> balance_small(const BalanceProblem& problem, std::vector<double>& h);

}  // namespace synbal
