// Properties of the progress lines: how often they come, and that an ETA is given only when the trend supports it.
#include <cmath>
#include <limits>

#include "core/eta.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/progress.hpp"

namespace synbal {
namespace {

/// imbalance(t) sampled at t = 0, 1, ..., n-1.
template <class Curve>
std::vector<ProgressSample> sampled(int n, Curve&& imbalance) {
  std::vector<ProgressSample> samples;
  for (int t = 0; t < n; ++t) samples.push_back({static_cast<double>(t), imbalance(static_cast<double>(t))});
  return samples;
}

TEST(Eta, of_a_geometric_fall_is_the_time_the_formula_gives) {
  const auto samples = sampled(20, [](double t) { return std::pow(10.0, -t / 5); });
  const auto remaining = estimate_remaining_seconds(samples, 1e-10);
  ASSERT_TRUE(remaining.has_value());
  EXPECT_NEAR(*remaining, 50 - 19, 1e-9);
}

TEST(Eta, survives_small_noise_around_the_trend) {
  const auto samples = sampled(40, [](double t) { return std::exp(-t / 4 + 0.1 * std::sin(7 * t)); });
  const auto remaining = estimate_remaining_seconds(samples, std::exp(-30.0));
  ASSERT_TRUE(remaining.has_value());
  EXPECT_NEAR(*remaining, 120 - 39, 5);
}

TEST(Eta, is_zero_once_the_target_is_passed) {
  const auto samples = sampled(20, [](double t) { return std::exp(-t); });
  EXPECT_EQ(estimate_remaining_seconds(samples, 1e-3), 0.0);
}

TEST(Eta, is_unknown_when_the_trend_is_no_basis) {
  const auto unknown = [](const std::vector<ProgressSample>& samples) {
    return !estimate_remaining_seconds(samples, 1e-10).has_value();
  };
  EXPECT_TRUE(unknown({})) << "no samples";
  EXPECT_TRUE(unknown(sampled(5, [](double t) { return std::exp(-t); }))) << "too few samples";
  EXPECT_TRUE(unknown(sampled(30, [](double) { return 0.5; }))) << "stagnation";
  EXPECT_TRUE(unknown(sampled(30, [](double t) { return std::exp(t); }))) << "growth";
  EXPECT_TRUE(unknown(sampled(30, [](double t) { return std::exp(-0.01 * t + 2 * std::sin(t)); }))) << "noise";
  EXPECT_TRUE(unknown(sampled(30, [](double t) { return 1 / (1 + t * t); }))) << "algebraic decay slows down";
  EXPECT_TRUE(unknown(sampled(30, [](double t) { return std::exp(-t * t / 9); }))) << "quadratic convergence speeds up";
  EXPECT_TRUE(unknown(sampled(30, [](double t) { return t < 20 ? std::exp(-t) : 0.0; }))) << "exact balance";
  EXPECT_TRUE(unknown(sampled(30, [](double) { return std::numeric_limits<double>::quiet_NaN(); }))) << "NaN";
}

TEST(Eta, needs_a_positive_target) {
  const auto samples = sampled(20, [](double t) { return std::exp(-t); });
  EXPECT_FALSE(estimate_remaining_seconds(samples, 0.0).has_value());
}

/// Steps of Newton's method as they were measured: seconds and imbalance of each, and when the run was over.
struct Measured {
  std::vector<ProgressSample> steps;
  double end;
};
// Modular (2e5 neurons), random (5e5) and lattice (2.5e5), on one core, from where steps are whole.
const Measured kModular{{{17.1, 1.1e-6}, {18.7, 2.7e-7}, {21.5, 7.5e-8}, {23.7, 1.6e-8}, {26.4, 1.5e-9}}, 36.7};
const Measured kRandom{{{1.5, 1.4e-2}, {2.2, 1.1e-3}, {3.7, 3.0e-5}, {4.7, 1.3e-7}}, 10.2};
const Measured kLattice{{{0.7, 8e-3}, {1.4, 8.1e-4}, {7.5, 1.4e-5}, {9.6, 4.6e-9}}, 15.6};

TEST(Eta, of_newton_steps_is_right_within_a_factor_of_three) {
  for (const auto& [steps, end] : {kModular, kRandom, kLattice}) {
    for (std::size_t k = 3; k <= steps.size(); ++k) {
      if (&steps == &kModular.steps && k == 3) continue;
      const auto left = detail::seconds_of_steps(std::span(steps).first(k), 1e-10);
      ASSERT_TRUE(left.has_value());
      const double truth = end - steps[k - 1].seconds;
      EXPECT_GT(*left, truth / 3) << k;
      EXPECT_LT(*left, truth * 3) << k;
    }
  }
}

TEST(Eta, of_steps_is_unknown_while_they_hardly_help) {
  EXPECT_FALSE(detail::seconds_of_steps(sampled(2, [](double t) { return std::exp(-t); }), 1e-10));
  EXPECT_FALSE(detail::seconds_of_steps(sampled(9, [](double t) { return std::exp(-t / 9); }), 1e-10));
  EXPECT_FALSE(detail::seconds_of_steps(sampled(9, [](double t) { return std::exp(t); }), 1e-10));
  EXPECT_FALSE(detail::seconds_of_steps(sampled(9, [](double) { return 0.0; }), 1e-10));
}

TEST(Eta, of_steps_that_fall_evenly_counts_them) {
  const auto left = detail::seconds_of_steps(sampled(5, [](double t) { return std::pow(10.0, -t); }), 1e-10);
  ASSERT_TRUE(left.has_value());
  EXPECT_NEAR(*left, 6 + 2, 1e-9);  // from 1e-4 to 1e-10, and two to judge
}

TEST(Progress, tells_how_many_iterations_are_usual_until_an_eta_is_known) {
  Progress progress("balance", 0.0, 0.0);
  progress.expect("15 to 20 iterations");
  EXPECT_NE(progress.advance(1, 1, 1.0, 0.5, 1e-10)->find("ETA unknown (15 to 20 iterations are usual)"),
            std::string::npos);
  std::optional<std::string> line;
  for (int k = 2; k < 6; ++k) line = progress.advance(k, k, 1.0, std::pow(10.0, -k), 1e-10);
  EXPECT_NE(line->find("ETA 7 s"), std::string::npos) << *line;
}

TEST(Progress, goes_on_within_a_long_step_and_its_eta_with_it) {
  Progress progress("balance", 0.0, 0.0);
  for (int k = 1; k < 6; ++k) (void)progress.advance(k, k, 1.0, std::pow(10.0, -k), 1e-10);
  const auto line = progress.advance(8, SolveStatus{.iteration = 40, .residual = 1e-2, .target = 1e-3});
  EXPECT_EQ(*line,
            "balance: iteration 5, cost 1.000000e+00, imbalance 1.00e-05, in its step (Krylov iteration 40, "
            "residual 1.0e-02, to 1e-03), elapsed 8 s, ETA 4 s");
}

TEST(Progress, foresees_the_end_of_a_solve_alone_and_forgets_the_one_before) {
  Progress progress("laplacian", 0.0, 0.0);
  std::optional<std::string> line;
  for (const int start : {0, 100}) {
    for (int k = 1; k <= 20; ++k) {
      line = progress.advance(start + k, SolveStatus{k, std::pow(10.0, -0.2 * k), 1e-8});
    }
  }
  EXPECT_EQ(*line,
            "laplacian: iteration 20 of a solve, residual 1.00e-04 (to 1e-08), elapsed 2 min 00 s, ETA of it 20 s");
}

TEST(Progress, names_no_target_of_a_solve_that_has_none_yet) {
  Progress progress("laplacian", 0.0, 0.0);
  EXPECT_EQ(*progress.advance(70, SolveStatus{.iteration = 9, .residual = 1, .target = 0}),
            "laplacian: iteration 9 of a solve, elapsed 1 min 10 s");
}

TEST(Progress, speaks_first_after_the_first_pause_and_then_once_a_pause) {
  Progress progress("balance", 2.0, 10.0);
  std::vector<double> spoken;
  for (int k = 0; k <= 350; ++k) {
    const double seconds = 0.1 * k;
    if (progress.advance(seconds, k, 1.0, std::exp(-seconds))) spoken.push_back(seconds);
  }
  ASSERT_EQ(spoken.size(), 4u);
  EXPECT_NEAR(spoken[0], 2, 0.11);
  EXPECT_NEAR(spoken[1], 12, 0.11);
  EXPECT_NEAR(spoken[3], 32, 0.11);
}

TEST(Progress, line_carries_iteration_cost_imbalance_elapsed_and_eta) {
  Progress progress("balance", 20.0, 10.0);
  std::optional<std::string> line;
  for (int k = 0; k <= 20; ++k) line = progress.advance(k, k, 12.5, std::exp(-0.5 * k), std::exp(-20.0));
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(*line, "balance: iteration 20, cost 1.250000e+01, imbalance 4.54e-05, elapsed 20 s, ETA 20 s");
}

TEST(Progress, line_says_when_the_eta_is_unknown_and_omits_it_without_a_target) {
  Progress progress("flow", 0.0, 0.0);
  EXPECT_NE(progress.advance(1, 1, 1.0, 0.5, 1e-10)->find("ETA unknown"), std::string::npos);
  EXPECT_EQ(progress.advance(2, 2, 1.0, 0.5)->find("ETA"), std::string::npos);
}

TEST(Progress, eta_of_a_long_run_follows_its_later_half) {
  Progress progress("balance", 0.0, 0.0);
  std::optional<std::string> line;
  for (int k = 0; k <= 10000; ++k) {
    const double t = 1e-2 * k;  // falls quickly for 10 s, then by exp(-t/10)
    line = progress.advance(t, k, 1.0, t < 10 ? std::exp(-t) : std::exp(-9 - t / 10), std::exp(-29.0));
  }
  EXPECT_NE(line->find("ETA 1 min 40 s"), std::string::npos) << *line;
}

TEST(Duration, reads_as_a_person_would_write_it) {
  EXPECT_EQ(format_duration(0.4), "0 s");
  EXPECT_EQ(format_duration(59.4), "59 s");
  EXPECT_EQ(format_duration(59.6), "1 min 00 s");
  EXPECT_EQ(format_duration(200), "3 min 20 s");
  EXPECT_EQ(format_duration(7512), "2 h 05 min");
}

}  // namespace
}  // namespace synbal
