// Carries, and the way to a double and over the ranks.
#include "synbal/core/exact_sum.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace synbal {

namespace {
constexpr int kLowest = -1074;  // of the last bit of all
constexpr std::int64_t kBase = std::int64_t{1} << ExactSum::kDigitBits;
}  // namespace

void ExactSum::normalise() noexcept {
  std::int64_t carry = 0;
  for (std::size_t k = 0; k + 1 < kDigits; ++k) {
    const auto sum = digits_[k] + carry;
    carry = sum >> kDigitBits;  // towards minus infinity
    digits_[k] = sum - carry * kBase;
  }
  digits_.back() += carry;
}

double ExactSum::value() const noexcept {
  auto sum = *this;
  sum.normalise();
  if (sum.digits_.back() >= kNoNumber / 2) return std::numeric_limits<double>::quiet_NaN();
  if (sum.digits_.back() >= kInfinite / 2) return std::numeric_limits<double>::infinity();
  const bool negative = sum.digits_.back() < 0;
  if (negative) {
    for (auto& digit : sum.digits_) digit = -digit;
    sum.normalise();
  }
  // Of the three highest digits; what is below is less than an ulp.
  std::size_t highest = kDigits;
  while (highest > 0 && sum.digits_[highest - 1] == 0) --highest;
  double value = 0;
  for (std::size_t k = highest; k > 0 && k + 3 > highest; --k) {
    const int exponent = kLowest + static_cast<int>((k - 1) * kDigitBits);
    value += std::ldexp(static_cast<double>(sum.digits_[k - 1]), exponent);
  }
  return negative ? -value : value;
}

void ExactSum::to_digits(std::span<double> digits) const noexcept {
  auto sum = *this;
  sum.normalise();
  for (std::size_t k = 0; k < kDigits; ++k) digits[k] = static_cast<double>(sum.digits_[k]);
}

ExactSum ExactSum::of_digits(std::span<const double> digits) noexcept {
  ExactSum sum;
  for (std::size_t k = 0; k < kDigits; ++k) sum.digits_[k] = static_cast<std::int64_t>(digits[k]);
  return sum;
}

void sum_exactly(const Comm& comm, std::span<const ExactSum> own, std::span<double> sums) {
  std::vector<double> digits(own.size() * ExactSum::kDigits);
  const auto of = [&](std::size_t k) { return std::span(digits).subspan(k * ExactSum::kDigits, ExactSum::kDigits); };
  for (std::size_t k = 0; k < own.size(); ++k) own[k].to_digits(of(k));
  comm.sum(std::span(digits));
  for (std::size_t k = 0; k < own.size(); ++k) sums[k] = ExactSum::of_digits(of(k)).value();
}

double sum_exactly(const Comm& comm, const ExactSum& own) {
  double sum = 0;
  sum_exactly(comm, {&own, 1}, {&sum, 1});
  return sum;
}

}  // namespace synbal
