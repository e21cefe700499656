// Callbacks: PETSc's arrays in, ModeOperator's blocks out.
#include "spectral/mode_shell.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "synbal/core/log.hpp"
#include "synbal/core/solve_watch.hpp"

namespace synbal::detail {

ModeShell::ModeShell(const Comm& comm, const ConductanceGraph& graph, ModeOperator& modes)
    : comm_(&comm), modes_(&modes) {
  const auto n = static_cast<PetscInt>(graph.size()), all = static_cast<PetscInt>(graph.global_size());
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreateShell(comm.get(), n, n, all, all, this, &raw));
  matrix_ = PetscMat::adopt(raw);
  SYNBAL_PETSC(MatShellSetOperation(raw, MATOP_MULT, reinterpret_cast<void (*)()>(multiply_vector)));
  SYNBAL_PETSC(
      MatShellSetMatProductOperation(raw, MATPRODUCT_AB, nullptr, multiply_block, nullptr, MATDENSE, MATDENSE));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
}

double ModeShell::unfiltered(double raised) const {
  const double middle = (filter_.threshold + filter_.largest) / 2, half = (filter_.largest - filter_.threshold) / 2;
  return middle - half * std::cosh(std::acosh(std::max(raised, 1.0)) / filter_.degree);
}

bool ModeShell::solve(EPS eps) {
  const auto code = EPSSolve(eps);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (code != 0) log_debug("laplacian: SLEPc gives up (error {})", static_cast<int>(code));
  return !comm_->any(code != 0);
}

template <class Work>
PetscErrorCode ModeShell::guard(Work&& work) {
  try {
    work();
    return 0;
  } catch (...) {
    failure_ = std::current_exception();
    return PETSC_ERR_LIB;
  }
}

template <class Work>
PetscErrorCode ModeShell::on_vectors(Vec x, Vec y, Work&& work) {
  return guard([&] {
    const PetscScalar* in = nullptr;
    PetscScalar* out = nullptr;
    SYNBAL_PETSC(VecGetArrayRead(x, &in));
    SYNBAL_PETSC(VecGetArray(y, &out));
    work(ColumnsIn{in, 0, 1}, ColumnsOut{out, 0});
    SYNBAL_PETSC(VecRestoreArrayRead(x, &in));
    SYNBAL_PETSC(VecRestoreArray(y, &out));
  });
}

template <class Work>
PetscErrorCode ModeShell::on_blocks(Mat x, Mat y, Work&& work) {
  return guard([&] {
    const PetscScalar* in = nullptr;
    PetscScalar* out = nullptr;
    PetscInt columns = 0, from = 0, to = 0;
    SYNBAL_PETSC(MatGetSize(x, nullptr, &columns));
    SYNBAL_PETSC(MatDenseGetLDA(x, &from));
    SYNBAL_PETSC(MatDenseGetLDA(y, &to));
    SYNBAL_PETSC(MatDenseGetArrayRead(x, &in));
    SYNBAL_PETSC(MatDenseGetArray(y, &out));
    work(ColumnsIn{in, from, static_cast<int>(columns)}, ColumnsOut{out, to});
    SYNBAL_PETSC(MatDenseRestoreArrayRead(x, &in));
    SYNBAL_PETSC(MatDenseRestoreArray(y, &out));
  });
}

void ModeShell::multiply(ColumnsIn x, ColumnsOut y) {
  if (inverse_ > 0) return modes_->invert(x, y, inverse_);  // its solves tell by themselves
  filter_.degree > 0 ? modes_->filter(x, y, filter_) : modes_->apply(x, y);
  tell_watches({++products_, error_, tolerance_});
}

PetscErrorCode ModeShell::note_error(EPS eps, PetscInt /*restarts*/, PetscInt found, PetscScalar* /*real*/,
                                     PetscScalar* /*imaginary*/, PetscReal* error, PetscInt count, void* shell) {
  auto& self = *static_cast<ModeShell*>(shell);
  if (const auto code = EPSGetTolerances(eps, &self.tolerance_, nullptr); code != 0) return code;
  if (found < count) self.error_ = error[found];
  return 0;
}

PetscErrorCode ModeShell::multiply_vector(Mat matrix, Vec x, Vec y) {
  ModeShell* self = nullptr;
  if (const auto code = MatShellGetContext(matrix, &self); code != 0) return code;
  return self->on_vectors(x, y, [self](ColumnsIn in, ColumnsOut out) { self->multiply(in, out); });
}
PetscErrorCode ModeShell::multiply_block(Mat matrix, Mat x, Mat y, void* /*data*/) {
  ModeShell* self = nullptr;
  if (const auto code = MatShellGetContext(matrix, &self); code != 0) return code;
  return self->on_blocks(x, y, [self](ColumnsIn in, ColumnsOut out) { self->multiply(in, out); });
}
}  // namespace synbal::detail
