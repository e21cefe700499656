// The right-hand side of the Lax flow and its linearisation, from the fused kernel.
#include "synbal/flow/cost_flow.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "flow/laplacian_preconditioner.hpp"
#include "synbal/balance/hessian.hpp"

namespace synbal {

namespace {
constexpr double kRebaseExponent = 20;    // of e^{p k delta}: beyond, the accepted state becomes the base
constexpr double kLargestExponent = 150;  // below, no cost leaves the range of doubles whatever the base holds
}  // namespace

CostFlow::CostFlow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : problem_(&problem), kernel_(&kernel), components_(&components), delta_(at(problem.size())) {
  if (flow_preconditioner_named()) asked_ = Preconditioner::multigrid;
}

// One pass (an exchange there and back), one reduction, and one exchange of component sums. The total cost carries the
// agreement on failure: a state too far from the base is passed on as NaN, which turns up in the sum on every rank.
bool CostFlow::derivative(std::span<const double> h, std::span<double> dh) {
  const auto base = problem_->base();
  const double limit = kLargestExponent / problem_->power();
  for (LocalIndex i = 0; i < size(); ++i) {
    const double delta = h[at(i)] - base[at(i)];
    const bool near = std::max(1.0, problem_->exponent(i)) * std::abs(delta) <= limit;
    delta_[at(i)] = near ? delta : std::numeric_limits<double>::quiet_NaN();
  }
  evaluate(*problem_, *kernel_, delta_, costs_);
  const double unit = problem_->cost_unit();
  if (!std::isfinite(costs_.total * unit)) return false;
  gradient(*problem_, costs_, dh);
  for (double& x : dh) x *= unit;
  components_->center(dh);
  return true;
}

// A = p L, L = diag(r + k^2 o) - (C K + K C^T)
void CostFlow::product(std::span<const double> v, std::span<double> product) {
  const double scale = problem_->power() * problem_->cost_unit();
  const auto k = [&](LocalIndex i) { return problem_->exponent(i); };
  kernel_->run(
      [&](LocalIndex i) { return std::pair(costs_.pre[at(i)] * k(i) * v[at(i)], costs_.post[at(i)] * v[at(i)]); },
      [&](LocalIndex i, double in, double out) {
        const double own = costs_.in[at(i)] + k(i) * k(i) * costs_.out[at(i)];
        product[at(i)] = scale * (own * v[at(i)] - costs_.post[at(i)] * in - k(i) * costs_.pre[at(i)] * out);
      });
}

void CostFlow::diagonal(std::span<double> d) const {
  const double scale = problem_->power() * problem_->cost_unit();
  for (LocalIndex i = 0; i < size(); ++i) {
    const double k = problem_->exponent(i);
    d[at(i)] = scale * (costs_.in[at(i)] + k * k * costs_.out[at(i)]);
  }
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
  if (asked_) refuse_if_too_many_entries(*problem_);
  return flow_preconditioner(*problem_, costs_, gamma * problem_->power() * problem_->cost_unit(), kind);
}

void CostFlow::settle(std::span<const double> h) {
  const auto base = problem_->base();
  double largest = 0;
  for (LocalIndex i = 0; i < size(); ++i) {
    largest = std::max(largest, std::max(1.0, problem_->exponent(i)) * std::abs(h[at(i)] - base[at(i)]));
  }
  if (problem_->comm().max(problem_->power() * largest) > kRebaseExponent) problem_->rebase(h);
}

}  // namespace synbal
