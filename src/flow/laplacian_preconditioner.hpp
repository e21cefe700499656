// PETSc preconditioners of the implicit steps of the flow.
#pragma once

#include <memory>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

/// True when the PETSc options name a preconditioner (-flow_pc_type).
bool flow_preconditioner_named();

/// Collective. @throws Error bad_input when a rank has more entries than PetscInt counts.
void refuse_if_too_many_entries(const BalanceProblem& problem);

/// Collective. P ~ (I + f L)^-1, L at the point of `costs`, which are not needed any more afterwards; the problem must
/// outlive it. Null on all ranks when the library refuses (its reason is logged).
std::unique_ptr<BlockPreconditioner> flow_preconditioner(const BalanceProblem& problem, const NeuronCosts& costs,
                                                         double f, Preconditioner kind);

}  // namespace synbal
