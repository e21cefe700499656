// A preconditioner from PETSc on an assembled matrix: multigrid, a factorisation, or what the user asks for. Include in
// .cpp files only: PETSc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

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

/// True when the PETSc options name a preconditioner (-PREFIXpc_type).
[[nodiscard]] bool user_chose_preconditioner(const std::string& prefix);

/// M^-1 = S P S, P what PETSc makes of S A S, S powers of two: numbers of order one for multigrid, a unit diagonal for
/// a factorisation (which hypre dislikes). PETSc options with the prefix replace and tune it.
class PetscPreconditioner final : public BlockPreconditioner {
 public:
  /// The source must outlive all set-ups. With sums, which then have to outlive the object like the source, constants
  /// are taken out of all that apply() returns, in the inner product of the diagonal: for operators that see them by
  /// rounding.
  PetscPreconditioner(const MatrixSource& source, std::string prefix, Preconditioner kind,
                      const ComponentSums* sums = nullptr);
  ~PetscPreconditioner() override;

  /// Collective. Assembles and sets up, also once more when the matrix has changed. @return false on all ranks when a
  /// library refuses (its reason is logged): the object is then of no use until another set-up succeeds.
  [[nodiscard]] bool set_up();
  [[nodiscard]] Preconditioner kind() const noexcept { return kind_; }
  [[nodiscard]] std::string name() const override;
  void apply(std::span<const double> r, std::span<double> u, int columns) override;

 private:
  template <class Work>
  bool attempt(Work&& work);
  [[nodiscard]] bool exceeds_petsc_int() const;
  void make();
  void assemble();
  [[nodiscard]] std::vector<double> choose_scaling() const;
  void take_out_constants(std::span<double> u, std::size_t columns) const;

  const MatrixSource* source_;
  std::string prefix_;
  Preconditioner kind_;
  const ComponentSums* sums_;
  std::vector<double> diagonal_sums_;
  Comm comm_;  // outlives the PETSc objects below
  std::vector<double> scaling_;
  PetscMat matrix_;
  PetscPc pc_;
  PetscVec right_, left_;
};

}  // namespace synbal
