// I + f L assembled, and whatever PETSc makes of it.
#include "flow/laplacian_preconditioner.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include "synbal/krylov/petsc_preconditioner.hpp"

namespace synbal {

namespace {

constexpr const char* kPrefix = "flow_";

/// I + f L, which lives only as long as it is being written down.
class ImplicitMatrix final : public MatrixSource {
 public:
  ImplicitMatrix(const HessianAction& hessian, double f)
      : hessian_(&hessian), f_(f), diagonal_(hessian.diagonal().begin(), hessian.diagonal().end()) {
    for (double& d : diagonal_) d = 1 + f * d;
  }

  [[nodiscard]] const Comm& comm() const override { return hessian_->problem().comm(); }
  [[nodiscard]] LocalIndex size() const override { return hessian_->problem().size(); }
  [[nodiscard]] GlobalIndex global_size() const override { return hessian_->problem().global_size(); }
  [[nodiscard]] std::span<const double> diagonal() const override { return diagonal_; }
  [[nodiscard]] std::int64_t entries() const override { return hessian_->entries(); }
  [[nodiscard]] PetscMat assemble(std::span<const double> scale, std::span<const double> diagonal,
                                  MPI_Comm comm) const override {
    std::vector<double> scaled(scale.begin(), scale.end());
    for (double& s : scaled) s *= std::sqrt(f_);
    return hessian_->assemble(scaled, diagonal, comm);
  }

 private:
  const HessianAction* hessian_;
  double f_;
  std::vector<double> diagonal_;
};

}  // namespace

bool flow_preconditioner_named() { return user_chose_preconditioner(kPrefix); }

void refuse_if_too_many_entries(const HessianAction& hessian) {
  if (!exceeds_petsc_int(ImplicitMatrix(hessian, 1))) return;
  throw bad_input(
      "too many synapses on a rank for an assembled matrix with 32-bit indices (-flow_pc_type wants one): use more "
      "ranks, build the petsc64 preset, or leave the option out");
}

std::unique_ptr<BlockPreconditioner> flow_preconditioner(const HessianAction& hessian, double f, Preconditioner kind) {
  return petsc_preconditioner(ImplicitMatrix(hessian, f), kPrefix, kind);
}

}  // namespace synbal
