// The right-hand side of the Lax flow, and I + f L for whatever PETSc makes of it.
#include "flow/cost_flow.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "flow/tuning.hpp"
#include "synbal/balance/hessian.hpp"
#include "synbal/balance/run_frame.hpp"
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

/// Collective.
void refuse_if_too_many_entries(const HessianAction& hessian) {
  if (!exceeds_petsc_int(ImplicitMatrix(hessian, 1))) return;
  throw bad_input(
      "too many synapses on a rank for an assembled matrix with 32-bit indices (-flow_pc_type wants one): use more "
      "ranks, build the petsc64 preset, or leave the option out");
}

}  // namespace

CostFlow::CostFlow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : problem_(&problem),
      kernel_(&kernel),
      components_(&components),
      hessian_(problem, kernel),
      delta_(at(problem.size())) {
  if (user_chose_preconditioner(kPrefix)) asked_ = Preconditioner::multigrid;
}

// One pass (an exchange there and back), one reduction, and one exchange of component sums. The total cost carries the
// agreement on failure: a state too far from the base is passed on as NaN, which turns up in the sum on every rank.
bool CostFlow::derivative(std::span<const double> h, std::span<double> dh) {
  const auto base = problem_->base();
  for (LocalIndex i = 0; i < size(); ++i) {
    const double delta = h[at(i)] - base[at(i)];
    const bool near = problem_->steepness(i) * std::abs(delta) <= tuning::kLargestExponent;
    delta_[at(i)] = near ? delta : std::numeric_limits<double>::quiet_NaN();
  }
  evaluate(*problem_, *kernel_, delta_, costs_);
  hessian_.set_point(costs_);
  const double unit = problem_->cost_unit();
  if (!std::isfinite(costs_.total * unit)) return false;
  gradient(*problem_, costs_, dh);
  for (double& x : dh) x *= unit;
  components_->center(dh);
  return true;
}

void CostFlow::product(std::span<const double> v, std::span<double> product) {
  hessian_.apply(v, product);
  for (double& x : product) x *= rate();
}

void CostFlow::diagonal(std::span<double> d) const {
  std::transform(hessian_.diagonal().begin(), hessian_.diagonal().end(), d.begin(),
                 [&](double x) { return rate() * x; });
}

void CostFlow::project(std::span<double> difference) const { components_->center(difference); }

std::vector<Preconditioner> CostFlow::preconditioners() const {
  const auto n = problem_->global_size();
  if (n <= HessianSolver::kTinyLimit) return {Preconditioner::direct};
  if (n <= HessianSolver::kDirectLimit) return {Preconditioner::multigrid, Preconditioner::direct};
  return {Preconditioner::multigrid};
}

std::optional<Preconditioner> CostFlow::asked_preconditioner() const { return asked_; }

std::unique_ptr<BlockPreconditioner> CostFlow::make_preconditioner(Preconditioner kind, double gamma) {
  if (asked_) refuse_if_too_many_entries(hessian_);
  return petsc_preconditioner(ImplicitMatrix(hessian_, gamma * rate()), kPrefix, kind);
}

void CostFlow::settle(std::span<const double> h) {
  auto delta = std::vector<double>(h.begin(), h.end());
  for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= problem_->base()[i];
  if (largest_exponent(*problem_, delta) > kRebaseExponent) problem_->rebase(h);
}

}  // namespace synbal
