// A polite way out of long work: a signal asks, the work looks when it is a good moment.
#pragma once

namespace synbal {

/// While one lives, USR1, TERM and INT only set a flag (what they did before comes back with its end); a second TERM or
/// INT ends the process as usual. Install after Session: PETSc traps signals, too. At most one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// True once a signal reached this rank. Not collective: the ranks must agree before they act on it.
  [[nodiscard]] bool requested() const noexcept;
  /// The signal that came, 0 without one.
  [[nodiscard]] int signal() const noexcept;
};

}  // namespace synbal
