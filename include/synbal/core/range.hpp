// What a parameter may be: declared once beside it, checked by the library, shown and checked by a program's options.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "synbal/core/error.hpp"

namespace synbal {

/// Numbers from `low` to `high`, both included. NaN is in no range.
struct Range {
  double low = 0, high = 0;

  [[nodiscard]] constexpr bool contains(double value) const noexcept { return value >= low && value <= high; }
};

/// A parameter as messages name it, so that a program can put the name of its own option there.
[[nodiscard]] inline std::string parameter(std::string_view name) { return fmt::format("`{}`", name); }

/// `what`: of what the parameter is the number. @throws Error usage outside the range.
template <class T>
void require_in(const Range& range, std::string_view name, T value, std::string_view what) {
  if (range.contains(static_cast<double>(value))) return;
  throw usage_error(fmt::format("{} {} is impossible ({}): give {:.10g} to {:.10g}", parameter(name), value, what,
                                range.low, range.high));
}

}  // namespace synbal
