// Costs that are sums of powers: "1*2+0.7*1" is |J|^2 + 0.7 |J|.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/loading.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/stochastic/mixed_cost.hpp"

namespace synbal::app {

/// WEIGHT*POWER with + between, as the named option was given. @throws Error usage.
[[nodiscard]] std::vector<CostTerm> cost_terms_of(const std::string& option, const std::string& text);
/// The same back.
[[nodiscard]] std::string text_of_terms(std::span<const CostTerm> terms);

/// Collective. Costs straight from the weights, summed over the terms; `marginal`: each times its power, which is what
/// is balanced where the sum is least.
[[nodiscard]] DirectCosts costs_of_terms(const Comm& comm, const LoadedNetwork& loaded, std::span<const double> h,
                                         std::span<const CostTerm> terms, bool marginal = false);

}  // namespace synbal::app
