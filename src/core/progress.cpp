// When to speak, what to say, and how long the work will still take.
#include "synbal/core/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/tuning.hpp"
#include "synbal/core/log.hpp"

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

std::string format_eta(std::optional<double> remaining) {
  return remaining ? fmt::format("ETA {}", format_duration(*remaining)) : "ETA unknown";
}
}  // namespace

std::optional<double> estimate_remaining_seconds(std::span<const ProgressSample> samples, double target) {
  const auto usable = [](const ProgressSample& s) { return std::isfinite(s.imbalance) && s.imbalance > 0; };
  if (samples.size() < kFewestSamples || !(target > 0) || !std::ranges::all_of(samples, usable)) return {};
  const auto trend = fit(samples);
  if (!is_steady(samples, trend)) return {};
  return std::max(0.0, (std::log(target) - trend.at_last) / trend.slope);
}

std::string format_duration(double seconds) {
  const auto s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

Progress::Progress(std::string what) : Progress(std::move(what), 2.0, log_is_terminal() ? 2.0 : 10.0) {}

Progress::Progress(std::string what, double first_pause, double pause)
    : what_(std::move(what)), next_line_(first_pause), pause_(pause) {}

Progress::~Progress() { end_log_status(); }

void Progress::update(std::int64_t iteration, double cost, double imbalance, std::optional<double> target) {
  if (!log_shows(LogLevel::info)) return;
  if (const auto line = advance(timer_.seconds(), iteration, cost, imbalance, target)) log_status(*line);
}

std::optional<std::string> Progress::advance(double seconds, std::int64_t iteration, double cost, double imbalance,
                                             std::optional<double> target) {
  note({seconds, imbalance});
  if (seconds < next_line_) return {};
  next_line_ = seconds + pause_;
  auto line = fmt::format("{}: iteration {}, cost {:.6e}, imbalance {:.2e}, elapsed {}", what_, iteration, cost,
                          imbalance, format_duration(seconds));
  if (target) line += ", " + format_eta(estimate_remaining_seconds(recent({seconds, imbalance}), *target));
  return line;
}

void Progress::note(ProgressSample sample) {
  if (updates_++ % stride_ != 0) return;
  samples_.push_back(sample);
  if (samples_.size() < kMostSamples) return;
  // Every other sample goes, and from now on half as many come: bounded memory that still covers the whole run.
  for (std::size_t k = 0; 2 * k < samples_.size(); ++k) samples_[k] = samples_[2 * k];
  samples_.resize(kMostSamples / 2);
  stride_ *= 2;
}

std::vector<ProgressSample> Progress::recent(ProgressSample now) const {
  // The later half of the time: what happened at the start says little about the end.
  std::vector<ProgressSample> samples;
  std::ranges::copy_if(samples_, std::back_inserter(samples),
                       [&](const auto& s) { return s.seconds >= now.seconds / 2 && s.seconds < now.seconds; });
  samples.push_back(now);
  return samples;
}

}  // namespace synbal
