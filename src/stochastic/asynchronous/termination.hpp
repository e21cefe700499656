// When to stop: reductions of what the ranks met that nobody waits for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "synbal/core/comm.hpp"

namespace synbal {

/// One rank's word in a reduction.
struct LocalView {
  double l1 = 0;    ///< imbalance met in the last finished sweep
  double cost = 0;  ///< cost met there
  double relaxations = 0;
  bool unfinished = false;  ///< no sweep was finished since the last word
  bool unfresh = false;     ///< that sweep did not begin with values which all peers published after the candidate
  bool far_out = false;     ///< the base should move
  bool at_limit = false, late = false, interrupted = false;
};

/// What follows from a reduction, in the order of precedence.
enum class Verdict { go_on, balanced, interrupted, walltime, iteration_limit, rebase };

/// The outcome of a reduction: the same on all ranks, for they look at the same sums.
struct Round {
  double l1 = 0;  ///< relative
  double cost = 0;
  double relaxations = 0;
  Verdict verdict = Verdict::go_on;
};

/// A reduction below the target makes a candidate. It is confirmed when another one is below the target, too, in which
/// every rank speaks of a sweep made with values that its peers published after they had heard of the candidate: then
/// what was under way in messages has been seen, however late they were. Only consecutive reductions below the target
/// count. Changes that partly cancel can still mislead, so what it says has to be verified.
class TerminationDetector {
 public:
  /// Collective.
  explicit TerminationDetector(const Comm& comm) : comm_(comm.get()) {}
  TerminationDetector(const TerminationDetector&) = delete;
  TerminationDetector& operator=(const TerminationDetector&) = delete;

  /// Before the first reduction of a run.
  void aim_at(double target);
  /// After a false alarm: the verified imbalance was l1 where `tolerance` was asked for. False when the target is
  /// already as sharp as rounding lets it be.
  bool sharpen(double l1, double tolerance);
  /// The ranks have stopped and go on: the candidate is void.
  void resume() { candidate_ = 0; }

  /// True while this rank's word is in a reduction.
  [[nodiscard]] bool waiting() const noexcept { return request_ != MPI_REQUEST_NULL; }
  /// Collective, but nobody waits. `now` and the visits made are kept for the delay of the detection.
  void join(const LocalView& view, double now, std::int64_t relaxations);
  /// The outcome, once all ranks have joined.
  std::optional<Round> poll();

  /// Reductions whose outcome this rank knows.
  [[nodiscard]] std::int64_t rounds() const noexcept { return rounds_; }
  /// The number of the reduction that is the candidate, 0 without one.
  [[nodiscard]] std::int64_t candidate() const noexcept { return candidate_; }
  /// When this rank joined the first of the passing reductions, and the visits it had made by then.
  [[nodiscard]] double first_pass_time() const noexcept { return first_pass_time_; }
  [[nodiscard]] std::int64_t first_pass_relaxations() const noexcept { return first_pass_relaxations_; }

 private:
  static constexpr double kSharpest = 2e-16;  // an imbalance that rounding makes
  [[nodiscard]] bool confirmed();
  [[nodiscard]] Verdict verdict(bool balanced) const;

  Comm comm_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  std::array<double, 9> own_{}, all_{};
  double target_ = 0, last_l1_ = 0;
  std::int64_t rounds_ = 0, candidate_ = 0;
  double joined_time_ = 0, first_pass_time_ = 0;
  std::int64_t joined_relaxations_ = 0, first_pass_relaxations_ = 0;
};

}  // namespace synbal
