// The next output time after any time.
#include "synbal/flow/flow_params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "synbal/core/error.hpp"

namespace synbal {

namespace {

constexpr double kSame = 1e-9;  // relative: a time that close to the end is the end

double linear_time(double start, double end, std::int64_t count, std::int64_t k) {
  return k >= count ? end : start + (end - start) * (static_cast<double>(k) / static_cast<double>(count));
}

double logarithmic_time(double first, std::int64_t per_decade, std::int64_t k) {
  // Whole decades by themselves, so that they come out round.
  const auto decades = k / per_decade, rest = k % per_decade;
  return first * std::pow(10.0, static_cast<double>(decades)) *
         std::pow(10.0, static_cast<double>(rest) / static_cast<double>(per_decade));
}

/// The smallest k >= least with time(k) > t, from a guess that may be some off.
template <class Time>
std::int64_t first_beyond(double t, double guess, std::int64_t least, Time&& time) {
  auto k = std::max(least, guess < 9e15 ? static_cast<std::int64_t>(std::floor(std::max(guess, 0.0))) : least);
  while (k > least && time(k - 1) > t) --k;
  while (time(k) <= t) ++k;
  return k;
}

}  // namespace

OutputTimes OutputTimes::linear(double end, std::int64_t count, double start) {
  if (!(start >= 0) || !(end > start) || !std::isfinite(end) || count < 1) {
    throw usage_error(
        fmt::format("{} equal intervals from time {} to {} (neither "
                    "can be): give at least 1 and an end time",
                    count, start, end));
  }
  OutputTimes times;
  times.kind_ = Kind::linear, times.first_ = start, times.end_ = end, times.count_ = count;
  return times;
}

OutputTimes OutputTimes::logarithmic(double first, double end, std::int64_t per_decade) {
  if (!(first > 0) || !std::isfinite(first) || !(end > 0) || per_decade < 1) {
    throw usage_error(
        fmt::format("{} output times a decade from {} to {} (a logarithm needs positive "
                    "ones): give a positive first time and at least 1 a decade",
                    per_decade, first, end));
  }
  OutputTimes times;
  times.kind_ = Kind::logarithmic, times.first_ = first, times.end_ = end, times.count_ = per_decade;
  return times;
}

OutputTimes OutputTimes::listed(std::vector<double> list) {
  for (const double t : list) {
    if (!(t >= 0) || !std::isfinite(t))
      throw usage_error(fmt::format("output time {} (not a time after the start): give finite times >= 0", t));
  }
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  OutputTimes times;
  times.times_ = std::move(list);
  return times;
}

void add(IntegratorStatistics& all, const IntegratorStatistics& more) {
  all.steps += more.steps, all.derivatives += more.derivatives;
  all.nonlinear_iterations += more.nonlinear_iterations, all.nonlinear_failures += more.nonlinear_failures;
  all.error_test_failures += more.error_test_failures, all.krylov_iterations += more.krylov_iterations;
  all.linear_failures += more.linear_failures, all.products += more.products;
  all.preconditioner_setups += more.preconditioner_setups, all.order = more.order, all.step = more.step;
}

std::optional<double> OutputTimes::after(double time) const {
  if (kind_ == Kind::listed) {
    const auto next = std::upper_bound(times_.begin(), times_.end(), time);
    return next == times_.end() ? std::nullopt : std::optional(*next);
  }
  if (time >= end_) return {};
  if (kind_ == Kind::linear) {
    const auto at = [&](std::int64_t k) { return linear_time(first_, end_, count_, k); };
    const double part = (time - first_) / (end_ - first_);
    return at(first_beyond(time, part * static_cast<double>(count_), 1, at));
  }
  const auto at = [&](std::int64_t k) { return logarithmic_time(first_, count_, k); };
  const double guess = time > 0 ? std::log10(time / first_) * static_cast<double>(count_) : 0;
  const double next = at(first_beyond(time, guess, 0, at));
  if (!std::isfinite(next)) return {};
  return next < end_ * (1 - kSame) ? next : end_;
}

std::optional<std::int64_t> OutputTimes::count() const {
  if (kind_ == Kind::listed) return static_cast<std::int64_t>(times_.size());
  if (kind_ == Kind::linear) return count_;
  if (!std::isfinite(end_)) return {};
  const double steps = std::max(0.0, std::log10(end_ / first_) * static_cast<double>(count_));
  return first_beyond(end_ * (1 - kSame), steps, 0,
                      [&](std::int64_t k) { return logarithmic_time(first_, count_, k); }) +
         1;
}

}  // namespace synbal
