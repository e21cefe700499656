// The linear flow around a point, through the same kernel as the full one.
#include "synbal/flow/heat.hpp"

#include <algorithm>
#include <array>
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
      h0_(h0.begin(), h0.end()),
      g0_(h0.size()),
      difference_(h0.size()) {
  const auto costs = costs_at_start();
  ::synbal::gradient(problem, costs, g0_);
  const double unit = problem.cost_unit();
  for (double& g : g0_) g *= unit;
  components.center(g0_);
  for (LocalIndex i = 0; i < size(); ++i) {
    const double k = problem.exponent(i);
    diagonal_.push_back(problem.power() * unit * (costs.in[at(i)] + k * k * costs.out[at(i)]));
  }
}

/// Collective. One pass.
NeuronCosts HeatFlow::costs_at_start() const {
  auto delta = h0_;
  for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= problem_->base()[i];
  NeuronCosts costs;
  evaluate(*problem_, *kernel_, delta, costs);
  return costs;
}

// The factors by which costs at h0 differ from the problem's, which may have moved since.
void HeatFlow::follow_base() {
  const auto base = problem_->base();
  unit_ = problem_->cost_unit();
  if (pre_.size() == base.size() && std::equal(base.begin(), base.end(), base_.begin())) return;
  base_.assign(base.begin(), base.end());
  pre_.resize(base.size()), post_.resize(base.size());
  for (std::size_t i = 0; i < base.size(); ++i) {
    const double delta = problem_->power() * (h0_[i] - base[i]);
    pre_[i] = std::exp(problem_->exponent(static_cast<LocalIndex>(i)) * delta);
    post_[i] = std::exp(-delta);
  }
}

bool HeatFlow::derivative(std::span<const double> h, std::span<double> dh) {
  for (std::size_t i = 0; i < h.size(); ++i) difference_[i] = h[i] - h0_[i];
  product(difference_, dh);
  for (std::size_t i = 0; i < dh.size(); ++i) dh[i] = g0_[i] - dh[i];
  if (!all_finite(comm(), dh)) return false;
  components_->center(dh);
  return true;
}

// L = diag(r + k^2 o) - (C K + K C^T), as in the Newton equation.
void HeatFlow::product(std::span<const double> v, std::span<double> product) {
  follow_base();
  const auto k = [&](LocalIndex i) { return problem_->exponent(i); };
  const double scale = problem_->power() * unit_;
  kernel_->run([&](LocalIndex i) { return std::pair(pre_[at(i)] * k(i) * v[at(i)], post_[at(i)] * v[at(i)]); },
               [&](LocalIndex i, double in, double out) {
                 product[at(i)] = diagonal_[at(i)] * v[at(i)] - scale * (post_[at(i)] * in + k(i) * pre_[at(i)] * out);
               });
}

void HeatFlow::diagonal(std::span<double> d) const { std::copy(diagonal_.begin(), diagonal_.end(), d.begin()); }

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

HeatCompanion::HeatCompanion(HeatFlow& flow, double time, const IntegratorParams& params)
    : flow_(&flow), companion_(flow, time, flow.start(), params) {}

HeatDifference HeatCompanion::compare(double time, std::span<const double> h) {
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  if (!companion_.advance(time)) return {undefined, undefined, undefined};
  double linf = 0;
  std::array<double, 2> squares{};  // of h - h_heat, of h - h0
  for (std::size_t i = 0; i < h.size(); ++i) {
    const double off = h[i] - companion_.state()[i], way = h[i] - flow_->start()[i];
    linf = std::max(linf, std::abs(off));
    squares[0] += off * off;
    squares[1] += way * way;
  }
  flow_->comm().sum(std::span<double>(squares));
  const double l2 = std::sqrt(squares[0]), way = std::sqrt(squares[1]);
  return {l2, flow_->comm().max(linf), way > 0 ? l2 / way : 0.0};
}

}  // namespace synbal
