// The linear flow around a point, through the same kernel as the full one.
#include "flow/heat_flow.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/balance/newton.hpp"

namespace synbal {

namespace {

bool all_finite(const Comm& comm, std::span<const double> values) {
  return !comm.any(!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }));
}

}  // namespace

HeatFlow::HeatFlow(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                   std::span<const double> h0)
    : problem_(&problem),
      kernel_(&kernel),
      components_(&components),
      hessian_(problem, kernel),
      h0_(h0.begin(), h0.end()),
      g0_(h0.size()),
      base_(problem.base().begin(), problem.base().end()),
      unit_(problem.cost_unit()),
      costs_(costs_at_start()),
      difference_(h0.size()) {
  ::synbal::gradient(problem, costs_, g0_);
  for (double& g : g0_) g *= unit_;
  components.center(g0_);
  hessian_.set_point(costs_);
}

/// Collective. One pass.
NeuronCosts HeatFlow::costs_at_start() const {
  auto delta = h0_;
  for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= problem_->base()[i];
  NeuronCosts costs;
  evaluate(*problem_, *kernel_, delta, costs);
  return costs;
}

// The base may have moved since: other factors, and another unit (a power of two), make the same costs.
void HeatFlow::follow_base() {
  const auto base = problem_->base();
  if (std::equal(base.begin(), base.end(), base_.begin())) return;
  base_.assign(base.begin(), base.end());
  const double ratio = unit_ / problem_->cost_unit();
  unit_ = problem_->cost_unit();
  for (std::size_t i = 0; i < base.size(); ++i) {
    const double delta = problem_->power() * (h0_[i] - base[i]);
    costs_.pre[i] = std::exp(problem_->exponent(static_cast<LocalIndex>(i)) * delta);
    costs_.post[i] = std::exp(-delta);
    costs_.in[i] *= ratio, costs_.out[i] *= ratio;
  }
  hessian_.set_point(costs_);
}

bool HeatFlow::derivative(std::span<const double> h, std::span<double> dh) {
  for (std::size_t i = 0; i < h.size(); ++i) difference_[i] = h[i] - h0_[i];
  product(difference_, dh);
  for (std::size_t i = 0; i < dh.size(); ++i) dh[i] = g0_[i] - dh[i];
  if (!all_finite(comm(), dh)) return false;
  components_->center(dh);
  return true;
}

void HeatFlow::product(std::span<const double> v, std::span<double> product) {
  follow_base();
  hessian_.apply(v, product);
  for (double& x : product) x *= rate();
}

void HeatFlow::diagonal(std::span<double> d) const {
  std::transform(hessian_.diagonal().begin(), hessian_.diagonal().end(), d.begin(),
                 [&](double x) { return rate() * x; });
}

void HeatFlow::project(std::span<double> difference) const { components_->center(difference); }

std::vector<double> HeatFlow::equilibrium(double tolerance) const {
  auto h = h0_;
  if (problem_->global_size() == 0) return h;
  const auto costs = costs_at_start();
  NewtonEquation equation(*problem_, *kernel_, *components_);
  const auto phi = equation.solve(costs, tolerance);
  const double step = equation.solved() ? 1 / problem_->power() : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < h.size(); ++i) h[i] += step * phi[i];
  return h;
}

}  // namespace synbal
