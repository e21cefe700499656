// Signs of life of long iterative work: now and then a line with the iteration, cost, imbalance, time, and an honest
// ETA.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "synbal/core/solve_watch.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

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

/// Prints through the log, where no other line about the work was printed lately: after updates and, while one of them
/// is long in coming, from within the solves of this rank. Not collective: every rank may call it, the one that logs
/// prints.
class Progress final : public SolveWatch {
 public:
  /// `what` starts every line, e.g. "balance". Pauses in seconds.
  explicit Progress(std::string what);
  Progress(std::string what, double first_pause, double pause);
  ~Progress() override;

  /// Tells how many iterations are usual, in words, for as long as no ETA is known.
  void expect(std::string usual) { usual_ = std::move(usual); }

  /// Tells where the work stands; prints when it is time to. Without a `target` no ETA is given.
  void update(std::int64_t iteration, double cost, double imbalance, std::optional<double> target = {});
  void tell(const SolveStatus& status) override;

  /// The part of update() that has no clock and no output: notes the sample taken `seconds` after the start and returns
  /// the line to print, if one is due.
  [[nodiscard]] std::optional<std::string> advance(double seconds, std::int64_t iteration, double cost,
                                                   double imbalance, std::optional<double> target = {});
  /// The same for tell().
  [[nodiscard]] std::optional<std::string> advance(double seconds, const SolveStatus& status);

 private:
  struct Moment {
    std::int64_t iteration = 0;
    double cost = 0;
    ProgressSample sample;
    std::optional<double> target;
  };
  struct Line {
    std::string full, brief;
  };

  void print(const Line& line);
  [[nodiscard]] Line line_within(double seconds, const SolveStatus& status) const;
  [[nodiscard]] Line line_of(double seconds, const SolveStatus* within) const;
  [[nodiscard]] Line line_of_solve(double seconds, const SolveStatus& status) const;
  [[nodiscard]] std::optional<double> remaining(double seconds) const;
  void add_eta(Line& line, std::optional<double> left, const char* of) const;
  void note(ProgressSample sample);
  void note(double seconds, const SolveStatus& status);
  [[nodiscard]] std::vector<ProgressSample> recent(ProgressSample now) const;

  std::string what_, usual_;
  double next_line_;
  double pause_;
  Timer timer_;
  std::optional<Moment> last_;
  std::vector<ProgressSample> steps_;    ///< the last three
  std::vector<ProgressSample> samples_;  ///< of the whole run, or of a solve without a run around it; evenly thinned
  std::int64_t stride_ = 1;              ///< every stride_-th update is kept
  std::int64_t updates_ = 0, solve_iteration_ = 0;
};

}  // namespace synbal
