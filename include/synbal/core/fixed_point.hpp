// Sums of bounded terms as integers, which come out the same in whatever order their terms come and wherever they lie.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "synbal/core/halo.hpp"

namespace synbal {

__extension__ typedef __int128 WideInteger;  // NOLINT: __extension__ allows no `using`

/// Doubles as integers in units of 2^-shift. Digits below the unit are cut off.
struct FixedPoint {
  int shift = 0;

  /// Units so small that `count` terms of at most `largest` each just leave the sum in range.
  [[nodiscard]] static FixedPoint for_terms(double largest, std::int64_t count) noexcept;
  [[nodiscard]] WideInteger of(double x) const noexcept;
  [[nodiscard]] double to_double(WideInteger sum) const noexcept;
  /// The same as an unevaluated sum of two doubles.
  [[nodiscard]] std::pair<double, double> to_doubles(WideInteger sum) const noexcept;

  static constexpr int kDigits = 3;
  /// Digits of a sum, exact in doubles, and so are their sums over 2^12 ranks; and back.
  static void to_digits(WideInteger sum, std::span<double, kDigits> digits) noexcept;
  [[nodiscard]] static WideInteger of_digits(std::span<const double, kDigits> digits) noexcept;
};

/// Sums at places that several ranks add to. Terms come twice: first for their bounds, then to be added.
class FixedSums {
 public:
  /// Places are the owned ones of the halo and its ghosts; it must outlive the sums.
  explicit FixedSums(const Halo& halo);

  void expect(LocalIndex place, double term) noexcept;
  /// Collective over the peers. After the last term was expected, before the first is added.
  void settle();
  void add(LocalIndex place, double term) noexcept {
    const auto k = static_cast<std::size_t>(place);
    sum_[k] += units_[k].of(term);
  }
  /// Collective over the peers. [owned] The sums, each as an unevaluated sum of two doubles.
  [[nodiscard]] std::vector<std::pair<double, double>> sums();

 private:
  const Halo* halo_;
  std::vector<double> largest_;
  std::vector<std::int64_t> count_;
  std::vector<FixedPoint> units_;
  std::vector<WideInteger> sum_;
};

}  // namespace synbal
