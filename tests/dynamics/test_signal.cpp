// Built-in inputs and targets.
#include <cmath>
#include <string>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/dynamics/signal.hpp"

namespace synbal {
namespace {

constexpr TimeGrid kGrid{0.1, 300, 10};
constexpr std::int64_t kTrials = 40;

std::vector<double> copy(std::span<const double> values) { return {values.begin(), values.end()}; }

// Conditions by the signs of the means of the inputs themselves: which of each pair is on.
TEST(Signal, targets_of_cdi_are_the_integrals_of_the_signal_that_counts) {
  const auto p = protocol_of("cdi:0.3", 6, kTrials, kGrid, 7);
  ASSERT_EQ(p.conditions, 8);
  const auto runs = at(8 * kTrials);
  std::vector<double> sums(6 * runs, 0.0);
  for (std::int64_t step = 0; step < kGrid.count; ++step) {
    const auto u = copy(p.input->at_step(step));
    for (std::size_t k = 0; k < u.size(); ++k) sums[k] += kGrid.step * u[k];
  }
  const auto z = copy(p.target->at_step(kGrid.count - 1));
  double square = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    const bool first_counts = sums[0 * runs + run] < sums[1 * runs + run];  // the pair (0, 1)
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(z[i * runs + run], sums[((first_counts ? 2 : 4) + i) * runs + run], 1e-12);
      square += std::pow(z[i * runs + run] - std::round(z[i * runs + run] / 30) * 30, 2);
    }
  }
  // The mean of 0 or 1 over 30 units of time, and noise of variance 0.09 a unit.
  EXPECT_NEAR(square / static_cast<double>(2 * runs), 0.09 * 30, 0.3);
  const auto early = copy(p.target->at_step(3));
  EXPECT_NE(early, z);
  EXPECT_EQ(copy(p.target->at_step(kGrid.count - 1)), z) << "whatever was asked before";
}

TEST(Signal, all_conditions_of_cdi_differ) {
  const auto p = protocol_of("cdi:0", 6, 1, kGrid, 1);
  const auto u = copy(p.input->at_step(0));
  std::vector<int> seen;
  for (std::size_t c = 0; c < 8; ++c) {
    int code = 0;
    for (std::size_t pair = 0; pair < 3; ++pair) {
      EXPECT_EQ(u[2 * pair * 8 + c] + u[(2 * pair + 1) * 8 + c], 1);
      code = 2 * code + (u[2 * pair * 8 + c] == 1 ? 1 : 0);
    }
    EXPECT_EQ(std::ranges::count(seen, code), 0);
    seen.push_back(code);
  }
}

TEST(Signal, white_noise_is_new_at_every_step_and_the_same_again) {
  const auto p = protocol_of("white:2", 3, 4000, kGrid, 3);
  const auto u = copy(p.input->at_step(5)), v = copy(p.input->at_step(6));
  EXPECT_NE(u, v);
  EXPECT_EQ(copy(p.input->at_step(5)), u);
  double square = 0;
  for (const double x : u) square += x * x;
  EXPECT_NEAR(square / static_cast<double>(u.size()), 4, 0.2);
  EXPECT_EQ(p.target, nullptr);
}

TEST(Signal, a_step_switches_one_input_on) {
  const auto p = protocol_of("step:0.5", 3, 2, kGrid, 3);
  ASSERT_EQ(p.conditions, 3);
  for (const double x : p.input->at_step(9)) EXPECT_EQ(x, 0);
  const auto u = copy(p.input->at_step(10));
  for (std::size_t m = 0; m < 3; ++m) {
    for (std::size_t run = 0; run < 6; ++run) EXPECT_EQ(u[m * 6 + run], run / 2 == m ? 0.5 : 0.0);
  }
}

TEST(Signal, what_is_no_protocol_is_refused) {
  for (const auto* words : {"cdi:", "white:x", "step:-1", "cdi"}) {
    EXPECT_THROW((void)protocol_of(words, 5, 1, kGrid, 1), Error) << words;
  }
  EXPECT_FALSE(is_protocol("noise"));
  EXPECT_TRUE(is_protocol("white:2"));
}

}  // namespace
}  // namespace synbal
