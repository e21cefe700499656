// The scaled Laplacian, its filter and its pseudoinverse as PETSc sees them. Include after all that uses MPI.
#pragma once

#include <exception>

#include "spectral/mode_operator.hpp"
#include "synbal/core/comm.hpp"
// PETSc turns MPI functions into macros: its headers come last.
#include <slepceps.h>

#include "synbal/core/petsc.hpp"

namespace synbal::detail {

using SlepcEps = Handle<EPS, PetscTraits<EPS, EPSDestroy>>;

/// A matrix without entries for SLEPc, and what its callbacks work on. An exception must not pass through C: it is kept
/// until SLEPc has returned.
class ModeShell {
 public:
  /// Collective over `comm`, which must outlive it, like `modes`.
  ModeShell(const Comm& comm, const ConductanceGraph& graph, ModeOperator& modes);
  ModeShell(const ModeShell&) = delete;
  ModeShell& operator=(const ModeShell&) = delete;

  [[nodiscard]] Mat matrix() const noexcept { return matrix_.get(); }
  /// From now on the matrix is the filter; a degree of 0 takes it back.
  void filter(const ModeFilter& filter) { filter_ = filter; }
  /// The eigenvalue that the filter raises to `raised` > 1.
  [[nodiscard]] double unfiltered(double raised) const;
  [[nodiscard]] const ModeFilter& filter() const noexcept { return filter_; }

  /// From now on the matrix is the pseudoinverse, by solves to a relative residual; 0 takes it back.
  void invert(double residual) { inverse_ = residual; }

  /// Collective. @return false when SLEPc failed (the reason is logged).
  /// @throws whatever a callback threw.
  [[nodiscard]] bool solve(EPS eps);
  /// A monitor of SLEPc's, with a shell as its context: those who watch learn the error of what is not found yet.
  static PetscErrorCode note_error(EPS eps, PetscInt restarts, PetscInt found, PetscScalar* real,
                                   PetscScalar* imaginary, PetscReal* error, PetscInt count, void* shell);

 private:
  template <class Work>
  PetscErrorCode guard(Work&& work);
  template <class Work>
  PetscErrorCode on_vectors(Vec x, Vec y, Work&& work);
  template <class Work>
  PetscErrorCode on_blocks(Mat x, Mat y, Work&& work);
  void multiply(ColumnsIn x, ColumnsOut y);

  static PetscErrorCode multiply_vector(Mat matrix, Vec x, Vec y);
  static PetscErrorCode multiply_block(Mat matrix, Mat x, Mat y, void* data);

  const Comm* comm_;
  ModeOperator* modes_;
  PetscMat matrix_;
  ModeFilter filter_;
  double inverse_ = 0;
  std::int64_t products_ = 0;
  double error_ = 1, tolerance_ = 0;  // of the eigenpair that is sought
  std::exception_ptr failure_;
};

}  // namespace synbal::detail
