// L as a matrix with entries, for the preconditioners that want them. Include in .cpp files only: PETSc.
#pragma once

#include <span>
#include <string>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/core/petsc.hpp"

namespace synbal {

/// Entries that this rank assembles.
[[nodiscard]] std::int64_t laplacian_entries(const BalanceProblem& problem);

/// Collective. True when some rank has more entries to assemble than PetscInt counts.
bool exceeds_petsc_int(const BalanceProblem& problem);

/// Collective. The matrix with entries scale_i L_ij scale_j beside the diagonal, L at the point of `costs`, and
/// `diagonal` on it; both [n]. `comm` has the problem's ranks and must outlive the matrix.
PetscMat assemble_laplacian(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> scale,
                            std::span<const double> diagonal, MPI_Comm comm);

/// [n] r + k^2 o, the diagonal of L.
void laplacian_diagonal(const BalanceProblem& problem, const NeuronCosts& costs, std::span<double> diagonal);

}  // namespace synbal
