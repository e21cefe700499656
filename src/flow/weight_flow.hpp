// The Lax flow integrated on the weights themselves, to validate the form in h.
#pragma once

#include <memory>
#include <vector>

#include "flow/dynamics.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/flow/local_rule.hpp"

namespace synbal {

/// J_ij' = J_ij (k_j g_j - g_i) (Stock et al. 2022, eq. 18). State: this rank's weights that change, i.e. those with an
/// active neuron at either end and no self-loop, in the network's order; those between components change too, but drive
/// nothing. Nothing but the integrator's tolerance keeps such a state on the task-preserving manifold: for small and
/// middle-sized networks. An absolute tolerance counts in units of weight.
class WeightFlow final : public Dynamics {
 public:
  /// Collective. `network` and `components` are those of the problem. All three must outlive the flow.
  /// @throws Error bad_input as RuleFlow.
  WeightFlow(const BalanceProblem& problem, const Network& network, const Components& components, LocalRule rule);
  ~WeightFlow() override;

  [[nodiscard]] const Comm& comm() const override;
  [[nodiscard]] LocalIndex size() const override;
  bool derivative(std::span<const double> weights, std::span<double> dw) override;

  /// [size()] Entry of the network that each state value is.
  [[nodiscard]] std::span<const std::int64_t> entry() const noexcept;
  /// [size()] The weights of the network.
  [[nodiscard]] std::vector<double> initial() const;
  /// Collective. [size()] J_ij e^{k_j h_j - h_i} for the active neurons' h.
  [[nodiscard]] std::vector<double> scaled(std::span<const double> h) const;
  /// A copy of the network with these weights.
  [[nodiscard]] Network network_with(std::span<const double> weights) const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
