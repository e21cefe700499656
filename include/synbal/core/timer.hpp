// Wall-clock time of a phase.
#pragma once

#include <chrono>

namespace synbal {

/// Runs from its construction, or from the last restart().
class Timer {
 public:
  /// Seconds since the start, on this rank's monotonic clock.
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  void restart() { start_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace synbal
