// Sums without rounding, which come out the same in whatever order their terms come and wherever they lie.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "synbal/core/comm.hpp"

namespace synbal {

/// A fixed-point number as wide as the doubles (Kulisch & Miranker 1986): 2^-1074 to 2^1023, in digits of 32 bits.
/// Takes 2^30 terms a rank. Infinite, or no number, from the first term on that is.
class ExactSum {
 public:
  void add(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const auto biased = static_cast<unsigned>(bits >> 52) & 0x7ffU;
    const auto fraction = bits & ((std::uint64_t{1} << 52) - 1);
    if (biased == 0x7ffU) return spoil(fraction == 0 ? kInfinite : kNoNumber);
    const auto mantissa = biased > 0 ? fraction | (std::uint64_t{1} << 52) : fraction;
    const auto place = biased > 0 ? biased - 1 : 0;  // of the last bit
    const auto wide = static_cast<unsigned __int128>(mantissa) << (place % kDigitBits);
    std::int64_t* const digit = &digits_[place / kDigitBits];
    const std::int64_t sign = (bits >> 63) != 0 ? -1 : 1;
    digit[0] += sign * static_cast<std::int64_t>(static_cast<std::uint32_t>(wide));
    digit[1] += sign * static_cast<std::int64_t>(static_cast<std::uint32_t>(wide >> kDigitBits));
    digit[2] += sign * static_cast<std::int64_t>(static_cast<std::uint32_t>(wide >> 2 * kDigitBits));
  }

  /// The double that the sum is, correct to an ulp: a function of the sum alone.
  [[nodiscard]] double value() const noexcept;

  static constexpr unsigned kDigitBits = 32;
  static constexpr std::size_t kDigits = 68;  ///< 2,098 bits of doubles, and 2^30 of the largest
  /// [kDigits] Exact in doubles, and so are their sums over 2^20 ranks.
  void to_digits(std::span<double> digits) const noexcept;
  [[nodiscard]] static ExactSum of_digits(std::span<const double> digits) noexcept;

 private:
  void spoil(std::int64_t how) noexcept { digits_.back() = std::max(digits_.back(), how); }
  /// The same number with digits between 0 and 2^32, the highest apart.
  void normalise() noexcept;

  // In the last digit, beyond all sums.
  static constexpr std::int64_t kInfinite = std::int64_t{1} << 32, kNoNumber = std::int64_t{1} << 44;
  std::array<std::int64_t, kDigits> digits_{};
};

/// Collective. The sums over all ranks, as doubles. One reduction of 544 bytes each.
void sum_exactly(const Comm& comm, std::span<const ExactSum> own, std::span<double> sums);
[[nodiscard]] double sum_exactly(const Comm& comm, const ExactSum& own);

}  // namespace synbal
