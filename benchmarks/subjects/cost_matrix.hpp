// The matrix that peers from PETSc and SLEPc work on.
#pragma once

#include "synbal/balance/problem.hpp"
#include "synbal/core/petsc.hpp"

namespace synbal::benchmark {

/// Collective. AIJ of the costs c_ij ([n] rows here, columns ascending) at the problem's base, to a power: 0.5 makes
/// weights out of costs of p = 2.
[[nodiscard]] PetscMat cost_matrix(const BalanceProblem& problem, MPI_Comm comm, double power = 1);

}  // namespace synbal::benchmark
