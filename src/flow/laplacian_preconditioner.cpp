// I + f L assembled, and whatever PETSc makes of it.
#include "flow/laplacian_preconditioner.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "balance/laplacian_matrix.hpp"
#include "krylov/petsc_preconditioner.hpp"

namespace synbal {

namespace {

constexpr const char* kPrefix = "flow_";

/// I + f L, which lives only as long as it is being written down.
class ImplicitMatrix final : public MatrixSource {
 public:
  ImplicitMatrix(const BalanceProblem& problem, const NeuronCosts& costs, double f)
      : problem_(&problem), costs_(&costs), f_(f), diagonal_(static_cast<std::size_t>(problem.size())) {
    laplacian_diagonal(problem, costs, diagonal_);
    for (double& d : diagonal_) d = 1 + f * d;
  }

  [[nodiscard]] const Comm& comm() const override { return problem_->comm(); }
  [[nodiscard]] LocalIndex size() const override { return problem_->size(); }
  [[nodiscard]] GlobalIndex global_size() const override { return problem_->global_size(); }
  [[nodiscard]] std::span<const double> diagonal() const override { return diagonal_; }
  [[nodiscard]] std::int64_t entries() const override { return laplacian_entries(*problem_); }
  [[nodiscard]] PetscMat assemble(std::span<const double> scale, std::span<const double> diagonal,
                                  MPI_Comm comm) const override {
    std::vector<double> scaled(scale.begin(), scale.end());
    for (double& s : scaled) s *= std::sqrt(f_);
    return assemble_laplacian(*problem_, *costs_, scaled, diagonal, comm);
  }

 private:
  const BalanceProblem* problem_;
  const NeuronCosts* costs_;
  double f_;
  std::vector<double> diagonal_;
};

}  // namespace

bool flow_preconditioner_named() { return user_chose_preconditioner(kPrefix); }

void refuse_if_too_many_entries(const BalanceProblem& problem) {
  if (!exceeds_petsc_int(problem)) return;
  throw bad_input(
      "too many synapses on a rank for an assembled matrix with 32-bit indices (-flow_pc_type wants one): use more "
      "ranks, build the petsc64 preset, or leave the option out");
}

std::unique_ptr<BlockPreconditioner> flow_preconditioner(const BalanceProblem& problem, const NeuronCosts& costs,
                                                         double f, Preconditioner kind) {
  const ImplicitMatrix matrix(problem, costs, f);
  auto made = std::make_unique<PetscPreconditioner>(matrix, kPrefix, kind);
  return made->set_up() ? std::move(made) : nullptr;
}

}  // namespace synbal
