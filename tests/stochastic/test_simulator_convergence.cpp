// What asynchrony does and does not do to convergence: the same end, an interval that never widens, slower with age,
// and the lock step that never ends.
#include <algorithm>
#include <deque>

#include "samples.hpp"
#include "stochastic/simulator.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/route.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/stochastic/schedule_solver.hpp"

namespace synbal::test {
namespace {

BalanceParams to_the_last_digit() {
  BalanceParams params;
  params.stop = {.tolerance = 1e-15, .step_tolerance = 1e-13, .max_iterations = 50};
  return params;
}

/// A sample, its stars at the base 0, and its equilibrium.
struct Solved {
  Sample sample;
  std::vector<double> h;  // the equilibrium
  double step_left = 0;   // at h, of a neuron that is visited alone
  IncidentSynapses stars;

  Solved(const Comm& comm, const SampleParams& params, Spread spread = Spread::even)
      : sample(comm, params, spread), h(balanced(sample.problem)), stars(sample.problem, sample.network) {
    step_left = Simulator(stars, {}, h).present().max_step;
  }
  static std::vector<double> balanced(BalanceProblem& problem) {
    auto found = balance(problem, to_the_last_digit());
    problem.rebase(std::vector<double>(found.h.size(), 0.0));
    return found.h;
  }
};

SampleParams pinned_sample() {
  auto params = random_sample(120, 4, 9, 1.5);
  for (GlobalIndex g = 0; g < 120; g += 11) params.pinned.push_back(g);
  return params;
}

std::vector<ScheduleParams> one_of_each() {
  return {{.kind = ScheduleKind::sequential},
          {.kind = ScheduleKind::colored},
          {.kind = ScheduleKind::random, .step = 0.6},
          {.kind = ScheduleKind::poisson},
          {.kind = ScheduleKind::block},
          {.kind = ScheduleKind::block, .damping = 0.5, .local_sweeps = 3},
          {.kind = ScheduleKind::simulated, .blocks = 40, .delay = 4, .stragglers = 0.5, .activity = 0.7}};
}

TEST(ScheduleSolver, every_schedule_ends_where_balance_ends) {
  for (const auto& params : {random_sample(100, 8, 3), pinned_sample()}) {
    for (const auto& schedule : one_of_each()) {
      Solved solved(world(), params, Spread::ptscotch);
      ScheduleSolver solver(solved.sample.problem, solved.stars, {.stop = {.tolerance = 1e-12}, .schedule = schedule});
      std::vector<double> h(solved.h.size(), 0.0);
      const auto result = solver(h);
      EXPECT_TRUE(result.converged()) << to_string(schedule.kind);
      EXPECT_LE(result.history.back().imbalance, 1e-12) << to_string(schedule.kind);
      ComponentSums(solved.sample.problem).center(h);
      for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], solved.h[i], 1e-8) << to_string(schedule.kind);
    }
  }
}

/// Per neuron of this rank: where h - h* ends above in its component, and below with the sign turned.
struct Interval {
  std::vector<double> above, below;
};

/// Collective. Pinned neurons are where they should be: h - h* = 0.
Interval interval(const Solved& solved, const Directory& components, const std::vector<double>& h) {
  const auto& problem = solved.sample.problem;
  Interval all;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const bool grounded = problem.component()[i] == problem.grounded_component();
    const double above = h[i] - solved.h[i];
    all.above.push_back(grounded ? std::max(above, 0.0) : above);
    all.below.push_back(grounded ? std::max(-above, 0.0) : -above);
  }
  const auto largest = [&](const std::vector<double>& values) {
    const auto larger = [](double a, double b) { return std::max(a, b); };
    return components.fetch(components.reduce(values, -std::numeric_limits<double>::infinity(), larger));
  };
  return {largest(all.above), largest(all.below)};
}

/// Where both ends reach in one of several intervals.
Interval hull(const std::deque<Interval>& intervals) {
  auto all = intervals.front();
  for (const auto& one : intervals) {
    for (std::size_t c = 0; c < one.above.size(); ++c) {
      all.above[c] = std::max(all.above[c], one.above[c]);
      all.below[c] = std::max(all.below[c], one.below[c]);
    }
  }
  return all;
}

