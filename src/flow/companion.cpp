// Stepping beyond the time asked for and looking back.
#include "flow/companion.hpp"

#include <algorithm>
#include <limits>

namespace synbal {

Companion::Companion(Dynamics& dynamics, double time, std::span<const double> y, const IntegratorParams& params)
    : dynamics_(&dynamics),
      params_(params),
      integrator_(std::make_unique<Integrator>(dynamics, time, y, params)),
      state_(y.begin(), y.end()),
      empty_(dynamics.comm().sum(std::int64_t{dynamics.size()}) == 0) {}

bool Companion::advance(double time) {
  if (empty_) return true;
  while (!failed_ && integrator_->time() < time) failed_ = integrator_->step() == StepOutcome::failed;
  if (failed_) {
    std::fill(state_.begin(), state_.end(), std::numeric_limits<double>::quiet_NaN());
  } else if (integrator_->statistics().steps > 0) {
    integrator_->interpolate(time, state_);
  }
  return !failed_;
}

void Companion::go_on_from(double time, std::span<const double> y, const IntegratorStatistics& before) {
  integrator_ = std::make_unique<Integrator>(*dynamics_, time, y, params_);
  state_.assign(y.begin(), y.end());
  earlier_ = before;
}

IntegratorStatistics Companion::statistics() const {
  auto all = earlier_;
  add(all, integrator_->statistics());
  return all;
}

}  // namespace synbal
