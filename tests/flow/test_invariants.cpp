// The monitor is silent on true flows and tells of everything that was tampered with.
#include "flow/rule_networks.hpp"
#include "flow/weight_flow.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/flow/invariants.hpp"

namespace synbal::test {
namespace {

enum Place : std::size_t { sum_of_h, cycles, eigenvalues, cost };

/// The places of those that do not hold.
std::vector<std::size_t> violated(const InvariantMonitor& monitor) {
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < monitor.invariants().size(); ++k) {
    if (!monitor.invariants()[k].holds()) places.push_back(k);
  }
  EXPECT_EQ(places.size(), monitor.violations().size());
  return places;
}

std::vector<std::size_t> places(std::initializer_list<std::size_t> list) { return list; }

void watch(FlowSetting& s, InvariantMonitor& monitor) {
  Flow flow(s.problem, s.kernel, s.sums);
  FlowParams params;
  params.outputs = OutputTimes::logarithmic(1e-3, std::numeric_limits<double>::infinity(), 1);
  params.tolerance = 1e-9;
  const auto result = flow(s.zeros(), params, [&](const FlowMoment& m) {
    monitor.step(m.time, m.h, m.cost);
    if (m.output) monitor.output(m.time, m.h);
  });
  EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
}

TEST(Invariants, hold_along_true_flows) {
  for (const bool one_component : {true, false}) {
    FlowSetting s(random_weights(30, one_component ? 0.2 : 0.06, 1, 3, one_component), one_component ? 2 : 1);
    InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
    watch(s, monitor);
    for (const auto& line : monitor.violations()) ADD_FAILURE() << line;
    for (const auto& invariant : monitor.invariants()) EXPECT_TRUE(invariant.watched) << invariant.name;
  }
}

TEST(Invariants, hold_with_pinned_neurons_whose_components_may_drift) {
  FlowSetting s(random_weights(30, 0.2, 1, 3), 2, {{4, 5}, {}, {}});
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
  watch(s, monitor);
  for (const auto& line : monitor.violations()) ADD_FAILURE() << line;
  EXPECT_FALSE(monitor.invariants()[sum_of_h].watched);
  EXPECT_TRUE(monitor.invariants()[cycles].watched);
}

TEST(Invariants, exponents_excuse_cycles_and_eigenvalues) {
  std::vector<double> exponent(10, 1.0);
  exponent[3] = 1.4;
  FlowSetting s(random_weights(10, 0.4, 1, 3), 2, {{0}, {}, exponent});
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
  EXPECT_FALSE(monitor.invariants()[cycles].watched);
  EXPECT_FALSE(monitor.invariants()[eigenvalues].watched);
  EXPECT_NE(monitor.invariants()[cycles].note, "");
}

TEST(Invariants, a_sum_that_moves_is_told_with_its_time) {
  FlowSetting s(random_weights(20, 0.3, 1, 4));
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
  const auto h = s.active(centered(random_values(20, -1, 1, 5)));
  monitor.step(1, h, 3);
  EXPECT_EQ(violated(monitor), places({}));
  auto moved = h;
  for (double& v : moved) v += 1e-9;
  monitor.step(2, moved, 3);
  EXPECT_EQ(violated(monitor), places({sum_of_h}));
  EXPECT_EQ(monitor.invariants()[sum_of_h].time, 2);
  // n 1e-9 over sum |h|
  double size = 0;
  for (const double v : s.everywhere(h)) size += std::abs(v);
  EXPECT_NEAR(monitor.invariants()[sum_of_h].drift, 20e-9 / size, 1e-12);
  monitor.step(3, h, 3);
  EXPECT_EQ(monitor.invariants()[sum_of_h].time, 2) << "the largest drift stays on record";
}

TEST(Invariants, the_worst_component_counts) {
  Dense w(9);  // three cycles of three
  for (GlobalIndex i = 0; i < 9; ++i) w(i, i % 3 == 2 ? i - 2 : i + 1) = 1 + static_cast<double>(i);
  FlowSetting s(w);
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
  // Opposite shifts of two components cancel in the sum over all neurons.
  monitor.step(1, s.active({1e-6, 1e-6, 1e-6, 0, 0, 0, -1e-6, -1e-6, -1e-6}), 1);
  EXPECT_EQ(violated(monitor), places({sum_of_h}));
}

TEST(Invariants, a_cost_that_rises_is_told_relative_to_the_least_so_far) {
  FlowSetting s(random_weights(20, 0.3, 1, 4));
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
  for (const double c : {5.0, 4.0, 4.0, 2.0}) monitor.step(c, s.zeros(), c);
  EXPECT_EQ(violated(monitor), places({}));
  monitor.step(7, s.zeros(), 2.0001);
  EXPECT_EQ(violated(monitor), places({cost}));
  EXPECT_NEAR(monitor.invariants()[cost].drift, 5e-5, 1e-9);
}

TEST(Invariants, what_is_not_a_number_holds_nothing) {
  FlowSetting s(random_weights(20, 0.3, 1, 4));
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
  std::vector<double> h = s.zeros();
  for (double& v : h) v = std::numeric_limits<double>::quiet_NaN();
  monitor.step(1, h, std::numeric_limits<double>::quiet_NaN());
  monitor.output(1, h);
  EXPECT_EQ(violated(monitor), places({sum_of_h, cycles, eigenvalues, cost}));
}

TEST(Invariants, weights_off_the_manifold_change_cycle_products_and_eigenvalues) {
  FlowSetting s(random_weights(20, 0.3, 1, 4));
  const WeightFlow flow(s.problem, s.network, s.components, cost_balancing());
  const auto h = s.active(random_values(20, -1, 1, 6));
  InvariantParams params;
  params.cycle_limit = 1e-11;  // weights carry no h to measure rounding by
  InvariantMonitor right(s.problem, s.network, s.components, s.sums, s.zeros(), params);
  right.output(1, flow.network_with(flow.scaled(h)));
  EXPECT_EQ(violated(right), places({}));

  auto weights = flow.scaled(h);
  for (double& w : weights) w *= 1 + 1e-6;
  InvariantMonitor scaled(s.problem, s.network, s.components, s.sums, s.zeros(), params);
  scaled.output(1, flow.network_with(weights));
  EXPECT_EQ(violated(scaled), places({cycles, eigenvalues}));

  weights = flow.scaled(h);
  for (double& w : weights) w = -w;  // odd cycles change their sign, eigenvalues theirs
  InvariantMonitor flipped(s.problem, s.network, s.components, s.sums, s.zeros(), params);
  flipped.output(1, flow.network_with(weights));
  EXPECT_EQ(violated(flipped), places({cycles, eigenvalues}));
}

// Max-balancing neither keeps the sum of h nor lets the cost fall: they are not watched, and the reason is given.
TEST(Invariants, of_other_rules_are_fewer) {
  FlowSetting s(random_weights(16, 0.3, 1, 14));
  InvariantParams params;
  params.sum_of_h = max_balancing().is_gradient_flow();
  params.cost_falls = false;
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros(), params);
  Flow flow(s.problem, s.kernel, s.sums, s.network, s.components, max_balancing());
  FlowParams run;
  run.tolerance = 1e-8;
  flow(s.zeros(), run, [&](const FlowMoment& m) {
    monitor.step(m.time, m.h, m.cost);
    if (m.output) monitor.output(m.time, m.h);
  });
  EXPECT_EQ(violated(monitor), places({}));
  EXPECT_FALSE(monitor.invariants()[sum_of_h].watched);
  EXPECT_FALSE(monitor.invariants()[cost].watched);
  EXPECT_TRUE(monitor.invariants()[cycles].watched);
}

TEST(Invariants, of_nothing_hold) {
  for (const GlobalIndex n : {0, 1, 4}) {
    FlowSetting s{Dense(n)};
    InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros());
    monitor.step(1, s.zeros(), 0);
    monitor.output(1, s.zeros());
    EXPECT_EQ(violated(monitor), places({}));
    EXPECT_EQ(at(4), monitor.invariants().size());
  }
}

}  // namespace
}  // namespace synbal::test
