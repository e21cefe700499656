// When a trajectory is recorded: every kind of output times, from any time on.
#include <cmath>
#include <limits>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/flow/flow_params.hpp"

namespace synbal::test {
namespace {

std::vector<double> all_of(const OutputTimes& times, double start = 0, std::size_t most = 1000) {
  std::vector<double> found;
  for (auto t = times.after(start); t && found.size() < most; t = times.after(*t)) found.push_back(*t);
  return found;
}

TEST(OutputTimes, linear_ones_divide_the_run_evenly_and_end_exactly_at_the_end) {
  for (const double end : {1e-7, 0.3, 1.0, 7e11}) {
    for (const std::int64_t count : {1, 3, 10, 999}) {
      const auto times = all_of(OutputTimes::linear(end, count));
      EXPECT_EQ(std::ssize(times), count);
      EXPECT_EQ(times.back(), end);
      for (std::size_t k = 0; k < times.size(); ++k) {
        EXPECT_NEAR(times[k], end * static_cast<double>(k + 1) / static_cast<double>(count), 1e-15 * end);
      }
      EXPECT_EQ(OutputTimes::linear(end, count).count(), count);
    }
  }
}

TEST(OutputTimes, linear_ones_begin_where_the_run_does_and_take_no_memory) {
  const auto times = all_of(OutputTimes::linear(4, 4, 2), 2);
  EXPECT_EQ(times, (std::vector<double>{2.5, 3, 3.5, 4}));
  const auto many = OutputTimes::linear(4, std::int64_t{1} << 40, 2);
  EXPECT_EQ(many.after(3), 3 + std::ldexp(1.0, -39));
  EXPECT_THROW(OutputTimes::linear(2, 3, 2), Error);
}

TEST(OutputTimes, logarithmic_ones_have_equal_ratios_and_end_exactly_at_the_end) {
  for (const std::int64_t per_decade : {1, 3, 20}) {
    const auto output = OutputTimes::logarithmic(1e-3, 1e3, per_decade);
    const auto times = all_of(output);
    EXPECT_EQ(std::ssize(times), 6 * per_decade + 1);
    EXPECT_EQ(output.count(), 6 * per_decade + 1);
    EXPECT_EQ(times.front(), 1e-3);
    EXPECT_EQ(times.back(), 1e3);
    for (std::size_t k = 1; k < times.size(); ++k) {
      EXPECT_NEAR(std::log10(times[k] / times[k - 1]), 1.0 / static_cast<double>(per_decade), 1e-12);
    }
  }
}

TEST(OutputTimes, logarithmic_ones_without_end_go_on) {
  const auto output = OutputTimes::logarithmic(2, kInfinity, 2);
  EXPECT_FALSE(output.count());
  const auto times = all_of(output, 1e100, 7);
  EXPECT_EQ(times.size(), 7U);
  for (std::size_t k = 1; k < times.size(); ++k) EXPECT_NEAR(times[k] / times[k - 1], std::sqrt(10.0), 1e-9);
  EXPECT_FALSE(output.after(1.7e308));
}

TEST(OutputTimes, an_end_off_the_grid_follows_its_last_time) {
  const auto times = all_of(OutputTimes::logarithmic(1, 250, 1));
  EXPECT_EQ(times, (std::vector<double>{1, 10, 100, 250}));
  EXPECT_EQ(OutputTimes::logarithmic(1, 250, 1).count(), 4);
  EXPECT_EQ(all_of(OutputTimes::logarithmic(5, 2, 3)), std::vector<double>{2});
  EXPECT_EQ(OutputTimes::logarithmic(5, 2, 3).count(), 1);
}

TEST(OutputTimes, listed_ones_are_sorted_and_told_once) {
  const auto output = OutputTimes::listed({3, 0, 1, 3, 2.5});
  EXPECT_EQ(all_of(output), (std::vector<double>{1, 2.5, 3}));
  EXPECT_EQ(all_of(output, 1), (std::vector<double>{2.5, 3}));
  EXPECT_EQ(output.count(), 4);
  EXPECT_TRUE(all_of(OutputTimes::listed({})).empty());
}

TEST(OutputTimes, the_next_one_is_always_later_and_none_is_skipped) {
  for (const auto& output :
       {OutputTimes::linear(7, 7000), OutputTimes::linear(0.1, 3000, 0.001), OutputTimes::logarithmic(1e-9, 1e9, 37)}) {
    const auto times = all_of(output, 0, 10'000);
    EXPECT_EQ(output.count(), std::ssize(times));
    for (std::size_t k = 0; k + 1 < times.size(); ++k) {
      ASSERT_LT(times[k], times[k + 1]);
      EXPECT_EQ(output.after(std::nextafter(times[k + 1], 0.0)), times[k + 1]);
      EXPECT_EQ(output.after(0.5 * (times[k] + times[k + 1])), times[k + 1]);
    }
    EXPECT_FALSE(output.after(times.back()));
  }
}

TEST(OutputTimes, impossible_ones_are_refused) {
  EXPECT_THROW(OutputTimes::linear(0, 3), Error);
  EXPECT_THROW(OutputTimes::linear(1, 0), Error);
  EXPECT_THROW(OutputTimes::linear(kInfinity, 3), Error);
  EXPECT_THROW(OutputTimes::logarithmic(0, 1, 3), Error);
  EXPECT_THROW(OutputTimes::logarithmic(1, 2, 0), Error);
  EXPECT_THROW(OutputTimes::listed({1, -2}), Error);
  EXPECT_THROW(OutputTimes::listed({std::nan("")}), Error);
}

}  // namespace
}  // namespace synbal::test
