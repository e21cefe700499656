// The runs of a network that are made at once: every condition and trial, at every level of noise.
#pragma once

#include <cstdint>
#include <vector>

namespace synbal {

/// Columns of a block: the level of noise outermost, then the condition, the trial innermost.
struct Ensemble {
  std::int64_t conditions = 1, trials = 1;
  std::vector<double> noise{0};  ///< standard deviation of the noise in a unit of time, of every level

  /// Of one level.
  [[nodiscard]] std::int64_t runs() const noexcept { return conditions * trials; }
  [[nodiscard]] std::int64_t levels() const noexcept { return static_cast<std::int64_t>(noise.size()); }
  [[nodiscard]] std::int64_t columns() const noexcept { return runs() * levels(); }
};

}  // namespace synbal
