// Shifts, and what ghosts bring home.
#include "synbal/core/fixed_point.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace synbal {

namespace {
constexpr int kSumBits = 118;                                   // of a sum: three digits hold it
constexpr int kDigitBits = 40;                                  // doubles have 53
constexpr int kFraction = 52, kBias = 1023, kNoNumber = 0x7ff;  // of doubles: bits, and exponents
}  // namespace

FixedPoint FixedPoint::for_terms(double largest, std::int64_t count) noexcept {
  if (!(largest > 0) || !std::isfinite(largest)) return {};
  const auto width_of_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count)));
  return {kSumBits - width_of_count - (std::ilogb(largest) + 1)};
}

WideInteger FixedPoint::of(double x) const noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const int biased = static_cast<int>(bits >> kFraction) & kNoNumber;
  if (biased == kNoNumber) return 0;
  const auto fraction = static_cast<std::int64_t>(bits & ((std::uint64_t{1} << kFraction) - 1));
  const auto mantissa = biased > 0 ? fraction | (std::int64_t{1} << kFraction) : fraction;
  const int left = std::max(biased, 1) - kBias - kFraction + shift;
  if (left <= -kFraction - 1) return 0;
  const auto size = left >= 0 ? static_cast<WideInteger>(mantissa) << std::min(left, kSumBits)
                              : static_cast<WideInteger>(mantissa >> -left);
  return (bits >> 63) != 0 ? -size : size;
}

double FixedPoint::to_double(WideInteger sum) const noexcept { return to_doubles(sum).first; }

std::pair<double, double> FixedPoint::to_doubles(WideInteger sum) const noexcept {
  const auto high = static_cast<double>(sum);
  const auto low = static_cast<double>(sum - static_cast<WideInteger>(high));
  return {std::ldexp(high, -shift), std::ldexp(low, -shift)};
}

void FixedPoint::to_digits(WideInteger sum, std::span<double, kDigits> digits) noexcept {
  constexpr auto base = static_cast<WideInteger>(1) << kDigitBits;
  for (auto& digit : digits) {
    const auto rest = sum % base;
    digit = static_cast<double>(static_cast<std::int64_t>(rest));
    sum = (sum - rest) / base;
  }
}

WideInteger FixedPoint::of_digits(std::span<const double, kDigits> digits) noexcept {
  WideInteger sum = 0;
  for (std::size_t k = digits.size(); k-- > 0;) {
    sum = sum * (static_cast<WideInteger>(1) << kDigitBits) + static_cast<std::int64_t>(digits[k]);
  }
  return sum;
}

FixedSums::FixedSums(const Halo& halo)
    : halo_(&halo), largest_(at(halo.owned_count()) + halo.ghosts().size(), 0.0), count_(largest_.size(), 0) {}

void FixedSums::expect(LocalIndex place, double term) noexcept {
  largest_[at(place)] = std::max(largest_[at(place)], std::abs(term));
  ++count_[at(place)];
}

void FixedSums::settle() {
  const auto n = halo_->owned_count();
  HaloExchange<double> bounds(*halo_);
  bounds.reverse_begin([&](LocalIndex g) { return largest_[at(n + g)]; });
  bounds.reverse_end([&](LocalIndex i, double value) { largest_[at(i)] = std::max(largest_[at(i)], value); });
  bounds.forward(std::span(largest_).first(at(n)), std::span(largest_).subspan(at(n)));
  HaloExchange<std::int64_t> counts(*halo_);
  counts.reverse_begin([&](LocalIndex g) { return count_[at(n + g)]; });
  counts.reverse_end([&](LocalIndex i, std::int64_t value) { count_[at(i)] += value; });
  counts.forward(std::span(count_).first(at(n)), std::span(count_).subspan(at(n)));
  for (std::size_t k = 0; k < largest_.size(); ++k) units_.push_back(FixedPoint::for_terms(largest_[k], count_[k]));
  sum_.assign(largest_.size(), 0);
}

std::vector<std::pair<double, double>> FixedSums::sums() {
  const auto n = halo_->owned_count();
  HaloExchange<std::int64_t> exchange(*halo_);
  const auto bring = [&](auto&& part, auto&& combine) {
    exchange.reverse_begin([&](LocalIndex g) { return part(sum_[at(n + g)]); });
    exchange.reverse_end(combine);
  };
  constexpr auto half = static_cast<WideInteger>(1) << 62;
  bring([](WideInteger s) { return static_cast<std::int64_t>(s % half); },
        [&](LocalIndex i, std::int64_t value) { sum_[at(i)] += value; });
  bring([](WideInteger s) { return static_cast<std::int64_t>(s / half); },
        [&](LocalIndex i, std::int64_t value) { sum_[at(i)] += value * half; });
  std::vector<std::pair<double, double>> sums;
  sums.reserve(at(n));
  for (LocalIndex i = 0; i < n; ++i) sums.push_back(units_[at(i)].to_doubles(sum_[at(i)]));
  return sums;
}

}  // namespace synbal
