// Limits, history, forecast.
#include "synbal/balance/run_frame.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace synbal {

double largest_exponent(const BalanceProblem& problem, std::span<const double> delta) {
  double largest = 0;
  for (std::size_t i = 0; i < delta.size(); ++i) {
    largest = std::max(largest, problem.steepness(static_cast<LocalIndex>(i)) * std::abs(delta[i]));
  }
  return problem.comm().max(largest);
}

// Rates may fall by a tenth a period: one short step does not promise that all later ones are.
bool ConvergenceForecast::update(double step, double l1) {
  step_ = std::max(step_, step);
  l1_ = std::max(l1_, l1);
  if (++iterations_ < period_) return false;
  if (previous_ > 0) rate_ = std::clamp(step_ / previous_, 0.9 * rate_, 0.999999);
  remaining_ = static_cast<double>(period_) * step_ * rate_ / (1 - rate_);
  previous_ = std::exchange(step_, 0);
  met_ = std::exchange(l1_, 0);
  iterations_ = 0;
  return true;
}

std::vector<double> ConvergenceForecast::state() const {
  return {static_cast<double>(iterations_), step_, l1_, previous_, rate_, remaining_, met_};
}

void ConvergenceForecast::set_state(std::span<const double> state) {
  if (state.size() != 7) return;
  iterations_ = static_cast<std::int64_t>(state[0]);
  step_ = state[1], l1_ = state[2], previous_ = state[3], rate_ = state[4], remaining_ = state[5], met_ = state[6];
}

RunFrame::RunFrame(const Comm& comm, std::string method, const StopCriteria& stop, std::int64_t iterations,
                   const ProgressCallback& report)
    : comm_(&comm), stop_(&stop), limit_(stop.max_iterations > 0 ? stop.max_iterations : iterations), report_(&report) {
  result.method = std::move(method);
}

void RunFrame::record(std::int64_t iteration, double cost, double l1) {
  auto& history = result.history;
  if (!history.empty() && history.back().iteration == iteration) history.pop_back();
  history.push_back({iteration, cost, l1, seconds()});
  if (*report_) (*report_)(history.back());
}

bool RunFrame::out_of_limits(std::int64_t iterations) {
  if (iterations >= limit_) result.reason = StopReason::iteration_limit;
  const bool late = heard(*comm_, *stop_, timer_.seconds()) == Wish::late;
  if (late) result.reason = StopReason::walltime;
  return late || iterations >= limit_;
}

void RunFrame::tell(RunPart& part) const {
  put_result(part, result);
  part.put("seconds", seconds());
}

void RunFrame::go_on_from(const RunPart& part) {
  take_result(part, result);
  earlier_ = part.number("seconds");
}

void append(SolverResult& first, SolverResult&& second) {
  const auto seconds = first.history.empty() ? 0.0 : first.history.back().seconds;
  for (auto& entry : second.history) {
    if (entry.iteration == 0 && !first.history.empty()) continue;  // where the first one ended
    entry.iteration += first.iterations;
    entry.seconds += seconds;
    first.history.push_back(entry);
  }
  first.reason = second.reason;
  first.iterations += second.iterations;
  first.sweeps += second.sweeps;
  first.newton_steps += second.newton_steps;
  first.krylov_iterations += second.krylov_iterations;
  first.matrix_passes += second.matrix_passes;
  first.newton_step_inf = second.newton_step_inf;
  first.cuts = second.cuts;
}

}  // namespace synbal
