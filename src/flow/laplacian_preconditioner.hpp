// PETSc preconditioners of the implicit steps of the flow.
#pragma once

#include <memory>

#include "synbal/balance/hessian_action.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

/// True when the PETSc options name a preconditioner (-flow_pc_type).
bool flow_preconditioner_named();

/// Collective. @throws Error bad_input when a rank has more entries than PetscInt counts.
void refuse_if_too_many_entries(const HessianAction& hessian);

/// Collective. P ~ (I + f L)^-1, L where its point is set; it is not needed any more afterwards. Null on all ranks when
/// the library refuses (its reason is logged).
std::unique_ptr<BlockPreconditioner> flow_preconditioner(const HessianAction& hessian, double f, Preconditioner kind);

}  // namespace synbal
