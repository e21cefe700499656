// Sums over the strongly connected components of a balance problem.
#pragma once

#include "synbal/balance/problem.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

static_assert(HasComponents<BalanceProblem>);

}  // namespace synbal
