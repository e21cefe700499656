// Sums of bounded terms as integers, which come out the same in whatever order their terms come and wherever they lie.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// A sum of terms of bounded size in two digits: to add costs two conversions, and the loop around is one for vectors.
struct TwoDigits {
  static constexpr int kLowBits = 30;

  std::int64_t high = 0, low = 0;

  /// @pre The term is finite, and in the units that follow.
  void add(double scaled) noexcept {
    const auto whole = static_cast<std::int64_t>(scaled);
    high += whole;
    low += static_cast<std::int64_t>((scaled - static_cast<double>(whole)) * (std::int64_t{1} << kLowBits));
  }
};

/// What terms are multiplied by, and what their sums are then. Of 2^20 terms all is added that is within 2^-72 of the
/// largest; what is below is cut off.
struct TwoDigitUnits {
  double scale = 0;  ///< a power of two; 0 where all terms are 0, no number where some term is none
  int shift = 0;     ///< of the unit of the low digit, 2^-shift

  /// Of up to 2^31 terms of at most `largest` each.
  TwoDigitUnits(double largest, std::int64_t count) noexcept;
  /// Of terms that come in units of the high digit, a power of two.
  explicit TwoDigitUnits(double unit) noexcept;
  [[nodiscard]] bool plain() const noexcept { return scale >= 0; }
  /// The sum, rounded once; no number where some term was none.
  [[nodiscard]] double to_double(const TwoDigits& sum) const noexcept;
  /// The same as an unevaluated sum of two doubles.
  [[nodiscard]] std::pair<double, double> to_doubles(const TwoDigits& sum) const noexcept;
};

/// Collective. In place: sums of this rank's terms become those of all ranks'.
void sum_over_ranks(const Comm& comm, std::span<TwoDigits> sums);

/// The largest size that was met, by the order of bits: infinite where a value was infinite or no number.
class LargestSize {
 public:
  void meet(double value) noexcept {
    constexpr auto size = std::numeric_limits<std::uint64_t>::max() >> 1;  // all bits but the sign
    bits_ = std::max(bits_, std::bit_cast<std::uint64_t>(value) & size);
  }
  [[nodiscard]] double value() const noexcept {
    const auto size = std::bit_cast<double>(bits_);
    return std::isfinite(size) ? size : std::numeric_limits<double>::infinity();
  }

 private:
  std::uint64_t bits_ = 0;
};
[[nodiscard]] double largest_size(std::span<const double> values) noexcept;

/// Which of several blocks.
struct BlockPair {
  std::size_t a, b;
};
/// Collective. [pairs x columns] The sums over rows and ranks of a b, column by column, of blocks that have as many
/// rows, columns interleaved: the same bits in whatever order rows come and wherever they are. `rows`: over all ranks.
[[nodiscard]] std::vector<double> products_in_any_order(const Comm& comm,
                                                        std::span<const std::span<const double>> blocks,
                                                        std::span<const BlockPair> pairs, std::size_t columns,
                                                        std::int64_t rows);

/// Sums at places that several ranks add to. Terms come twice: first for their bounds, then to be added.
class FixedSums {
 public:
  /// Places are the owned ones of the halo and its ghosts; it must outlive the sums.
  explicit FixedSums(const Halo& halo);

  void expect(LocalIndex place, double term) noexcept;
  /// Collective over the peers. After the last term was expected, before the first is added.
  void settle();
  void add(LocalIndex place, double term) noexcept {
    auto& slot = slots_[static_cast<std::size_t>(place)];
    if (slot.units.scale > 0) slot.sum.add(term * slot.units.scale);  // else all terms are 0, or some are no numbers
  }
  /// Collective over the peers. [owned] The sums, each as an unevaluated sum of two doubles.
  [[nodiscard]] std::vector<std::pair<double, double>> sums();

 private:
  struct Slot {
    TwoDigitUnits units;
    TwoDigits sum{};
  };

  const Halo* halo_;
  std::vector<double> largest_;      // until bounds are settled
  std::vector<std::int64_t> count_;  // until then
  std::vector<Slot> slots_;
};

}  // namespace synbal
