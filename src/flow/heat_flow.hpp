// The heat-equation approximation of the flow: L frozen at a point (Stock et al. 2022, eq. 37-40).
#pragma once

#include <vector>

#include "flow/dynamics.hpp"
#include "synbal/balance/costs.hpp"
#include "synbal/balance/hessian_action.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

/// h' = g0 - p L (h - h0), so that g(t) = exp(-pLt) g0 and h(t) = h0 + sum (p lambda)^-1 (1 - e^{-p lambda t}) v v^T g0
/// (eq. 38, 39); g0 and L at h0. Works with pinned neurons and exponents, where L is regular. The costs at h0 are taken
/// from the problem's at its present base, so a flow may move the base of the same problem in the meantime, by up to
/// 300/p; beyond that factors leave the range of doubles and derivative() says so.
/// Not a client of spectral/heat: that one needs a graph, which homogeneity exponents do not give, holds a matrix more,
/// and computes every time anew, where this one goes along with a trajectory through the kernel that is there.
class HeatFlow final : public Dynamics {
 public:
  /// Collective. All three must outlive the flow; h0 has problem.size() values. One pass.
  HeatFlow(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
           std::span<const double> h0);

  [[nodiscard]] const Comm& comm() const override { return problem_->comm(); }
  [[nodiscard]] LocalIndex size() const override { return problem_->size(); }
  bool derivative(std::span<const double> h, std::span<double> dh) override;
  [[nodiscard]] bool symmetric() const override { return true; }
  /// p L v: the same at every h.
  void product(std::span<const double> v, std::span<double> product) override;
  void diagonal(std::span<double> d) const override;
  void project(std::span<double> difference) const override;

  [[nodiscard]] std::span<const double> start() const noexcept { return h0_; }
  /// [n] g0, in the user's unit.
  [[nodiscard]] std::span<const double> gradient() const noexcept { return g0_; }
  /// Collective. [n] Where the approximation ends: h0 + L^+ g0 / p (eq. 40), the residual of the solve below
  /// `tolerance`. NaN when no solver gets anywhere.
  [[nodiscard]] std::vector<double> equilibrium(double tolerance = 1e-10) const;

 private:
  [[nodiscard]] NeuronCosts costs_at_start() const;
  void follow_base();
  /// A = rate() L.
  [[nodiscard]] double rate() const noexcept { return problem_->power() * unit_; }

  const BalanceProblem* problem_;
  FusedKernel* kernel_;
  const ComponentSums* components_;
  HessianAction hessian_;  // at h0
  std::vector<double> h0_, g0_;
  std::vector<double> base_;  // of the problem, to which unit and factors of the costs belong
  double unit_;
  NeuronCosts costs_;  // at h0
  std::vector<double> difference_;
};

}  // namespace synbal
