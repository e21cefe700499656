// A second integration that goes along with a main one and is compared with it at the same times.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/integrator.hpp"

namespace synbal {

/// Steps as it likes and interpolates: the times asked for do not shorten its steps.
class Companion {
 public:
  /// Collective. Dynamics must outlive it.
  Companion(Dynamics& dynamics, double time, std::span<const double> y, const IntegratorParams& params);

  /// Collective. Goes on to a time not before the last one. @return false once the integration has failed: the state is
  /// then all NaN, and message() says why.
  bool advance(double time);
  /// Collective. From another state at another time, where an earlier run had come.
  void go_on_from(double time, std::span<const double> y, const IntegratorStatistics& before);
  /// [size] At the time of the last advance().
  [[nodiscard]] std::span<const double> state() const noexcept { return state_; }
  [[nodiscard]] const std::string& message() const noexcept { return integrator_->message(); }
  [[nodiscard]] IntegratorStatistics statistics() const;

 private:
  Dynamics* dynamics_;
  IntegratorParams params_;
  IntegratorStatistics earlier_;
  std::unique_ptr<Integrator> integrator_;
  std::vector<double> state_;
  bool empty_;  // nothing moves on any rank
  bool failed_ = false;
};

}  // namespace synbal
