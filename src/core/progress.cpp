// When to speak, and what to say.
#include "synbal/core/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/eta.hpp"
#include "core/tuning.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

using namespace tuning;

namespace {

/// "42 s" as it is, "3:20", "2:05:00".
std::string brief_duration(double seconds) {
  const auto s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60);
}

}  // namespace

std::string format_duration(double seconds) {
  const auto s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

Progress::Progress(std::string what) : Progress(std::move(what), kFirstPause, status_pause()) {}

Progress::Progress(std::string what, double first_pause, double pause)
    : what_(std::move(what)), next_line_(first_pause), pause_(pause) {}

Progress::~Progress() { end_log_status(); }

void Progress::update(std::int64_t iteration, double cost, double imbalance, std::optional<double> target) {
  if (!log_shows(LogLevel::info)) return;
  const double seconds = timer_.seconds();
  if (advance(seconds, iteration, cost, imbalance, target)) print(line_of(seconds, nullptr));
}

void Progress::tell(const SolveStatus& status) {
  if (!log_shows(LogLevel::info)) return;
  const double seconds = timer_.seconds();
  if (advance(seconds, status) && seconds_since_status() >= pause_) print(line_within(seconds, status));
}

void Progress::print(const Line& line) { log_status(line.full.size() < status_width() ? line.full : line.brief); }

std::optional<std::string> Progress::advance(double seconds, std::int64_t iteration, double cost, double imbalance,
                                             std::optional<double> target) {
  const ProgressSample sample{seconds, imbalance};
  note(sample);
  steps_.push_back(sample);
  if (steps_.size() > 3) steps_.erase(steps_.begin());
  last_ = {iteration, cost, sample, target};
  if (seconds < next_line_) return {};
  next_line_ = seconds + pause_;
  return line_of(seconds, nullptr).full;
}

std::optional<std::string> Progress::advance(double seconds, const SolveStatus& status) {
  if (!last_) note(seconds, status);
  if (seconds < next_line_) return {};
  next_line_ = seconds + pause_;
  return line_within(seconds, status).full;
}

std::optional<double> Progress::remaining(double seconds) const {
  const auto& now = *last_;
  // The later half of the time: what happened at the start says little about the end.
  auto left = estimate_remaining_seconds(recent(now.sample), *now.target);
  if (!left && updates_ <= kFewSteps) left = detail::seconds_of_steps(steps_, *now.target);
  const double since = seconds - now.sample.seconds;
  return left && *left >= since ? std::optional(*left - since) : std::nullopt;
}

void Progress::add_eta(Line& line, std::optional<double> left, const char* of) const {
  if (left) {
    line.full += fmt::format(", ETA{} {}", of, format_duration(*left));
    line.brief += ", ETA " + brief_duration(*left);
  } else {
    const auto usual = usual_.empty() || updates_ > kFewSteps ? std::string() : fmt::format(" ({} are usual)", usual_);
    line.full += fmt::format(", ETA{} unknown{}", of, usual);
    line.brief += ", ETA ?";
  }
}

Progress::Line Progress::line_of(double seconds, const SolveStatus* within) const {
  const auto& now = *last_;
  Line line{fmt::format("{}: iteration {}, cost {:.6e}, imbalance {:.2e}", what_, now.iteration, now.cost,
                        now.sample.imbalance),
            fmt::format("{} {}: imbalance {:.1e}, cost {:.4e}", what_, now.iteration, now.sample.imbalance, now.cost)};
  if (within != nullptr) {
    line.full += fmt::format(", in its step (Krylov iteration {}, residual {:.1e}, to {:.0e})", within->iteration,
                             within->residual, within->target);
    line.brief += fmt::format(" (step {})", within->iteration);
  }
  line.full += ", elapsed " + format_duration(seconds);
  line.brief += ", " + brief_duration(seconds);
  if (now.target) add_eta(line, remaining(seconds), "");
  return line;
}

/// Of a solve without a run around it, which is not always the last one, and may not know yet how far it has to go.
Progress::Line Progress::line_of_solve(double seconds, const SolveStatus& status) const {
  if (status.target <= 0) {
    return {fmt::format("{}: iteration {} of a solve, elapsed {}", what_, status.iteration, format_duration(seconds)),
            fmt::format("{} {}: {}", what_, status.iteration, brief_duration(seconds))};
  }
  Line line{fmt::format("{}: iteration {} of a solve, residual {:.2e} (to {:.0e}), elapsed {}", what_, status.iteration,
                        status.residual, status.target, format_duration(seconds)),
            fmt::format("{} {}: residual {:.1e} (to {:.0e}), {}", what_, status.iteration, status.residual,
                        status.target, brief_duration(seconds))};
  add_eta(line, estimate_remaining_seconds(recent({seconds, status.residual}), status.target), " of it");
  return line;
}

Progress::Line Progress::line_within(double seconds, const SolveStatus& status) const {
  return last_ ? line_of(seconds, &status) : line_of_solve(seconds, status);
}

// Samples of a solve that came before this one say nothing of it.
void Progress::note(double seconds, const SolveStatus& status) {
  if (status.iteration <= solve_iteration_) samples_.clear(), stride_ = 1, updates_ = 0;
  solve_iteration_ = status.iteration;
  note({seconds, status.residual});
}

// Every other sample goes, and from now on half as many come: bounded memory that still covers the whole run.
void Progress::note(ProgressSample sample) {
  if (updates_++ % stride_ != 0) return;
  samples_.push_back(sample);
  if (samples_.size() < kMostSamples) return;
  for (std::size_t k = 0; 2 * k < samples_.size(); ++k) samples_[k] = samples_[2 * k];
  samples_.resize(kMostSamples / 2);
  stride_ *= 2;
}

std::vector<ProgressSample> Progress::recent(ProgressSample now) const {
  std::vector<ProgressSample> samples;
  std::ranges::copy_if(samples_, std::back_inserter(samples),
                       [&](const auto& s) { return s.seconds >= now.seconds / 2 && s.seconds < now.seconds; });
  samples.push_back(now);
  return samples;
}

}  // namespace synbal
