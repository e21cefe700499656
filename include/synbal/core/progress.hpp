// Signs of life of long iterative work: now and then a line with the iteration, cost, imbalance, time, and an honest
// ETA.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/timer.hpp"

namespace synbal {

/// One line of the history of a run. The cost is in the user's unit; infinite where that is too large for a double.
struct SolverProgress {
  std::int64_t iteration = 0;
  double cost = 0;
  double imbalance = 0;  ///< l1
  double seconds = 0;
};

/// How unbalanced the network was at a moment of the work.
struct ProgressSample {
  double seconds = 0;
  double imbalance = 0;
};

/// Seconds from the last sample until `target` is reached, if the logarithm of the imbalance goes on falling along the
/// line fitted to the samples. Nothing when that would be a guess: too few samples, no fall, a bent or a noisy trend.
[[nodiscard]] std::optional<double> estimate_remaining_seconds(std::span<const ProgressSample> samples, double target);

/// "42 s", "3 min 20 s", "2 h 05 min".
[[nodiscard]] std::string format_duration(double seconds);

/// Prints through the log. Not collective: every rank may call it, the one that logs prints.
class Progress {
 public:
  /// `what` starts every line, e.g. "balance". Pauses in seconds.
  explicit Progress(std::string what);
  Progress(std::string what, double first_pause, double pause);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Tells where the work stands; prints when it is time to. Without a `target` no ETA is given.
  void update(std::int64_t iteration, double cost, double imbalance, std::optional<double> target = {});

  /// The part of update() that has no clock and no output: notes the sample taken `seconds` after the start and returns
  /// the line to print, if one is due.
  [[nodiscard]] std::optional<std::string> advance(double seconds, std::int64_t iteration, double cost,
                                                   double imbalance, std::optional<double> target = {});

 private:
  void note(ProgressSample sample);
  [[nodiscard]] std::vector<ProgressSample> recent(ProgressSample now) const;

  std::string what_;
  double next_line_;
  double pause_;
  Timer timer_;
  std::vector<ProgressSample> samples_;  ///< of the whole run, evenly thinned
  std::int64_t stride_ = 1;              ///< every stride_-th update is kept
  std::int64_t updates_ = 0;
};

}  // namespace synbal
