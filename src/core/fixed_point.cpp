// Shifts, and what ghosts bring home.
#include "synbal/core/fixed_point.hpp"

#include <array>
#include <iterator>

namespace synbal {

namespace {

constexpr int kHighBits = 62;         // of the high digit
constexpr int kLeastExponent = -900;  // of what is scaled, so that the factor is a double

__extension__ typedef __int128 WideInteger;  // NOLINT: __extension__ allows no `using`

WideInteger value_of(const TwoDigits& sum) {
  return static_cast<WideInteger>(sum.high) * (std::int64_t{1} << TwoDigits::kLowBits) + sum.low;
}

}  // namespace

TwoDigitUnits::TwoDigitUnits(double largest, std::int64_t count) noexcept {
  if (!std::isfinite(largest)) scale = std::numeric_limits<double>::quiet_NaN();
  if (!(largest > 0) || !std::isfinite(largest)) return;
  const auto width_of_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count)));
  const int bits = kHighBits - width_of_count - (std::max(std::ilogb(largest), kLeastExponent) + 1);
  scale = std::ldexp(1.0, bits), shift = bits + TwoDigits::kLowBits;
}

TwoDigitUnits::TwoDigitUnits(double unit) noexcept : scale(1 / unit), shift(TwoDigits::kLowBits - std::ilogb(unit)) {}

double TwoDigitUnits::to_double(const TwoDigits& sum) const noexcept {
  return plain() ? std::ldexp(static_cast<double>(value_of(sum)), -shift) : std::numeric_limits<double>::quiet_NaN();
}

std::pair<double, double> TwoDigitUnits::to_doubles(const TwoDigits& sum) const noexcept {
  const auto value = value_of(sum);
  const auto high = static_cast<double>(value);
  const auto low = static_cast<double>(value - static_cast<WideInteger>(high));
  return {std::ldexp(high, -shift), std::ldexp(low, -shift)};
}

void sum_over_ranks(const Comm& comm, std::span<TwoDigits> sums) {
  std::vector<std::int64_t> digits;
  digits.reserve(2 * sums.size());
  for (const auto& sum : sums) digits.push_back(sum.high), digits.push_back(sum.low);
  comm.sum(std::span(digits));
  for (std::size_t k = 0; k < sums.size(); ++k) sums[k] = {digits[2 * k], digits[2 * k + 1]};
}

double largest_size(std::span<const double> values) noexcept {
  LargestSize largest;
  for (const double x : values) largest.meet(x);
  return largest.value();
}

namespace {

TwoDigits sum_of_products(std::span<const double> a, std::span<const double> b, std::size_t column, std::size_t columns,
                          double scale) {
  TwoDigits sum;
  if (columns == 1) {
    for (std::size_t i = 0; i < a.size(); ++i) sum.add(a[i] * b[i] * scale);
  } else {
    for (std::size_t i = column; i < a.size(); i += columns) sum.add(a[i] * b[i] * scale);
  }
  return sum;
}

/// [columns] The largest size in each.
std::vector<double> largest_sizes(std::span<const double> block, std::size_t columns) {
  if (columns == 1) return {largest_size(block)};
  std::vector<LargestSize> largest(columns);
  for (std::size_t i = 0; i < block.size(); ++i) largest[i % columns].meet(block[i]);
  std::vector<double> values(columns);
  std::ranges::transform(largest, values.begin(), &LargestSize::value);
  return values;
}

}  // namespace

std::vector<double> products_in_any_order(const Comm& comm, std::span<const std::span<const double>> blocks,
                                          std::span<const BlockPair> pairs, std::size_t columns, std::int64_t rows) {
  std::vector<double> largest;  // [blocks x columns] of factors, not of products: the same wherever rows are
  for (const auto& block : blocks) std::ranges::copy(largest_sizes(block, columns), std::back_inserter(largest));
  comm.max(std::span(largest));
  std::vector<TwoDigitUnits> units;
  units.reserve(pairs.size() * columns);
  for (const auto& pair : pairs) {
    for (std::size_t k = 0; k < columns; ++k) {
      units.emplace_back(largest[pair.a * columns + k] * largest[pair.b * columns + k], rows);
    }
  }
  std::vector<TwoDigits> products(units.size());
  std::size_t s = 0;
  for (const auto& pair : pairs) {
    for (std::size_t k = 0; k < columns; ++k, ++s) {
      if (units[s].scale > 0) products[s] = sum_of_products(blocks[pair.a], blocks[pair.b], k, columns, units[s].scale);
    }
  }
  sum_over_ranks(comm, products);
  std::vector<double> sums(units.size());
  for (s = 0; s < sums.size(); ++s) sums[s] = units[s].to_double(products[s]);
  return sums;
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
  slots_.reserve(largest_.size());
  for (std::size_t k = 0; k < largest_.size(); ++k) slots_.push_back({TwoDigitUnits(largest_[k], count_[k])});
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
  for (const auto& slot : std::span(slots_).first(at(n))) sums.push_back(slot.units.to_doubles(slot.sum));
  return sums;
}

}  // namespace synbal
