// Shifts, and what ghosts bring home.
#include "synbal/core/fixed_point.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace synbal {

namespace {
constexpr int kSumBits = 118;                                   // of a sum: three digits hold it
constexpr int kDigitBits = 40;                                  // doubles have 53
constexpr int kHighBits = 62;                                   // of the high one of two digits
constexpr int kLeastExponent = -900;                            // of what is scaled, so that the factor is a double
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

TwoDigitUnits::TwoDigitUnits(double largest, std::int64_t count) noexcept {
  if (!std::isfinite(largest)) scale = std::numeric_limits<double>::quiet_NaN();
  if (!(largest > 0) || !std::isfinite(largest)) return;
  const auto width_of_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count)));
  const int shift = kHighBits - width_of_count - (std::max(std::ilogb(largest), kLeastExponent) + 1);
  scale = std::ldexp(1.0, shift), point.shift = shift + TwoDigits::kLowBits;
}

double sum_in_any_order(const Comm& comm, const TwoDigits& own, const TwoDigitUnits& units) {
  std::array<double, FixedPoint::kDigits> digits{};
  FixedPoint::to_digits(own.value(), digits);
  comm.sum(std::span<double>(digits));
  return units.plain() ? units.point.to_double(FixedPoint::of_digits(digits))
                       : std::numeric_limits<double>::quiet_NaN();
}

double largest_size(std::span<const double> values) noexcept {
  constexpr auto size = std::numeric_limits<std::uint64_t>::max() >> 1;  // all bits but the sign, which order sizes
  std::uint64_t largest = 0;
  for (const double x : values) largest = std::max(largest, std::bit_cast<std::uint64_t>(x) & size);
  const double found = std::bit_cast<double>(largest);
  return std::isfinite(found) ? found : std::numeric_limits<double>::infinity();
}

namespace {

TwoDigits sum_of_products(const BlockPair& pair, std::size_t column, std::size_t columns, double scale) {
  TwoDigits sum;
  if (columns == 1) {
    for (std::size_t i = 0; i < pair.a.size(); ++i) sum.add(pair.a[i] * pair.b[i] * scale);
  } else {
    for (std::size_t i = column; i < pair.a.size(); i += columns) sum.add(pair.a[i] * pair.b[i] * scale);
  }
  return sum;
}

/// [2] Of each factor.
std::array<double, 2> largest_factors(const BlockPair& pair, std::size_t column, std::size_t columns) {
  if (columns == 1) return {largest_size(pair.a), largest_size(pair.b)};
  std::array<double, 2> largest{};
  for (std::size_t i = column; i < pair.a.size(); i += columns) {
    largest = {std::max(largest[0], largest_size({&pair.a[i], 1})),
               std::max(largest[1], largest_size({&pair.b[i], 1}))};
  }
  return largest;
}

}  // namespace

std::vector<double> products_in_any_order(const Comm& comm, std::span<const BlockPair> pairs, std::size_t columns,
                                          std::int64_t rows) {
  std::vector<double> largest;  // of factors, not of products: the same over all ranks wherever rows are
  for (const auto& pair : pairs) {
    for (std::size_t k = 0; k < columns; ++k) {
      const auto [a, b] = largest_factors(pair, k, columns);
      largest.push_back(a), largest.push_back(b);
    }
  }
  comm.max(std::span(largest));
  std::vector<TwoDigitUnits> units;
  units.reserve(largest.size() / 2);
  for (std::size_t k = 0; k < largest.size(); k += 2) units.emplace_back(largest[k] * largest[k + 1], rows);
  constexpr auto digits = static_cast<std::size_t>(FixedPoint::kDigits);
  std::vector<double> parts(units.size() * digits, 0.0);
  const auto part = [&](std::size_t s) { return std::span<double, digits>(&parts[s * digits], digits); };
  std::size_t s = 0;
  for (const auto& pair : pairs) {
    for (std::size_t k = 0; k < columns; ++k, ++s) {
      if (!(units[s].scale > 0)) continue;
      FixedPoint::to_digits(sum_of_products(pair, k, columns, units[s].scale).value(), part(s));
    }
  }
  comm.sum(std::span(parts));
  std::vector<double> sums(units.size(), std::numeric_limits<double>::quiet_NaN());
  for (s = 0; s < sums.size(); ++s) {
    if (units[s].plain()) sums[s] = units[s].point.to_double(FixedPoint::of_digits(part(s)));
  }
  return sums;
}

FixedSums::FixedSums(const Halo& halo)
    : halo_(&halo), largest_(at(halo.owned_count()) + halo.ghosts().size(), 0.0), count_(largest_.size(), 0) {}

FixedSums::FixedSums(const Halo& halo, std::span<const double> bound) : FixedSums(halo) {
  const auto n = at(halo_->owned_count());
  std::copy(bound.begin(), bound.end(), largest_.begin());
  HaloExchange<double>(*halo_).forward(bound, std::span(largest_).subspan(n));
  std::ranges::fill(count_, 1);
  set_units();
}

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
  set_units();
}

void FixedSums::set_units() {
  slots_.reserve(largest_.size());
  for (std::size_t k = 0; k < largest_.size(); ++k) slots_.push_back({TwoDigitUnits(largest_[k], count_[k]).scale, {}});
  largest_ = {}, count_ = {};
}

std::vector<std::pair<double, double>> FixedSums::sums() {
  const auto n = halo_->owned_count();
  HaloExchange<std::int64_t> exchange(*halo_);
  for (const auto digit : {&TwoDigits::high, &TwoDigits::low}) {
    exchange.reverse_begin([&](LocalIndex g) { return slots_[at(n + g)].sum.*digit; });
    exchange.reverse_end([&](LocalIndex i, std::int64_t value) { slots_[at(i)].sum.*digit += value; });
  }
  std::vector<std::pair<double, double>> sums;
  sums.reserve(at(n));
  for (const auto& slot : std::span(slots_).first(at(n))) {
    const auto [high, low] = FixedPoint{TwoDigits::kLowBits}.to_doubles(slot.sum.value());
    const double unit = slot.scale > 0 ? 1 / slot.scale : 0.0;
    sums.emplace_back(high * unit, low * unit);
  }
  return sums;
}

}  // namespace synbal
