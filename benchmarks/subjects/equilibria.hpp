// Equilibria by the methods of the library, and what is told of them.
#pragma once

#include <string>

#include "subjects/setting.hpp"
#include "synbal/balance/balance.hpp"

namespace synbal::benchmark {

/// Collective. By auto, newton, sweep, flow or stochastic, from where the problem's base is.
[[nodiscard]] Equilibrium solve_by(Setting& setting, const std::string& method, double tolerance);
/// Counts of the work, and what it comes to with the median of `seconds`.
[[nodiscard]] Json figures_of(const Setting& setting, const Equilibrium& found, const Sample& seconds);

}  // namespace synbal::benchmark
