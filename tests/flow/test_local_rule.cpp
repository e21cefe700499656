// Local rules: the built-in ones against what they are known to lead to, and how to write one's own.
#include "flow/max_balance.hpp"
#include "flow/rule_networks.hpp"
#include "flow/run.hpp"

namespace synbal::test {
namespace {

FlowParams to_rest(double tolerance = 1e-11) {
  FlowParams params;
  params.tolerance = tolerance;
  params.integrator.relative_tolerance = 1e-6;
  params.integrator.absolute_tolerance = 1e-8;
  params.integrator.max_steps = 20'000;
  return params;
}

FlowResult run(FlowSetting& s, const LocalRule& rule, const FlowParams& params, const FlowObserver& observer = {}) {
  return Flow(s.problem, s.kernel, s.sums, s.network, s.components, rule)(s.zeros(), params, observer);
}

void expect_equal(std::span<const double> found, std::span<const double> expected, double scale) {
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], scale);
}

// ---- cost balancing

void expect_the_cost_flow(FlowSetting& s, std::uint64_t seed) {
  RuleFlow by_rule(s.problem, s.network, s.components, s.sums, cost_balancing());
  CostFlow by_kernel(s.problem, s.kernel, s.sums);
  const auto h = s.active(random_values(s.network.size(), -1, 1, seed));
  const auto v = s.active(random_values(s.network.size(), -1, 1, seed + 1));
  auto a = s.zeros(), b = s.zeros();
  EXPECT_TRUE(by_kernel.derivative(h, b));
  EXPECT_TRUE(by_rule.derivative(h, a));
  const double scale = 1e-12 * (1 + by_kernel.costs().total);
  expect_equal(a, b, scale);
  EXPECT_TRUE(by_rule.symmetric());
  by_kernel.product(v, b);
  by_rule.product(v, a);
  expect_equal(a, b, 10 * scale);
  by_kernel.diagonal(b);
  by_rule.diagonal(a);
  expect_equal(a, b, 10 * scale);
}

TEST(LocalRule, cost_balancing_is_the_cost_flow_whatever_the_network_carries) {
  for (const double power : {0.7, 1.0, 2.0}) {
    for (const GlobalIndex n : {2, 3, 17, 40}) {
      const auto dense = random_weights(n, 0.3, 1, static_cast<std::uint64_t>(n));
      FlowSetting plain(dense, power);
      expect_the_cost_flow(plain, 3);
      FlowSetting gains(dense, power, {{}, random_values(n, 0.2, 3, 5), {}});
      expect_the_cost_flow(gains, 4);
      FlowSetting pinned(dense, power, {{0, n / 2}, random_values(n, 0.2, 3, 5), {}});
      expect_the_cost_flow(pinned, 5);
      FlowSetting exponents(dense, power, {{0, n / 2}, {}, random_values(n, 0.5, 2, 6)});
      expect_the_cost_flow(exponents, 6);
    }
  }
}

TEST(LocalRule, cost_balancing_sees_the_same_synapses_in_networks_of_many_components) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    FlowSetting free(random_weights(30, 0.05, 1, seed, false));
    expect_the_cost_flow(free, seed);
    FlowSetting pinned(random_weights(30, 0.05, 1, seed, false), 2, {{3, 4, 17, 29}, {}, {}});
    expect_the_cost_flow(pinned, seed);
  }
}

// ---- product balancing

/// Least squares of log c_ij + p (h_j - h_i) over all synapses, h = 0 where pinned or (without pinned neurons) of zero
/// mean.
std::vector<double> least_squares(const Dense& weights, double p, const std::vector<GlobalIndex>& pinned) {
  const auto n = at(weights.n);
  std::vector<std::vector<double>> a(n, std::vector<double>(n, 0.0));
  std::vector<double> b(n, 0.0);
  std::vector<bool> fixed(n, false);
  for (const auto i : pinned) fixed[at(i)] = true;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double w = weights(static_cast<GlobalIndex>(i), static_cast<GlobalIndex>(j));
      if (i == j || w == 0 || (fixed[i] && fixed[j])) continue;
      const double log_cost = p * std::log(std::abs(w));
      a[i][i] += p, a[j][j] += p, a[i][j] -= p, a[j][i] -= p;
      b[i] += log_cost, b[j] -= log_cost;
    }
  }
  if (pinned.empty()) {
    for (auto& row : a) {
      for (double& v : row) v += 1;  // the mean
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (!fixed[i]) continue;
    std::fill(a[i].begin(), a[i].end(), 0.0);
    a[i][i] = 1, b[i] = 0;
  }
  return solve_dense(std::move(a), std::move(b));
}

TEST(LocalRule, product_balancing_ends_at_the_least_squares_of_the_logarithms) {
  for (const GlobalIndex n : {2, 24}) {
    for (const bool pin_some : {false, true}) {
      const auto dense = random_weights(n, 0.25, 2, 11 + static_cast<std::uint64_t>(n));
      const std::vector<GlobalIndex> pinned = pin_some ? std::vector<GlobalIndex>{n / 2} : std::vector<GlobalIndex>{};
      FlowSetting s(dense, 1.5, {pinned, {}, {}});
      const auto result = run(s, product_balancing(), to_rest());
      EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
      const auto h = s.everywhere(result.h), expected = least_squares(dense, 1.5, pinned);
      expect_equal(h, expected, 1e-8);
    }
  }
}

