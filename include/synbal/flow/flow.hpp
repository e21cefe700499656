// A run of the Lax flow: integrate, record at the output times, stop at equilibrium.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "synbal/balance/balance.hpp"
#include "synbal/core/enum_names.hpp"
#include "synbal/flow/flow_params.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Why a flow ended.
enum class FlowEnd {
  equilibrium,  ///< imbalance below the tolerance
  end_time,
  step_limit,
  walltime,
  interrupted,  ///< a signal asked for it
  failed        ///< the tolerances cannot be met: see FlowResult::message
};
template <>
inline constexpr auto enum_names<FlowEnd> = std::to_array<EnumName<FlowEnd>>({
    {FlowEnd::equilibrium, "equilibrium reached"},
    {FlowEnd::end_time, "end time reached"},
    {FlowEnd::step_limit, "step limit reached"},
    {FlowEnd::walltime, "walltime reached"},
    {FlowEnd::interrupted, "interrupted"},
    {FlowEnd::failed, "failed"},
});

/// A state of the trajectory, in the user's units.
struct FlowMoment {
  double time = 0;
  std::span<const double> h;           ///< [n] active neurons
  const NeuronCosts* costs = nullptr;  ///< at h, in the problem's cost unit
  double cost = 0;                     ///< user's unit
  Imbalance imbalance;
  double gradient_norm = 0;  ///< |g|_2, user's unit
  IntegratorStatistics statistics;
  bool output = false;  ///< an output time, the start or the end; else just a step
};
/// Called on every rank, Collective, for the start, every step taken (output = false) and every output time.
using FlowObserver = std::function<void(const FlowMoment&)>;

struct FlowResult {
  FlowEnd end = FlowEnd::equilibrium;
  std::string message;                      ///< for FlowEnd::failed
  double time = 0;                          ///< where it ended
  std::vector<double> h;                    ///< [n] there
  double initial_cost = 0, final_cost = 0;  ///< user's unit
  Imbalance imbalance;                      ///< at the end
  IntegratorStatistics statistics;
  double largest_cost_increase = 0;  ///< over a step, relative to the cost; what rounding explains included
  std::int64_t matrix_passes = 0;
};

/// h' = g(h) of the active neurons: of the cost (g = in - k out, Stock et al. 2022, eq. 13-20) or of a local rule.
class Flow {
 public:
  /// Collective. Of the cost. All must outlive the flow, which moves the problem's base.
  Flow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components);
  /// Collective. Of a rule. `network` and `components` are those of the problem. Holds 16 bytes a synapse more.
  /// @throws Error bad_input for exponents other than 1 with a rule that does not say what they mean.
  Flow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& sums, const Network& network,
       const Components& components, LocalRule rule);
  ~Flow();
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// Collective. p times the fastest rate at h (of the cost: of its two parts); 0 when it is not finite. About one over
  /// the time in which the fastest neuron moves.
  [[nodiscard]] double fastest_rate(std::span<const double> h);
  /// Collective. From `h` ([n]) until something of FlowEnd ends it. The event function of the integrator is the
  /// monitor: one pass per step tells how far the accepted state is from rest and finds the time at which that falls
  /// below the tolerance. The errors that the integrator's tolerances allow would blur that time by far (h is then
  /// nearer to its limit than they are), so near the end errors are held to a share of what is left: some 10 % more
  /// steps. For a rule, rest is a largest gradient below the tolerance times that of h = 0, or below what rounding
  /// explains; the observer is given costs, cost and imbalance of the cost problem all the same (a pass a step), but
  /// |g|_2 of the rule; largest_cost_increase says how much the cost rose, which no rule but cost balancing excludes.
  FlowResult operator()(std::span<const double> h, const FlowParams& params, const FlowObserver& observer = {});

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// The method `flow` of balance: the same Equilibrium as balance() gives, reached by the flow; where the Newton step
/// that is left exceeds the step tolerance, the flow goes on to a smaller imbalance. Collective.
Equilibrium balance_by_flow(BalanceProblem& problem, const StopCriteria& stop, const IntegratorParams& integrator,
                            const ProgressCallback& report = {});

}  // namespace synbal
