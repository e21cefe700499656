// Flows and their runs; the flow as a way to the equilibrium.
#include "synbal/flow/flow.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "flow/run.hpp"
#include "flow/tuning.hpp"
#include "synbal/balance/run_frame.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

struct Flow::Body {
  std::unique_ptr<CostFlow> of_cost;  // one of the two
  std::unique_ptr<RuleFlow> of_rule;
  std::unique_ptr<FlowSystem> system;
};

Flow::Flow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : body_(std::make_unique<Body>()) {
  body_->of_cost = std::make_unique<CostFlow>(problem, kernel, components);
  body_->system = system_of(*body_->of_cost, problem);
}

Flow::Flow(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& sums, const Network& network,
           const Components& components, LocalRule rule)
    : body_(std::make_unique<Body>()) {
  body_->of_rule = std::make_unique<RuleFlow>(problem, network, components, sums, std::move(rule));
  body_->system = system_of(*body_->of_rule, problem, kernel);
}

Flow::~Flow() = default;

double Flow::fastest_rate(std::span<const double> h) {
  body_->system->dynamics().settle(h);
  body_->system->place(h);
  const double rate = body_->system->fastest_rate();
  return std::isfinite(rate) ? rate : 0.0;
}

FlowResult Flow::operator()(std::span<const double> h, const FlowParams& params, const FlowObserver& observer) {
  return run_flow(*body_->system, h, params, observer);
}

namespace {

/// Notices when the imbalance does not fall any more, and keeps the best state: steps go on growing at rest, until they
/// amplify rounding.
class FallWatch {
 public:
  void see(double l1, std::span<const double> h) {
    ++since_;
    if (l1 > 0.5 * best_) return;
    best_ = l1, since_ = 0;
    if (l1 <= tuning::kFlowRounding) state_.assign(h.begin(), h.end());
  }
  [[nodiscard]] bool stalled() const { return best_ <= tuning::kFlowRounding && since_ > tuning::kPatienceInSteps; }
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
    case FlowEnd::end_time:
    case FlowEnd::interrupted:  // by the watch
    case FlowEnd::failed:
      break;
  }
  return StopReason::stagnated;
}

/// One stretch of the flow, from h to a smaller imbalance.
SolverResult flow_on(const Comm& comm, Flow& flow, std::vector<double>& h, const StopCriteria& stop,
                     const IntegratorParams& integrator, const ProgressCallback& report) {
  RunFrame frame(comm, "flow", stop, tuning::kDefaultSteps, report);
  FallWatch watch;
  if (const auto part = taken_part(stop, kFlowPart)) {
    frame.go_on_from(*part);
    h.assign(stop.keeper->start().begin(), stop.keeper->start().end());
  }
  auto now = h;
  const KeptPart kept(
      stop.keeper, kFlowPart, [&](RunPart& part) { frame.tell(part); }, [&] { return now; });
  auto keeping = stop;
  keeping.max_seconds = 0;  // the flow itself sees to that
  FlowParams params;
  params.integrator = integrator;
  params.integrator.max_steps = std::max<std::int64_t>(1, frame.limit() - frame.result.iterations);
  params.resolve_end = false;
  params.tolerance = tuning::kMargin * stop.tolerance;
  params.max_seconds = stop.max_seconds;
  params.interrupted = [&] { return watch.stalled(); };
  const std::int64_t before = frame.result.iterations;
  auto found = flow(h, params, [&](const FlowMoment& moment) {
    watch.see(moment.imbalance.l1, moment.h);
    frame.record(before + moment.statistics.steps, moment.cost, moment.imbalance.l1);
    frame.result.iterations = before + moment.statistics.steps;
    now.assign(moment.h.begin(), moment.h.end());
    heard(comm, keeping, 0);
  });
  if (found.end == FlowEnd::failed) log_warning("flow: {}", found.message);
  h = watch.stalled() ? watch.best() : std::move(found.h);
  frame.result.reason = reason_of(found.end);
  if (found.end == FlowEnd::walltime && stop.keeper != nullptr) stop.keeper->keep(Wish::late);
  frame.result.iterations = before + found.statistics.steps;
  frame.result.krylov_iterations = found.statistics.krylov_iterations;
  frame.result.matrix_passes = found.matrix_passes;
  return std::move(frame.result);
}

}  // namespace

Equilibrium balance_by_flow(BalanceProblem& problem, const StopCriteria& stop, const IntegratorParams& integrator,
                            const ProgressCallback& report) {
  FusedKernel kernel(problem);
  const ComponentSums components(problem);
  Flow flow(problem, kernel, components);
  std::int64_t before = 0;  // steps of earlier stretches
  const auto solve = [&](std::vector<double>& h, const StopCriteria& aim) {
    const auto continued = [&](SolverProgress progress) {
      progress.iteration += before;
      if (report) report(progress);
    };
    auto result = flow_on(problem.comm(), flow, h, aim, integrator, continued);
    before += result.iterations;
    return result;
  };
  return balance_by(problem, kernel, stop, "flow", solve, {.often = true});
}

}  // namespace synbal
