// Repeats sweeps until balanced, with exact checks only when the sweep's own view says that it is worth one.
#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/balance/iterate.hpp"
#include "synbal/balance/sweep.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kDefaultSweeps = 1'000'000;
const double kLargestFactor = std::exp(50.0);  // of s and t, then the base moves
constexpr double kRounding = 1e-14;            // l1 that sweeps cannot improve
constexpr double kNear = 4;                    // what neurons meet during a sweep exceeds l1 at its end by about this

/// How far the sweeps still have to go in h, from how their steps shrink: the tail of a geometric series.
class Tail {
 public:
  double update(double step) {
    if (previous_ > 0) rate_ = std::clamp(step / previous_, 0.9 * rate_, 0.999999);
    previous_ = step;
    return step * rate_ / (1 - rate_);
  }

 private:
  double previous_ = 0;
  double rate_ = 0.5;
};

}  // namespace

struct SweepSolver::Run {
  Run(SweepSolver& s, std::span<const double> h, const ProgressCallback& r)
      : problem(*s.problem_), params(s.params_), report(r), iterate(problem, *s.kernel_, h) {
    result.method = "sweep";
  }

  /// The exact figures of a check replace what the sweep itself saw.
  void record(double cost, double l1) {
    auto& history = result.history;
    if (!history.empty() && history.back().iteration == result.sweeps) history.pop_back();
    history.push_back({result.sweeps, cost * problem.cost_unit(), l1, timer.seconds()});
    if (report) report(result.history.back());
  }

  double check() {
    const double l1 = imbalance(problem, iterate.costs()).l1;
    record(iterate.costs().total, l1);
    return l1;
  }

  [[nodiscard]] bool out_of_limits() {
    const auto limit = params.stop.max_iterations > 0 ? params.stop.max_iterations : kDefaultSweeps;
    if (result.sweeps >= limit) result.reason = StopReason::iteration_limit;
    const bool late = params.stop.max_seconds > 0 && problem.comm().any(timer.seconds() > params.stop.max_seconds);
    if (late) result.reason = StopReason::walltime;
    return late || result.sweeps >= limit;
  }

  /// Exact costs at the place the sweeps have come to.
  double arrive(Sweeper& sweeper) {
    iterate.place(sweeper.delta());
    sweeper.start(iterate.delta());
    return check();
  }

  void sweep_until_done() {
    Sweeper sweeper(problem, params.seed);
    result.matrix_passes += sweeper.coloring_rounds();
    sweeper.start(iterate.delta());
    Tail tail;
    std::int64_t next_check = 0;
    while (!out_of_limits()) {
      const auto view = sweeper.sweep();
      ++result.sweeps;
      const double remaining = tail.update(view.max_step);
      const bool small_step = remaining <= params.stop.step_tolerance || view.l1 <= kRounding;
      const bool close = result.sweeps >= next_check && view.l1 <= kNear * params.stop.tolerance && small_step;
      if (!close && view.largest_factor < kLargestFactor) {
        record(view.cost, view.l1);
        continue;
      }
      const double l1 = arrive(sweeper);
      if (close && l1 <= params.stop.tolerance) return;
      if (close) next_check = result.sweeps + 1 + result.sweeps / 10;
    }
    arrive(sweeper);
  }

  BalanceProblem& problem;
  const SweepParams& params;
  const ProgressCallback& report;
  Timer timer;
  Iterate iterate;
  SolverResult result;
};

SolverResult SweepSolver::operator()(std::vector<double>& h, const ProgressCallback& report) {
  const auto passes = kernel_->passes();
  Run run(*this, h, report);
  if (run.check() > 0) run.sweep_until_done();
  h = run.iterate.h();
  run.result.iterations = run.result.sweeps;
  run.result.matrix_passes += run.result.sweeps + kernel_->passes() - passes;
  return std::move(run.result);
}

}  // namespace synbal
