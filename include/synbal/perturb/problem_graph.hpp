// The graph of conductances that a balance problem's costs are.
#pragma once

#include "synbal/balance/problem.hpp"
#include "synbal/graph/graph.hpp"

namespace synbal {

/// Collective. w_ij = c_ij + c_ji of the costs at the problem's present base and g_i = a_i + b_i: p^2 L is the Hessian
/// there (Stock et al. 2022, eq. 32). A copy: the problem may be rebased afterwards.
/// @throws Error bad_input where homogeneity exponents differ from 1 (the Hessian is then no Laplacian).
ConductanceGraph graph_of(const BalanceProblem& problem);

}  // namespace synbal
