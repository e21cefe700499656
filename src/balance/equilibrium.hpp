// What every way to an equilibrium shares: its beginning, the figures at its end, and the judgement.
#pragma once

#include <string>

#include "synbal/balance/balance.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

/// Collective. Costs and imbalance at the base, as the initial ones.
Equilibrium unbalanced(const BalanceProblem& problem, FusedKernel& kernel);

/// [n] Where solvers begin: at h = 0, or where an earlier run came to.
std::vector<double> beginning(const StopCriteria& stop, const BalanceProblem& problem);

/// No cycles: h = 0 is the answer and the proof is empty.
Equilibrium nothing_to_balance(Equilibrium&& found, const std::string& method);

/// Collective. Costs and imbalance at the base into `found`. One pass.
void evaluate_at_base(const BalanceProblem& problem, FusedKernel& kernel, Equilibrium& found);

/// Collective. Certificate and Newton step at the base into `found`, whose costs are those there. Where the time of the
/// run is up already, they are left out unless they are found soon.
void assess_at_base(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                    const StopCriteria& stop, Equilibrium& found);

/// The point that was found has the last word: sweeps judge the step by its trend only, and a limit may be reached just
/// when the point is good.
void judge(Equilibrium& found, const StopCriteria& stop);

}  // namespace synbal
