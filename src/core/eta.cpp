// Trends of the imbalance: a straight line in time, or the falls of the last steps.
#include "core/eta.hpp"

#include <algorithm>
#include <cmath>

#include "core/tuning.hpp"

namespace synbal {

namespace {
using namespace tuning;

/// Least-squares line of log(imbalance) over seconds.
struct Trend {
  double slope = 0;
  double at_last = 0;    ///< its value at the last sample
  double explained = 0;  ///< R^2
};

Trend fit(std::span<const ProgressSample> samples) {
  const auto n = static_cast<double>(samples.size());
  double mean_t = 0, mean_y = 0;
  for (const auto& s : samples) {
    mean_t += s.seconds / n;
    mean_y += std::log(s.imbalance) / n;
  }
  double tt = 0, ty = 0, yy = 0;
  for (const auto& s : samples) {
    const double t = s.seconds - mean_t, y = std::log(s.imbalance) - mean_y;
    tt += t * t, ty += t * y, yy += y * y;
  }
  if (tt <= 0 || yy <= 0) return {};
  const double slope = ty / tt;
  return {slope, mean_y + slope * (samples.back().seconds - mean_t), ty * ty / (tt * yy)};
}

bool is_steady(std::span<const ProgressSample> samples, const Trend& whole) {
  if (whole.slope >= 0 || whole.explained < kGoodFit) return false;
  const double early = fit(samples.first(samples.size() / 2)).slope;
  const double late = fit(samples.subspan(samples.size() / 2)).slope;
  return early < 0 && late < 0 && early / late < kSameSlope && late / early < kSameSlope;
}

bool is_usable(const ProgressSample& s) { return std::isfinite(s.imbalance) && s.imbalance > 0; }

/// Steps that go `distance` where the next one goes `fall` times `growth`, and each one after it `growth` times more.
double steps_for(double distance, double fall, double growth) {
  double steps = 0;
  while (distance > 0) {
    fall *= growth;
    steps += std::min(1.0, distance / fall);
    distance -= fall;
  }
  return steps;
}
}  // namespace

std::optional<double> estimate_remaining_seconds(std::span<const ProgressSample> samples, double target) {
  if (samples.size() < kFewestSamples || !(target > 0) || !std::ranges::all_of(samples, is_usable)) return {};
  const auto trend = fit(samples);
  if (!is_steady(samples, trend)) return {};
  return std::max(0.0, (std::log(target) - trend.at_last) / trend.slope);
}

std::optional<double> detail::seconds_of_steps(std::span<const ProgressSample> steps, double target) {
  if (steps.size() < 3 || !(target > 0)) return {};
  const auto last = steps.last(3);
  if (!std::ranges::all_of(last, is_usable)) return {};
  const double before = std::log(last[0].imbalance / last[1].imbalance);
  const double fall = std::log(last[1].imbalance / last[2].imbalance);
  if (fall < kLeastFall) return {};
  const double growth = before > 0 ? std::clamp(fall / before, 1.0, kMostGrowth) : 1.0;
  const double pace = std::max(last[1].seconds - last[0].seconds, last[2].seconds - last[1].seconds);
  return pace * (steps_for(std::log(last[2].imbalance / target), fall, growth) + kStepsToJudge);
}

}  // namespace synbal
