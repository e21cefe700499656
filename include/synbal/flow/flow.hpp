// A run of the Lax flow: integrate, record at the output times, stop at equilibrium.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "synbal/balance/balance.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/flow/cost_flow.hpp"
#include "synbal/flow/integrator.hpp"
#include "synbal/flow/output_times.hpp"

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
[[nodiscard]] const char* to_string(FlowEnd end) noexcept;

struct FlowParams {
  IntegratorParams integrator;
  double start_time = 0;
  double end_time = std::numeric_limits<double>::infinity();
  double tolerance = 1e-10;  ///< on l1_relative; the flow stops there
  bool stop_at_equilibrium = true;
  bool resolve_end =
      true;  ///< follow the last decades of the imbalance, too: for times, not for the equilibrium itself
  OutputTimes outputs = OutputTimes::listed({});
  double max_seconds = 0;             ///< 0: no limit
  std::function<bool()> interrupted;  ///< this rank was asked to stop; agreed upon at every step
};

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

/// Collective. From `h` ([n]) until something of the above ends it. The event function of the integrator is the
/// monitor: one pass per step gives cost and imbalance at the accepted state and finds the time at which the imbalance
/// falls below the tolerance. The errors that the integrator's tolerances allow would blur that time by far (h is then
/// nearer to its limit than they are), so near the end errors are held to a share of what is left: some 10 % more
/// steps.
FlowResult run_flow(CostFlow& flow, std::span<const double> h, const FlowParams& params,
                    const FlowObserver& observer = {});

/// The method `flow` of balance: the same Equilibrium as balance() gives, reached by the flow; where the Newton step
/// that is left exceeds the step tolerance, the flow goes on to a smaller imbalance. Collective.
Equilibrium balance_by_flow(BalanceProblem& problem, const StopCriteria& stop, const IntegratorParams& integrator,
                            const ProgressCallback& report = {});

}  // namespace synbal
