// Limits, history, forecast.
#include "synbal/balance/run_frame.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace synbal {

double largest_exponent(const BalanceProblem& problem, std::span<const double> delta) {
  double largest = 0;
  for (std::size_t i = 0; i < delta.size(); ++i) {
    const double k = std::max(1.0, problem.exponent(static_cast<LocalIndex>(i)));
    largest = std::max(largest, problem.power() * k * std::abs(delta[i]));
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

RunFrame::RunFrame(const Comm& comm, std::string method, const StopCriteria& stop, std::int64_t iterations,
                   const ProgressCallback& report)
    : comm_(&comm), stop_(&stop), limit_(stop.max_iterations > 0 ? stop.max_iterations : iterations), report_(&report) {
  result.method = std::move(method);
}

void RunFrame::record(std::int64_t iteration, double cost, double l1) {
  auto& history = result.history;
  if (!history.empty() && history.back().iteration == iteration) history.pop_back();
  history.push_back({iteration, cost, l1, timer_.seconds()});
  if (*report_) (*report_)(history.back());
}

bool RunFrame::out_of_limits(std::int64_t iterations) {
  if (iterations >= limit_) result.reason = StopReason::iteration_limit;
  const bool late = stop_->max_seconds > 0 && comm_->any(timer_.seconds() > stop_->max_seconds);
  if (late) result.reason = StopReason::walltime;
  return late || iterations >= limit_;
}

}  // namespace synbal
