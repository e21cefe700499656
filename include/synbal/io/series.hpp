// Signals over time that a user gives in a file: what comes into a network, and what should come out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"

namespace synbal {

/// A dataset of shape [times, channels, conditions, trials]; trailing axes that it lacks have size 1. Read a few times
/// at once, so that a long one takes no room.
class TimeSeries {
 public:
  /// Collective. `from` is FILE.h5:/dataset, or FILE.h5 for its dataset `usual`; `option` is named in messages.
  /// @throws Error usage for another kind of file, bad_input (file, dataset, what is wrong with it), io_failure.
  TimeSeries(const Comm& comm, const std::string& option, const std::string& from, const std::string& usual);
  TimeSeries(TimeSeries&&) noexcept;
  ~TimeSeries();

  [[nodiscard]] std::int64_t times() const noexcept { return shape_[0]; }
  [[nodiscard]] std::int64_t channels() const noexcept { return shape_[1]; }
  [[nodiscard]] std::int64_t conditions() const noexcept { return shape_[2]; }
  [[nodiscard]] std::int64_t trials() const noexcept { return shape_[3]; }
  /// Values a time.
  [[nodiscard]] std::int64_t width() const noexcept { return shape_[1] * shape_[2] * shape_[3]; }
  /// "FILE: dataset /NAME", for messages.
  [[nodiscard]] const std::string& name() const noexcept;

  /// Collective. [count * width] The values of `count` times from `first` on, the last index running fastest.
  /// @throws Error bad_input for what is no finite number.
  [[nodiscard]] std::vector<double> read(std::int64_t first, std::int64_t count) const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
  std::array<std::int64_t, 4> shape_{0, 1, 1, 1};
};

}  // namespace synbal
