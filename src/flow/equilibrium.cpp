// The flow as a way to the equilibrium.
#include <limits>
#include <utility>
#include <vector>

#include "synbal/core/log.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/flow/flow.hpp"

namespace synbal {

namespace {

constexpr double kRounding = 1e-12;  // l1 below which a flow that does not fall any more is limited by rounding
constexpr int kPatience = 15;        // steps in which it then has to halve
constexpr double kMargin = 0.9;      // of the tolerance: the point that is judged is computed anew
constexpr std::int64_t kDefaultSteps = 100'000;

/// Notices when the imbalance does not fall any more, and keeps the best state: steps go on growing at rest, until they
/// amplify rounding.
class FallWatch {
 public:
  void see(double l1, std::span<const double> h) {
    ++since_;
    if (l1 > 0.5 * best_) return;
    best_ = l1, since_ = 0;
    if (l1 <= kRounding) state_.assign(h.begin(), h.end());
  }
  [[nodiscard]] bool stalled() const { return best_ <= kRounding && since_ > kPatience; }
  [[nodiscard]] const std::vector<double>& best() const noexcept { return state_; }

 private:
  double best_ = std::numeric_limits<double>::infinity();
  int since_ = 0;
  std::vector<double> state_;
};

StopReason reason_of(FlowEnd end) {
  switch (end) {
    case FlowEnd::equilibrium:
      return StopReason::converged;
    case FlowEnd::step_limit:
      return StopReason::iteration_limit;
    case FlowEnd::walltime:
      return StopReason::walltime;
    default:
      return StopReason::stagnated;
  }
}

/// One stretch of the flow, from h to a smaller imbalance.
SolverResult flow_on(CostFlow& flow, std::vector<double>& h, const StopCriteria& stop,
                     const IntegratorParams& integrator, const ProgressCallback& report) {
  const Timer timer;
  SolverResult result;
  FallWatch watch;
  FlowParams params;
  params.integrator = integrator;
  params.integrator.max_steps = stop.max_iterations > 0 ? stop.max_iterations : kDefaultSteps;
  params.resolve_end = false;
  params.tolerance = kMargin * stop.tolerance;
  params.max_seconds = stop.max_seconds;
  params.interrupted = [&] { return watch.stalled(); };
  auto found = run_flow(flow, h, params, [&](const FlowMoment& moment) {
    watch.see(moment.imbalance.l1, moment.h);
    result.history.push_back({moment.statistics.steps, moment.cost, moment.imbalance.l1, timer.seconds()});
    if (report) report(result.history.back());
  });
  if (found.end == FlowEnd::failed) log_warning("flow: {}", found.message);
  h = watch.stalled() ? watch.best() : std::move(found.h);
  result.reason = reason_of(found.end);
  result.iterations = found.statistics.steps;
  result.krylov_iterations = found.statistics.krylov_iterations;
  result.matrix_passes = found.matrix_passes;
  return result;
}

}  // namespace

Equilibrium balance_by_flow(BalanceProblem& problem, const StopCriteria& stop, const IntegratorParams& integrator,
                            const ProgressCallback& report) {
  FusedKernel kernel(problem);
  const ComponentSums components(problem);
  CostFlow flow(problem, kernel, components);
  std::int64_t before = 0;  // steps of earlier stretches
  return balance_by(problem, kernel, stop, "flow", [&](std::vector<double>& h, const StopCriteria& aim) {
    const auto continued = [&](SolverProgress progress) {
      progress.iteration += before;
      if (report) report(progress);
    };
    auto result = flow_on(flow, h, aim, integrator, continued);
    before += result.iterations;
    return result;
  });
}

}  // namespace synbal
