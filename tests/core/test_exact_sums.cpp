// Sums that any order adds up alike, against integers that are known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/core/exact_sum.hpp"
#include "synbal/core/fixed_point.hpp"

namespace synbal::test {
namespace {

double exact(const std::vector<double>& values) {
  ExactSum sum;
  for (const double x : values) sum.add(x);
  return sum.value();
}

std::vector<double> wide_values(std::size_t count) {
  std::mt19937_64 random(3);
  std::vector<double> values;
  for (std::size_t k = 0; k < count; ++k) {
    const auto mantissa = static_cast<double>(static_cast<std::int64_t>(random() >> 11)) - 0x1p52;
    values.push_back(std::ldexp(mantissa, static_cast<int>(random() % 600) - 300));
  }
  return values;
}

TEST(ExactSum, nothing_is_lost) {
  EXPECT_EQ(exact({}), 0);
  EXPECT_EQ(exact({1, 1e300, 1e-300, -1e300}), 1);  // and 1e-300, which no double beside 1 shows
  EXPECT_EQ(exact({1e300, 1e-300, -1e300}), 1e-300);
  EXPECT_EQ(exact({-3, 0x1p-1074}), -3);
  EXPECT_EQ(exact({0x1p-1074, 0x1p-1074}), 0x1p-1073);
  EXPECT_EQ(exact({std::numeric_limits<double>::max(), -1e292, 1e292}), std::numeric_limits<double>::max());
  EXPECT_EQ(exact(std::vector<double>(1000, 0.1)), 100.0);  // one after the other they make 99.9999999999986
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(exact({1, infinity, -2}), infinity);
  EXPECT_TRUE(std::isnan(exact({1, infinity, std::numeric_limits<double>::quiet_NaN(), -2})));
  EXPECT_EQ(exact({0x1p53, 0.5, 0.5, 0.5, 0.5}), 0x1p53 + 2);  // each is lost in a sum of doubles
  EXPECT_EQ(exact({std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::min()}),
            std::numeric_limits<double>::min() + std::numeric_limits<double>::denorm_min());
}

TEST(ExactSum, any_order_gives_the_same_bits) {
  auto values = wide_values(2000);
  const double sum = exact(values);
  std::mt19937_64 random(4);
  for (int k = 0; k < 5; ++k) {
    std::shuffle(values.begin(), values.end(), random);
    EXPECT_EQ(exact(values), sum);
  }
  for (std::size_t k = 0; k < 1000; ++k) values.push_back(-values[k]);
  const std::vector<double> rest(values.begin() + 1000, values.begin() + 2000);
  EXPECT_EQ(exact(values), exact(rest));
}

TEST(ExactSum, ranks_sum_what_one_would) {
  const auto values = wide_values(3000);
  ExactSum own;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (static_cast<int>(k * 7 % at(world().size())) == world().rank()) own.add(values[k]);
  }
  EXPECT_EQ(sum_exactly(world(), own), exact(values));
}

TEST(TwoDigits, ranks_sum_what_one_would) {
  std::mt19937_64 random(5);
  std::vector<double> values;
  values.reserve(3000);
  for (int k = 0; k < 3000; ++k) values.push_back(std::ldexp(static_cast<double>(random() >> 11), -53) - 0.5);
  const TwoDigitUnits units(1, 3000);
  std::vector<TwoDigits> own(2);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool mine = static_cast<int>(k * 7 % at(world().size())) == world().rank();
    if (mine) own[0].add(values[k] * units.scale), own[1].add(-values[k] * units.scale);
  }
  sum_over_ranks(world(), own);
  EXPECT_EQ(units.to_double(own[0]), exact(values));
  EXPECT_EQ(units.to_double(own[1]), -exact(values));
}

TEST(TwoDigits, what_is_below_the_unit_is_cut_off) {
  const TwoDigitUnits units(1, 1000);
  const auto sum = [&](std::initializer_list<double> terms) {
    TwoDigits digits;
    for (const double x : terms) digits.add(x * units.scale);
    return digits;
  };
  EXPECT_EQ(units.to_double(sum({0.75, -0.5})), 0.25);
  EXPECT_EQ(units.to_double(sum({0x1p-60, 0x1p-80})), 0x1p-60 + 0x1p-80);
  EXPECT_EQ(units.to_double(sum({0x1p-200})), 0);
  const auto [high, low] = units.to_doubles(sum({1.0, 0x1p-70}));
  EXPECT_EQ(high, 1.0);
  EXPECT_EQ(low, 0x1p-70);
  EXPECT_TRUE(std::isnan(TwoDigitUnits(std::numeric_limits<double>::infinity(), 2).to_double({})));
}

/// Every rank adds to every place, those of others as ghosts.
TEST(FixedSums, places_get_what_all_ranks_add_to_them) {
  const auto ownership = Ownership::even(world(), 9);
  std::vector<GlobalIndex> others;
  for (GlobalIndex g = 0; g < 9; ++g) {
    if (!ownership.owns(g)) others.push_back(g);
  }
  const Halo halo(world(), ownership, others);
  const auto term = [](GlobalIndex g, int rank) {
    return std::ldexp(1.0 + static_cast<double>(rank), static_cast<int>(g) * 20 - 80);
  };
  FixedSums sums(halo);
  for (GlobalIndex g = 0; g < 9; ++g) sums.expect(halo.local(g), term(g, world().rank()));
  sums.settle();
  for (GlobalIndex g = 0; g < 9; ++g) sums.add(halo.local(g), term(g, world().rank()));
  const auto found = sums.sums();
  const int p = world().size();
  for (LocalIndex i = 0; i < ownership.count(); ++i) {
    const auto g = static_cast<int>(ownership.first() + i);
    EXPECT_EQ(found[at(i)].first, std::ldexp(p * (p + 1) / 2, g * 20 - 80));
    EXPECT_EQ(found[at(i)].second, 0);
  }
}

}  // namespace
}  // namespace synbal::test
