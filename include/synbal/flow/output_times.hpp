// When a trajectory is recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace synbal {

/// Increasing times. The start and the end of a run are always recorded in addition.
class OutputTimes {
 public:
  /// `count` equal intervals of (0, end].
  static OutputTimes linear(double end, std::int64_t count);
  /// `per_decade` times in every decade from `first`, up to `end` (infinite: until the run ends).
  static OutputTimes logarithmic(double first, double end, std::int64_t per_decade);
  /// Any times >= 0; sorted, repeated ones once.
  static OutputTimes listed(std::vector<double> times);

  /// The first recorded time after `time`, if there is one. The last is exactly `end` for linear and finite
  /// logarithmic times.
  [[nodiscard]] std::optional<double> after(double time) const;
  /// How many there are at most, if that is known.
  [[nodiscard]] std::optional<std::int64_t> count() const;

 private:
  enum class Kind { linear, logarithmic, listed } kind_ = Kind::listed;
  double first_ = 0, end_ = 0;
  std::int64_t count_ = 0;
  std::vector<double> times_;
};

}  // namespace synbal
