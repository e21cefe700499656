// What to say, in one line, of a run that did not get where it was to go.
#pragma once

#include <string>

#include "app/report.hpp"
#include "synbal/balance/solver.hpp"

namespace synbal::app {

/// What ended a run of `balance` that did not converge, and what to try. `l1`: the imbalance that it left.
[[nodiscard]] std::string remedy_of(const SolverResult& solver, double l1);

/// Why there is no neuron to balance.
[[nodiscard]] std::string why_nothing_moves(const InputSection& input);

}  // namespace synbal::app
