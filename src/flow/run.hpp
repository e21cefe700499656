// The loop of a run, for the flow of the cost and for those of rules: step, measure, record, decide.
#pragma once

#include <memory>
#include <span>

#include "flow/cost_flow.hpp"
#include "flow/rule_flow.hpp"
#include "synbal/flow/flow.hpp"

namespace synbal {

inline constexpr const char* kFlowPart = "flow";  ///< of the state that a keeper keeps

/// What a state costs, and how far it is from rest.
struct FlowFigures {
  double cost = 0;  ///< user's unit
  Imbalance imbalance;
  double gradient_norm = 0;  ///< |g|_2, user's unit
};

/// Dynamics that a run looks at. Everything is Collective and the same on all ranks.
class FlowSystem {
 public:
  FlowSystem() = default;
  FlowSystem(const FlowSystem&) = delete;
  FlowSystem& operator=(const FlowSystem&) = delete;
  virtual ~FlowSystem() = default;

  [[nodiscard]] virtual Dynamics& dynamics() = 0;
  [[nodiscard]] virtual BalanceProblem& problem() = 0;
  [[nodiscard]] virtual FusedKernel& kernel() = 0;

  /// Before a run that rests at this tolerance.
  virtual void begin(double tolerance) = 0;
  /// Takes a state by one evaluation of its rate. @return false when that is not finite.
  virtual bool place(std::span<const double> h) = 0;
  /// Of the state that was placed: the logarithm of how many times farther from rest it is than the tolerance allows,
  /// so that the passage through 0 is easy to find.
  [[nodiscard]] virtual double excess() const = 0;
  /// Of the state that was placed, `h`.
  [[nodiscard]] virtual FlowFigures figures(std::span<const double> h) = 0;
  /// Costs at the state of which the figures were asked last.
  [[nodiscard]] virtual const NeuronCosts& costs() const = 0;
  /// See Flow::fastest_rate(), of the state that was placed.
  [[nodiscard]] virtual double fastest_rate() const = 0;
  /// True where the imbalance says how far h has to go.
  [[nodiscard]] virtual bool falls_with_imbalance() const = 0;
  /// Why a run cannot start where place() fails.
  [[nodiscard]] virtual const char* out_of_range() const = 0;
};

/// Both flows must outlive the system.
[[nodiscard]] std::unique_ptr<FlowSystem> system_of(CostFlow& flow, BalanceProblem& problem);
[[nodiscard]] std::unique_ptr<FlowSystem> system_of(RuleFlow& flow, BalanceProblem& problem, FusedKernel& kernel);

/// Collective. See Flow.
FlowResult run_flow(FlowSystem& system, std::span<const double> h, const FlowParams& params,
                    const FlowObserver& observer = {});

}  // namespace synbal
