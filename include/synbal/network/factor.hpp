// e^x kept as mantissa and power of two, so that products of several factors and a weight never overflow on the way.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace synbal {

/// mantissa * 2^exponent.
struct Factor {
  double mantissa = 1;
  std::int32_t exponent = 0;
};

/// e^x to about one ulp of the mantissa, for |x| < 7e5.
[[nodiscard]] inline Factor factor_of(double x) noexcept {
  const double whole = std::nearbyint(x / std::numbers::ln2);
  // ln 2 in two parts (fdlibm's): whole * high is exact for |whole| < 2^20.
  constexpr double high = 6.93147180369123816490e-01;
  constexpr double low = 1.90821492927058770002e-10;
  return {std::exp((x - whole * high) - whole * low), static_cast<std::int32_t>(whole)};
}

/// value * 2^exponent; one multiplication where the power of two is a normal number.
[[nodiscard]] inline double times_power_of_two(double value, std::int32_t exponent) noexcept {
  if (exponent == 0) return value;
  if (exponent > -1000 && exponent < 1000) {
    return value * std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52);
  }
  return std::scalbn(value, exponent);
}

/// value^power; the powers that matter without a call.
[[nodiscard]] inline double to_the(double value, double power) noexcept {
  if (power == 2) return value * value;
  return power == 1 ? value : std::pow(value, power);
}

}  // namespace synbal