/// Collective. How far the interval of the last `window` rounds, taken together, widened beyond what it was before, at
/// most, over the rounds and the components.
double widening(const Solved& solved, const ScheduleParams& params, int rounds, std::size_t window) {
  const auto& problem = solved.sample.problem;
  const Directory components(world(), problem.component_rows(), problem.component());
  std::vector<double> start;
  for (const auto rank : solved.stars.file_rank().first(solved.h.size())) {
    start.push_back(3 * std::sin(static_cast<double>(rank * rank)));
  }
  Simulator simulator(solved.stars, params, start);
  std::deque<Interval> last(window, interval(solved, components, start));
  auto least = hull(last);
  double worst = 0;
  for (int r = 0; r < rounds; ++r) {
    simulator.round();
    last.pop_front();
    last.push_back(interval(solved, components, simulator.delta()));
    const auto now = hull(last);
    for (std::size_t c = 0; c < now.above.size(); ++c) {
      worst = std::max({worst, now.above[c] - least.above[c], now.below[c] - least.below[c]});
      least.above[c] = std::min(least.above[c], now.above[c]);
      least.below[c] = std::min(least.below[c], now.below[c]);
    }
  }
  return world().max(worst);
}

/// The rounds that can still be seen.
double widening(const Solved& solved, const ScheduleParams& params, int rounds) {
  return widening(solved, params, rounds, at(std::max<std::int64_t>(params.delay, 1)));
}

/// What h* itself is off, and the rounding of h about 10 in a logarithm and its inverse.
double allowance(const Solved& solved) { return 2 * solved.step_left + 8 * 10 * kEps; }

// The node map is monotone and commutes with adding a constant, so that nothing leaves the interval of what it is made
// of: what can still be seen, which with a delay is more than the present.
TEST(Simulator, no_staleness_ever_widens_the_interval_about_the_equilibrium) {
  for (const auto& params : {random_sample(300, 8, 3), random_sample(300, 3, 5, 1), pinned_sample()}) {
    const Solved solved(world(), params, Spread::ptscotch);
    EXPECT_LT(allowance(solved), 1e-11);
    for (const auto& schedule : one_of_each()) {
      EXPECT_LE(widening(solved, schedule, 60), allowance(solved)) << to_string(schedule.kind);
    }
  }
}

TEST(Simulator, the_present_alone_may_leave_its_interval_for_what_is_old) {
  const Solved solved(world(), random_sample(300, 8, 3));
  const ScheduleParams late{.kind = ScheduleKind::simulated, .blocks = 100, .delay = 64};
  EXPECT_GT(widening(solved, late, 100, 1), 1e-3);
  EXPECT_LE(widening(solved, late, 100, 64), allowance(solved));
  EXPECT_GT(widening(solved, late, 100, 16), 1e-3) << "the window is as long as the delay";
}

TEST(Simulator, a_thousand_late_and_slow_virtual_ranks_do_not_widen_it_either) {
  const Solved solved(world(), random_sample(4000, 8, 3));
  EXPECT_LT(allowance(solved), 1e-11);
  for (const std::int64_t delay : {0, 4, 64}) {
    const ScheduleParams schedule{.kind = ScheduleKind::simulated,
                                  .blocks = 1024,
                                  .delay = delay,
                                  .stragglers = 0.9,
                                  .straggler_factor = 8,
                                  .activity = 0.8};
    EXPECT_LE(widening(solved, schedule, 100), allowance(solved)) << "delay " << delay;
  }
}

/// Collective. Rounds until the state is balanced to the tolerance, looked at after each; -1 when it never is.
int rounds_to(double tolerance, const IncidentSynapses& stars, const ScheduleParams& params, int most) {
  Simulator simulator(stars, params, std::vector<double>(at(stars.size()), 0.0));
  for (int r = 1; r <= most; ++r) {
    simulator.round();
    if (simulator.present().l1 <= tolerance) return r;
  }
  return -1;
}

