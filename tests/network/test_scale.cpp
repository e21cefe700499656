// The task-preserving transformation: exact invariants and extreme ranges.
#include <cmath>
#include <limits>

#include "gathered.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/random.hpp"

namespace synbal {
namespace {

using test::world;

/// A ring 0 -> 1 -> ... -> n-1 -> 0 whose weights alternate between `small` and
/// its inverse.
Network ring(GlobalIndex n, double small) {
  auto owners = Ownership::even(world(), n);
  GlobalRows rows;
  for (GlobalIndex i = owners.first(); owners.owns(i); ++i) {
    rows.column.push_back((i + n - 1) % n);
    rows.weight.push_back(i % 2 == 0 ? small : -1.0 / small);
    rows.row_ptr.push_back(static_cast<std::int64_t>(rows.column.size()));
  }
  return assemble(world(), std::move(owners), std::move(rows), Duplicates::sum, {});
}

std::vector<double> random_h(const Network& network, double spread) {
  std::vector<double> h;
  const CounterRandom random(9);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    h.push_back(spread * (2.0 * random.uniform(static_cast<std::uint64_t>(network.rows.first() + i)) - 1.0));
  }
  return h;
}

/// Product of all weights as a mantissa and a power of two.
std::pair<double, std::int64_t> product(const std::vector<test::Entry>& entries) {
  double mantissa = 1.0;
  std::int64_t exponent = 0;
  for (const auto& e : entries) {
    int shift = 0;
    mantissa = std::frexp(mantissa * e.weight, &shift);
    exponent += shift;
  }
  return {mantissa, exponent};
}

TEST(Scale, cycle_products_survive_extreme_h) {
  for (const GlobalIndex n : {2, 3, 64}) {
    for (const double small : {1.0, 1e-100, 3e-200}) {
      auto network = ring(n, small);
      const auto before = product(test::gathered(world(), network));
      const auto h = random_h(network, 100.0);
      scale_weights(world(), network, h);
      const auto after = product(test::gathered(world(), network));
      const double ratio = std::ldexp(after.first, static_cast<int>(after.second - before.second)) / before.first;
      EXPECT_NEAR(ratio, 1.0, 4.0 * kEps * static_cast<double>(n));
    }
  }
}

TEST(Scale, factors_beyond_the_range_of_doubles_bring_tiny_weights_back_to_one) {
  // e^{600} overflows nothing here: 1e-300 e^{600} = 10^{-300 + 260.6}.
  auto network = ring(2, 1e-300);
  std::vector<double> h;
  for (LocalIndex i = 0; i < network.local_size(); ++i) h.push_back(network.rows.first() + i == 0 ? -345.0 : 345.0);
  scale_weights(world(), network, h);
  for (const auto& e : test::gathered(world(), network)) {
    const long double sign = e.row == 0 ? 1.0L : -1.0L;
    const long double exact =
        sign * std::exp(690.0L * sign + std::log(static_cast<long double>(e.row == 0 ? 1e-300 : 1.0 / 1e-300)));
    EXPECT_NEAR(static_cast<double>(static_cast<long double>(e.weight) / exact), 1.0, 8.0 * kEps);
  }
}

TEST(Scale, scaled_weight_agrees_with_extended_precision) {
  const CounterRandom random(11);
  for (std::uint64_t k = 0; k < 20000; ++k) {
    const double x = 1400.0 * (2.0 * random.uniform(k, 0) - 1.0);
    const double weight =
        std::ldexp(0.5 + random.uniform(k, 1), static_cast<int>(std::lround(-x / std::log(2.0) / 2.0)));
    const long double exact = static_cast<long double>(weight) * std::exp(static_cast<long double>(x));
    const double got = scaled_weight(weight, x);
    EXPECT_LE(std::abs(static_cast<double>((static_cast<long double>(got) - exact) / exact)), 2.0 * kEps) << x;
  }
}

TEST(Scale, undoing_a_scaling_gives_the_weights_back) {
  auto network = ring(17, 0.3);
  const auto before = test::gathered(world(), network);
  auto h = random_h(network, 200.0);
  scale_weights(world(), network, h);
  for (auto& value : h) value = -value;
  scale_weights(world(), network, h);
  const auto after = test::gathered(world(), network);
  for (std::size_t e = 0; e < before.size(); ++e) {
    EXPECT_NEAR(after[e].weight / before[e].weight, 1.0, 8.0 * kEps);
  }
}

TEST(Scale, exponents_multiply_the_presynaptic_h) {
  auto network = ring(6, 0.5);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    network.nodes.exponent.push_back(1.0 + 0.1 * static_cast<double>(network.rows.first() + i));
  }
  const auto before = test::gathered(world(), network);
  const auto h = random_h(network, 1.0);
  const auto all_h = world().gather_all(std::span<const double>(h));
  scale_weights(world(), network, h);
  const auto after = test::gathered(world(), network);
  for (std::size_t e = 0; e < before.size(); ++e) {
    const double k = 1.0 + 0.1 * static_cast<double>(before[e].column);
    const double x =
        k * all_h[static_cast<std::size_t>(before[e].column)] - all_h[static_cast<std::size_t>(before[e].row)];
    EXPECT_NEAR(after[e].weight, before[e].weight * std::exp(x), 8.0 * kEps * std::abs(after[e].weight));
  }
}

TEST(Scale, weights_beyond_the_range_are_refused_on_all_ranks) {
  auto network = ring(4, 1.0);
  std::vector<double> h(static_cast<std::size_t>(network.local_size()), 0.0);
  if (network.rows.owns(3)) h[static_cast<std::size_t>(3 - network.rows.first())] = 800.0;
  EXPECT_THROW(scale_weights(world(), network, h), Error);
}

TEST(Scale, zero_stays_zero_and_infinite_logs_saturate) {
  EXPECT_EQ(scaled_weight(0.0, 1e300), 0.0);
  EXPECT_EQ(scaled_weight(2.0, -1e300), 0.0);
  EXPECT_EQ(scaled_weight(-2.0, 1e300), -std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace synbal
