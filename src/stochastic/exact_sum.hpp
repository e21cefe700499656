// Sums of amounts that do not depend on the order of their terms, so that decisions made from them are the same at any
// rank count.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace synbal {

/// A fixed-point number that is wide enough for every double (Kulisch's long accumulator): 32 bits in use per word, the
/// rest of a word takes up carries, so that words of several ranks may be added as they are.
class ExactSum {
 public:
  /// x >= 0.
  void add(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const auto biased = static_cast<std::uint32_t>(bits >> 52) & 0x7FF;
    if (biased == 0x7FF) {
      ++words_[kNotFinite];
      return;
    }
    const auto fraction = (bits & 0xFFFFFFFFFFFFF) | (biased > 0 ? std::uint64_t{1} << 52 : 0);
    const auto place = biased > 0 ? biased - 1 : 0;  // of the fraction's last bit, above 2^-1074
    const auto word = place / 32;
    const auto shifted = static_cast<unsigned __int128>(fraction) << (place % 32);
    words_[word] += static_cast<std::int64_t>(shifted & kMask);
    words_[word + 1] += static_cast<std::int64_t>((shifted >> 32) & kMask);
    words_[word + 2] += static_cast<std::int64_t>(shifted >> 64);
    if (++terms_ == kTermsBetweenCarries) carry();
  }

  /// Leaves 32 bits in every word but the last; before the words of several ranks are added.
  void carry() noexcept {
    for (std::size_t w = 0; w + 2 < words_.size(); ++w) {
      words_[w + 1] += words_[w] >> 32;
      words_[w] &= static_cast<std::int64_t>(kMask);
    }
    terms_ = 0;
  }

  /// The sum, to a few units in the last place; infinite when a term was not finite.
  [[nodiscard]] double value() const noexcept {
    if (words_[kNotFinite] != 0) return std::numeric_limits<double>::infinity();
    auto sum = *this;
    sum.carry();
    double value = 0;
    for (std::size_t w = kNotFinite; w-- > 0;) {
      value += std::ldexp(static_cast<double>(sum.words_[w]), static_cast<int>(32 * w) - 1074);
    }
    return value;
  }

  /// For a reduction: the words of the total are the sums of the words.
  [[nodiscard]] std::span<std::int64_t> words() noexcept { return words_; }

 private:
  static constexpr std::size_t kNotFinite = 67;  // place of the count of terms that are not numbers
  static constexpr std::uint64_t kMask = 0xFFFFFFFF;
  static constexpr std::int64_t kTermsBetweenCarries = std::int64_t{1} << 30;

  std::array<std::int64_t, kNotFinite + 1> words_{};
  std::int64_t terms_ = 0;
};

}  // namespace synbal