TEST(LocalRule, product_balancing_leaves_equal_products_on_both_sides_of_every_neuron) {
  FlowSetting s(random_weights(20, 0.2, 1, 4), 2);
  RuleFlow flow(s.problem, s.network, s.components, s.sums, product_balancing());
  const auto result = run_flow(*system_of(flow, s.problem, s.kernel), s.zeros(), to_rest());
  auto g = s.zeros();
  flow.derivative(result.h, g);
  for (std::size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(flow.in()[i], flow.out()[i], 1e-8);
}

// ---- max-balancing

std::vector<std::vector<double>> log_costs(const Dense& weights, double p) {
  const auto n = at(weights.n);
  std::vector<std::vector<double>> w(n, std::vector<double>(n, -std::numeric_limits<double>::infinity()));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double weight = std::abs(weights(static_cast<GlobalIndex>(i), static_cast<GlobalIndex>(j)));
      if (i != j && weight > 0) w[i][j] = p * std::log(weight);
    }
  }
  return w;
}

/// max over the synapses that enter the set `members`, less that over those that leave it.
double log_imbalance(const std::vector<std::vector<double>>& w, const std::vector<double>& ph, unsigned members) {
  double in = -std::numeric_limits<double>::infinity(), out = in;
  for (std::size_t i = 0; i < w.size(); ++i) {
    for (std::size_t j = 0; j < w.size(); ++j) {
      const bool to = (members >> i & 1U) != 0, from = (members >> j & 1U) != 0;
      const double now = w[i][j] + ph[j] - ph[i];
      if (to && !from) in = std::max(in, now);
      if (from && !to) out = std::max(out, now);
    }
  }
  return in - out;
}

TEST(MaxBalancer, the_serial_truth_balances_every_cut) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto w = log_costs(random_weights(7, 0.35, 1, seed), 2);
    const auto ph = MaxBalancer(w)();
    for (unsigned members = 1; members + 1 < 1U << 7; ++members) EXPECT_NEAR(log_imbalance(w, ph, members), 0, 1e-9);
  }
}

TEST(LocalRule, max_balancing_ends_with_equal_maxima_on_both_sides_of_every_neuron) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const GlobalIndex n = 4 + 4 * static_cast<GlobalIndex>(seed);
    const auto dense = random_weights(n, 0.3, 1, seed);
    FlowSetting s(dense, 1.5);
    const auto result = run(s, max_balancing(), to_rest(1e-10));
    EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
    auto ph = s.everywhere(result.h);
    for (double& v : ph) v *= 1.5;
    const auto w = log_costs(dense, 1.5);
    for (unsigned i = 0; i < at(n); ++i) EXPECT_NEAR(log_imbalance(w, ph, 1U << i), 0, 1e-7) << seed << " " << i;
  }
}

// With three neurons every cut separates one neuron from the others, and on a single cycle all costs become equal:
// there the rest of the local rule is the max-balanced matrix, which is unique.
TEST(LocalRule, max_balancing_finds_the_max_balanced_matrix_where_neurons_determine_it) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const bool cycle = seed == 0;
    const auto dense = random_weights(cycle ? 8 : 3, cycle ? 0.0 : 0.8, 1, seed);
    FlowSetting s(dense, 2);
    const auto result = run(s, max_balancing(), to_rest(1e-9));
    EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
    auto ph = centered(s.everywhere(result.h));
    for (double& v : ph) v *= 2;
    expect_equal(ph, MaxBalancer(log_costs(dense, 2))(), 1e-7);
  }
}

TEST(LocalRule, cost_balancing_tends_to_the_max_balanced_matrix_for_large_p) {
  const auto dense = random_weights(6, 0.4, 1, 8);
  const auto truth = MaxBalancer(log_costs(dense, 1))();
  std::vector<double> distance;
  for (const double p : {50.0, 200.0}) {
    const Balanced balanced(world(), network_of(world(), dense), p);
    const auto h = centered(balanced.h(world()));
    double worst = 0;
    for (std::size_t i = 0; i < h.size(); ++i) worst = std::max(worst, std::abs(h[i] - truth[i]));
    distance.push_back(worst);
  }
  EXPECT_LT(distance[0], 0.1);
  EXPECT_LT(distance[1], 0.5 * distance[0]);
}

// ---- one's own rule

