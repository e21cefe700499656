// The Lax flow of the cost in its scaling variables: h' = g(h).
#pragma once

#include <memory>

#include "flow/dynamics.hpp"
#include "synbal/balance/costs.hpp"
#include "synbal/balance/hessian_action.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

/// h_i' = r_i - k_i o_i, i.e. J' = [J, diag(g)] with gamma p = 1 (Stock et al. 2022, eq. 13-20); f' = -p L (eq. 32).
/// The state is h of the active neurons; costs are recomputed from the weights, so nothing drifts. The mean of the
/// derivative is removed in components without pinned neurons, so that the sum of h stays where it started.
class CostFlow final : public Dynamics {
 public:
  /// Collective. All three must outlive the flow.
  CostFlow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components);

  [[nodiscard]] const Comm& comm() const override { return problem_->comm(); }
  [[nodiscard]] LocalIndex size() const override { return problem_->size(); }
  bool derivative(std::span<const double> h, std::span<double> dh) override;
  [[nodiscard]] bool symmetric() const override { return true; }
  void product(std::span<const double> v, std::span<double> product) override;
  void diagonal(std::span<double> d) const override;
  void project(std::span<double> difference) const override;
  /// Multigrid, or a factorisation of small problems, on the assembled matrix. PETSc options with the prefix `flow_`
  /// (after `--`) choose another, which serves from the start, and tune them: -flow_pc_type hypre, gamg, bjacobi, ...
  /// It has to be symmetric and positive definite.
  [[nodiscard]] std::vector<Preconditioner> preconditioners() const override;
  [[nodiscard]] std::optional<Preconditioner> asked_preconditioner() const override;
  /// @throws Error bad_input when the user asks for one and a rank has more entries than PetscInt counts.
  std::unique_ptr<BlockPreconditioner> make_preconditioner(Preconditioner kind, double gamma) override;
  void settle(std::span<const double> h) override;

  /// Costs at the h of the last derivative().
  [[nodiscard]] const NeuronCosts& costs() const noexcept { return costs_; }
  [[nodiscard]] const BalanceProblem& problem() const noexcept { return *problem_; }
  [[nodiscard]] FusedKernel& kernel() const noexcept { return *kernel_; }
  [[nodiscard]] const ComponentSums& components() const noexcept { return *components_; }

 private:
  /// A = rate() L, from the cost's unit to the user's.
  [[nodiscard]] double rate() const noexcept { return problem_->power() * problem_->cost_unit(); }

  BalanceProblem* problem_;
  FusedKernel* kernel_;
  const ComponentSums* components_;
  HessianAction hessian_;  // at the h of the last derivative()
  std::vector<double> delta_;
  NeuronCosts costs_;
  std::optional<Preconditioner> asked_;
};

}  // namespace synbal
