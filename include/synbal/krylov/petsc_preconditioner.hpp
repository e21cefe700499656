// A preconditioner from PETSc on an assembled matrix: multigrid, a factorisation, or what the user asks for. Include in
// .cpp files only: PETSc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

/// Rows of this rank in CSR, with global columns in ascending order.
struct PetscRows {
  std::vector<PetscInt> row_ptr{0}, column;
  std::vector<PetscScalar> value;
};

/// Collective. The symmetric matrix that has these rows, on the ranks of `comm`, which must outlive it.
[[nodiscard]] PetscMat symmetric_matrix(MPI_Comm comm, GlobalIndex global_size, const PetscRows& rows);

/// An operator that can be written down.
class MatrixSource {
 public:
  MatrixSource() = default;
  MatrixSource(const MatrixSource&) = delete;
  MatrixSource& operator=(const MatrixSource&) = delete;
  virtual ~MatrixSource() = default;

  [[nodiscard]] virtual const Comm& comm() const = 0;
  [[nodiscard]] virtual LocalIndex size() const = 0;
  [[nodiscard]] virtual GlobalIndex global_size() const = 0;
  /// [n] Diagonal; 0 where a row is empty.
  [[nodiscard]] virtual std::span<const double> diagonal() const = 0;
  /// Entries that this rank assembles.
  [[nodiscard]] virtual std::int64_t entries() const = 0;
  /// Collective. The matrix with entries scale_i a_ij scale_j beside the diagonal and `diagonal` on it; both [n].
  /// `comm` has the same ranks and must outlive the matrix.
  [[nodiscard]] virtual PetscMat assemble(std::span<const double> scale, std::span<const double> diagonal,
                                          MPI_Comm comm) const = 0;
};

/// Collective. True when some rank assembles more entries than PetscInt counts, or the matrix has more rows.
[[nodiscard]] bool exceeds_petsc_int(const MatrixSource& source);

/// True when the PETSc options name a preconditioner (-PREFIXpc_type).
[[nodiscard]] bool user_chose_preconditioner(const std::string& prefix);

/// Collective. M^-1 = S P S, P what PETSc makes of S A S, S powers of two: numbers of order one for multigrid, a unit
/// diagonal for a factorisation (which hypre dislikes). PETSc options with the prefix replace and tune it. The source
/// is only read here. With sums, which have to outlive the preconditioner, constants are taken out of all that it
/// returns, in the inner product of the diagonal: for operators that see them by rounding.
/// @return null on all ranks when a library refuses (its reason is logged).
[[nodiscard]] std::unique_ptr<BlockPreconditioner> petsc_preconditioner(const MatrixSource& source, std::string prefix,
                                                                        Preconditioner kind,
                                                                        const ComponentSums* sums = nullptr);

}  // namespace synbal
