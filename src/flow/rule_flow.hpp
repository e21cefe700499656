// The Lax flow of any local rule in its scaling variables: h' = g(h).
#pragma once

#include <memory>

#include "flow/dynamics.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

/// State: h of the problem's active neurons, in its order. Costs are recomputed from the weights' logarithms in every
/// call. Holds 16 bytes a synapse.
class RuleFlow final : public Dynamics {
 public:
  /// Collective. `network` and `components` are those of the problem; problem and component sums must outlive the flow,
  /// whose base it neither uses nor moves.
  /// @throws Error bad_input for exponents other than 1 with a rule that does not say what they mean.
  RuleFlow(const BalanceProblem& problem, const Network& network, const Components& components,
           const ComponentSums& sums, LocalRule rule);
  ~RuleFlow() override;

  [[nodiscard]] const Comm& comm() const override;
  [[nodiscard]] LocalIndex size() const override;
  bool derivative(std::span<const double> h, std::span<double> dh) override;
  [[nodiscard]] bool symmetric() const override;
  void product(std::span<const double> v, std::span<double> product) override;
  void diagonal(std::span<double> d) const override;
  void project(std::span<double> difference) const override;

  [[nodiscard]] const LocalRule& rule() const noexcept;
  /// [n] What came in and went out, combined, at the h of the last derivative().
  [[nodiscard]] std::span<const double> in() const noexcept;
  [[nodiscard]] std::span<const double> out() const noexcept;
  /// Collective. max |g_i - mean of g over i's component| (|g_i| in the one with pinned neurons): 0 at rest.
  [[nodiscard]] double largest_gradient(std::span<const double> g) const;
  /// Collective. What of that rounding explains: the change of g when everything that comes in or goes out changes by a
  /// few eps.
  [[nodiscard]] double rounding() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
