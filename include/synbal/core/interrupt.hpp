// A polite way out of long work: a signal asks, the work looks when it is a good moment.
#pragma once

#include <string>

#include "synbal/core/error.hpp"

namespace synbal {

/// While one lives, USR1, TERM, INT, USR2, HUP and XCPU only set flags (what they did before comes back with its end):
/// USR1 asks to save and go on, the others to save and stop. A second one of these ends the process as usual, and so
/// does the first one when nothing has heard it within kPatience seconds, and every other signal that can be caught;
/// files named by RemovedOnDeath go first. Install after Session: PETSc traps signals, too. At most one at a time.
class InterruptGuard {
 public:
  /// Seconds.
  static constexpr unsigned kPatience = 10;

  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// True once this rank was asked to stop. Not collective: the ranks must agree before they act on it.
  [[nodiscard]] bool requested() const noexcept;
  /// The signal that asked to stop, 0 without one.
  [[nodiscard]] int signal() const noexcept;
  /// How often this rank was asked to save and go on.
  [[nodiscard]] int save_requests() const noexcept;
};

/// While one lives, the work at hand hears signals by itself, however long that takes; otherwise every agreement of the
/// ranks (agree.hpp) is a place at which a signal ends the run. They may nest.
class HearsSignals {
 public:
  HearsSignals() noexcept;
  ~HearsSignals();
  HearsSignals(const HearsSignals&) = delete;
  HearsSignals& operator=(const HearsSignals&) = delete;
};

/// While one lives, the end of a limit on time is heard as a signal is: where the work at hand does not, the next
/// agreement of the ranks ends the run. For the time before there is anything to keep; at most one at a time.
class TimeLimit {
 public:
  /// From now on, > 0; 0: no limit.
  explicit TimeLimit(double seconds) noexcept;
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
};

/// Stands for the end of a TimeLimit where signals are numbers.
inline constexpr int kTimeIsUp = 100;

/// The signal that this rank was asked to stop by and that nothing but an agreement of the ranks will hear; else 0.
[[nodiscard]] int unheard_signal() noexcept;
/// What a run ends with that was stopped with nothing to keep: code 128 + the signal; not_converged for kTimeIsUp.
[[nodiscard]] Error stopped_by(int signal);
/// Not collective. For long work between two agreements, as another piece of it begins: throws what the next agreement
/// would. @throws Error, see stopped_by().
void leave_if_asked();

/// "TERM" and the like, for those that a guard knows.
[[nodiscard]] const char* signal_name(int signal) noexcept;

/// While one lives, a signal that ends the process removes the file first. A few at a time; more are not remembered.
class RemovedOnDeath {
 public:
  explicit RemovedOnDeath(const std::string& path) noexcept;
  ~RemovedOnDeath();
  RemovedOnDeath(const RemovedOnDeath&) = delete;
  RemovedOnDeath& operator=(const RemovedOnDeath&) = delete;

 private:
  int place_ = -1;
};

}  // namespace synbal