TEST(Simulator, the_older_what_is_seen_the_longer_it_takes) {
  const Sample sample(world(), random_sample(200, 8, 3));
  const IncidentSynapses stars(sample.problem, sample.network);
  int before = 0;
  for (const std::int64_t delay : {1, 4, 16, 64}) {
    const auto rounds = rounds_to(1e-10, stars, {.kind = ScheduleKind::simulated, .blocks = 16, .delay = delay}, 5000);
    EXPECT_GT(rounds, before + before / 2) << "delay " << delay;
    before = rounds;
  }
}

/// Two neurons that excite each other, c_01 = 9 c_10.
Sample two_neurons() {
  const auto rows = Ownership::even(world(), 2);
  GlobalRows own;
  for (GlobalIndex i = rows.first(); i < rows.first() + rows.count(); ++i) {
    own.column.push_back(1 - i);
    own.weight.push_back(i == 0 ? 3 : 1);
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  return {world(), assemble(world(), rows, std::move(own), Duplicates::sum, {}), 2};
}

constexpr ScheduleParams kLockStep{.kind = ScheduleKind::block, .blocks = 2, .local_sweeps = 0};

TEST(LockStep, two_neurons_swap_their_error_for_ever) {
  const auto sample = two_neurons();
  const IncidentSynapses stars(sample.problem, sample.network);
  Simulator simulator(stars, kLockStep, std::vector<double>(at(stars.size()), 0.0));
  const double l1 = simulator.present().l1;
  EXPECT_NEAR(l1, 1.6, 1e-14);  // both neurons: |9 - 1| of 10
  for (int r = 0; r < 101; ++r) simulator.round();
  EXPECT_NEAR(simulator.present().l1, l1, 1e-10);
}

TEST(LockStep, two_blocks_with_exact_solves_do_not_converge) {
  const Sample sample(world(), random_sample(20, 6, 2));
  const IncidentSynapses stars(sample.problem, sample.network);
  Simulator simulator(stars, kLockStep, std::vector<double>(at(stars.size()), 0.0));
  for (int r = 0; r < 60; ++r) simulator.round();
  const double l1 = simulator.present().l1;
  const auto here = simulator.delta();
  EXPECT_GT(l1, 1e-3);
  simulator.round();
  const auto next = simulator.delta();
  simulator.round();
  const auto back = simulator.delta();
  double one = 0, two = 0;  // the eigenvalue -1: away in one round, back in two
  for (std::size_t i = 0; i < here.size(); ++i) {
    one = std::max(one, std::abs(next[i] - here[i]));
    two = std::max(two, std::abs(back[i] - here[i]));
  }
  EXPECT_GT(world().max(one), 1e-3);
  EXPECT_LT(world().max(two), 1e-9);
  for (int r = 0; r < 60; ++r) simulator.round();
  EXPECT_NEAR(simulator.present().l1, l1, 1e-6 * l1);
}

TEST(LockStep, damping_cures_it_and_so_does_asynchrony) {
  const Sample large(world(), random_sample(20, 6, 2)), small = two_neurons();
  for (const auto* sample : {&large, &small}) {
    const IncidentSynapses stars(sample->problem, sample->network);
    auto damped = kLockStep;
    damped.damping = 0.5;
    EXPECT_GT(rounds_to(1e-12, stars, damped, 200), 0);
    auto asynchronous = kLockStep;
    asynchronous.kind = ScheduleKind::simulated;
    EXPECT_EQ(rounds_to(1e-6, stars, asynchronous, 60), -1) << "no asynchrony yet";
    asynchronous.activity = 0.5;
    EXPECT_GT(rounds_to(1e-12, stars, asynchronous, 200), 0);
    asynchronous.activity = 1;
    asynchronous.stragglers = 0.5;
    EXPECT_GT(rounds_to(1e-12, stars, asynchronous, 200), 0);
    asynchronous.stragglers = 0;
    asynchronous.delay = 3;
    EXPECT_GT(rounds_to(1e-12, stars, asynchronous, 400), 0);
  }
}

}  // namespace
}  // namespace synbal::test