// All it takes: what a synapse contributes. Sums of the roots of costs |J|^2 are sums of |J|: balancing with p = 1.
TEST(OwnRule, roots_of_costs_balance_like_costs_of_half_the_power) {
  LocalRule roots;
  roots.name = "roots";
  roots.contribution = [](SynapseCost c) { return std::sqrt(c.value()); };

  const auto dense = random_weights(20, 0.3, 1, 21);
  FlowSetting squares(dense, 2), ones(dense, 1);
  RuleFlow flow(squares.problem, squares.network, squares.components, squares.sums, roots);
  CostFlow expected(ones.problem, ones.kernel, ones.sums);
  const auto h = squares.active(random_values(20, -1, 1, 2));
  auto a = squares.zeros(), b = squares.zeros();
  EXPECT_TRUE(flow.derivative(h, a));
  EXPECT_TRUE(expected.derivative(h, b));
  expect_equal(a, b, 1e-12 * expected.costs().total);
  EXPECT_FALSE(flow.symmetric()) << "no slope was given";

  // Without a slope the integrator differences the gradient: slower, and the same end.
  const auto result = run(squares, roots, to_rest(1e-10));
  EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
  BalanceProblem again(world(), ones.network, ones.components, 1);
  expect_equal(result.h, balance(again, {}).h, 1e-7);
}

// A gradient of one's own: the logarithm of the ratio rests where costs are balanced, on another way.
TEST(OwnRule, log_ratios_of_costs_end_at_the_equilibrium_of_the_costs) {
  LocalRule ratio = cost_balancing();
  ratio.name = "ratio";
  ratio.gradient = [](double in, double out) { return std::log(in / out); };

  FlowSetting s(random_weights(15, 0.3, 1, 22), 2);
  const auto result = run(s, ratio, to_rest(1e-10));
  EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
  BalanceProblem again(world(), s.network, s.components, 2);
  expect_equal(centered(s.everywhere(result.h)), s.everywhere(balance(again, {}).h), 1e-7);
}

// Maxima and sums in components without pinned neurons, maxima of logarithms with the plain difference: contributions
// and combination are independent choices.
TEST(OwnRule, combination_and_gradient_are_independent) {
  LocalRule log_maxima = max_balancing();
  log_maxima.gradient = nullptr;
  FlowSetting s(random_weights(3, 0.9, 1, 31), 2);
  const auto result = run(s, log_maxima, to_rest(1e-9));
  EXPECT_EQ(result.end, FlowEnd::equilibrium) << result.message;
  auto ph = centered(s.everywhere(result.h));
  for (double& v : ph) v *= 2;
  expect_equal(ph, MaxBalancer(log_costs(s.weights, 2))(), 1e-7);
}

// ---- what is refused, and what is empty

ExitCode refusal(FlowSetting& s, const LocalRule& rule) {
  try {
    const RuleFlow flow(s.problem, s.network, s.components, s.sums, rule);
    return ExitCode::done;
  } catch (const Error& e) {
    return e.code();
  }
}

TEST(LocalRule, exponents_are_refused_where_nobody_knows_what_they_mean) {
  std::vector<double> exponent(12, 1.0);
  exponent[7] = 2;
  FlowSetting s(random_weights(12, 0.3, 1, 1), 2, {{0}, {}, exponent});
  EXPECT_EQ(refusal(s, max_balancing()), ExitCode::bad_input);
  EXPECT_EQ(refusal(s, cost_balancing()), ExitCode::done);
  EXPECT_EQ(refusal(s, product_balancing()), ExitCode::done);
  EXPECT_EQ(refusal(s, LocalRule{}), ExitCode::usage);
}

TEST(LocalRule, names_lead_to_rules) {
  for (const auto& name : local_rule_names()) EXPECT_EQ(local_rule(name).name, name);
  EXPECT_THROW(static_cast<void>(local_rule("osborne")), Error);
}

TEST(LocalRule, nothing_to_balance_rests_at_once) {
  for (const GlobalIndex n : {0, 1, 5}) {
    Dense chain(n);
    for (GlobalIndex i = 1; i < n; ++i) chain(i, i - 1) = 2;
    FlowSetting s(chain);
    for (const auto& name : local_rule_names()) {
      int moments = 0;
      const auto result = run(s, local_rule(name), to_rest(), [&](const FlowMoment&) { ++moments; });
      EXPECT_EQ(result.end, FlowEnd::equilibrium);
      EXPECT_EQ(moments, 1);
    }
  }
}

// ---- the loop

TEST(RuleRun, observers_see_the_start_every_output_time_and_the_end_in_order) {
  FlowSetting s(random_weights(10, 0.3, 1, 3));
  auto params = to_rest();
  params.end_time = 2;
  params.stop_at_equilibrium = false;
  params.outputs = OutputTimes::linear(2, 8);
  std::vector<double> times;
  double last = -1;
  const auto result = run(s, max_balancing(), params, [&](const FlowMoment& m) {
    EXPECT_GT(m.time, last);
    last = m.time;
    if (m.output) times.push_back(m.time);
  });
  EXPECT_EQ(result.end, FlowEnd::end_time);
  EXPECT_EQ(times.size(), 9U);
  for (std::size_t k = 0; k < times.size(); ++k) EXPECT_NEAR(times[k], 0.25 * static_cast<double>(k), 1e-12);
}

TEST(RuleRun, a_step_limit_ends_the_run) {
  FlowSetting s(random_weights(10, 0.3, 1, 3));
  auto params = to_rest();
  params.integrator.max_steps = 5;
  EXPECT_EQ(run(s, product_balancing(), params).end, FlowEnd::step_limit);
}

}  // namespace
}  // namespace synbal::test
