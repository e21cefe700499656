// The flow on the weights themselves agrees with the form in h, and conserves what it must.
#include "flow/companion.hpp"
#include "flow/rule_networks.hpp"
#include "flow/weight_flow.hpp"
#include "synbal/flow/companions.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/flow/invariants.hpp"

namespace synbal::test {
namespace {

/// These small networks are not stiff, and Adams is cheap at tight tolerances.
IntegratorParams tight(Integration integration = Integration::adams) {
  IntegratorParams params;
  params.integration = integration;
  params.relative_tolerance = 1e-8;
  params.absolute_tolerance = 1e-11;
  return params;
}

/// g of every neuron, dense and serial: sums of costs over synapses inside components (given by labels), 0 for pinned
/// neurons.
std::vector<double> dense_gradient(const FlowSetting& s, const std::vector<double>& gain, double p,
                                   const std::vector<GlobalIndex>& label, const std::vector<bool>& pinned) {
  const auto n = s.weights.n;
  std::vector<double> g(at(n), 0.0);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      if (i == j || s.weights(i, j) == 0 || label[at(i)] != label[at(j)] || (pinned[at(i)] && pinned[at(j)])) continue;
      const double c = gain[at(j)] * gain[at(j)] * std::pow(std::abs(s.weights(i, j)), p);
      g[at(i)] += c;
      g[at(j)] -= c;
    }
  }
  for (GlobalIndex i = 0; i < n; ++i) {
    if (pinned[at(i)]) g[at(i)] = 0;
  }
  return g;
}

// Eq. 18 of Stock et al. 2022, also for synapses between components.
TEST(WeightFlow, derivative_is_the_weight_times_the_difference_of_gradients) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const GlobalIndex n = 25;
    const auto gain = random_values(n, 0.3, 2, seed);
    const std::vector<GlobalIndex> pins =
        seed % 2 == 0 ? std::vector<GlobalIndex>{} : std::vector<GlobalIndex>{2, 9, 20};
    FlowSetting s(random_weights(n, 0.07, 1, seed, false), 1.5, {pins, gain, {}});
    std::vector<bool> pinned(at(n), false);
    for (const auto i : pins) pinned[at(i)] = true;
    const auto own = std::span(s.components.leader).first(at(s.network.local_size()));
    const auto label = world().gather_all(std::span<const GlobalIndex>(own));
    const auto g = dense_gradient(s, gain, 1.5, label, pinned);

    WeightFlow flow(s.problem, s.network, s.components, cost_balancing());
    const auto weights = flow.initial();
    std::vector<double> rate(weights.size());
    EXPECT_TRUE(flow.derivative(weights, rate));
    std::size_t k = 0;
    for (LocalIndex i = 0; i < s.network.local_size(); ++i) {
      for (auto e = s.network.row_ptr[at(i)]; e < s.network.row_ptr[at(i) + 1]; ++e) {
        const auto j = s.network.global(s.network.column[at(e)]);
        const bool in_state = k < flow.entry().size() && flow.entry()[k] == e;
        const double expected = s.network.weight[at(e)] * (g[at(j)] - g[at(s.network.rows.first() + i)]);
        if (in_state) {
          EXPECT_NEAR(rate[k++], expected, 1e-11 * (1 + std::abs(expected)));
        } else {
          EXPECT_EQ(expected, 0.0);
        }
      }
    }
    EXPECT_EQ(k, flow.entry().size());
  }
}

/// Largest |J_weights / J_h - 1| at any of a few times from the start to near rest, and the invariants of the weights.
struct Course {
  double worst = 0;
  std::vector<std::string> violations;
  int compared = 0;
};

Course follow(FlowSetting& s, const LocalRule& rule, const IntegratorParams& integrator) {
  WeightCompanion companion(s.problem, s.network, s.components, rule, 0, s.zeros(), integrator);
  InvariantParams watched;
  watched.sum_of_h = watched.cost_falls = false;
  watched.cycle_limit = 1e-6;  // the tolerance of the integration, several steps long
  InvariantMonitor monitor(s.problem, s.network, s.components, s.sums, s.zeros(), watched);
  Flow flow(s.problem, s.kernel, s.sums, s.network, s.components, rule);
  FlowParams params;
  params.integrator = integrator;
  params.outputs = OutputTimes::listed({1e-3, 0.1});
  params.end_time = 0.6;
  params.stop_at_equilibrium = false;
  Course course;
  const auto result = flow(s.zeros(), params, [&](const FlowMoment& m) {
    if (!m.output) return;
    course.worst = std::max(course.worst, companion.compare(m.time, m.h));
    monitor.output(m.time, companion.network());
    ++course.compared;
  });
  EXPECT_EQ(result.end, FlowEnd::end_time) << result.message;
  for (const auto& invariant : monitor.invariants()) {
    const bool of_weights = invariant.name.find("cycles") != std::string::npos;
    if (of_weights && !invariant.holds()) course.violations.push_back(invariant.name);
  }
  return course;
}

TEST(WeightFlow, agrees_with_the_h_form_at_all_times) {
  for (const auto& name : local_rule_names()) {
    FlowSetting s(random_weights(14, 0.25, 0.6, 5), 2);
    const auto course = follow(s, local_rule(name), tight());
    EXPECT_EQ(course.compared, 4) << name;
    EXPECT_LT(course.worst, 5e-6) << name;
    EXPECT_TRUE(course.violations.empty()) << name;
  }
}

TEST(WeightFlow, agrees_with_the_h_form_with_pinned_neurons_gains_and_exponents_and_by_bdf) {
  auto exponent = random_values(14, 0.7, 1.4, 9);
  FlowSetting s(random_weights(14, 0.25, 0.6, 6), 1.5, {{1, 8}, random_values(14, 0.5, 1.5, 3), exponent});
  EXPECT_LT(follow(s, cost_balancing(), tight()).worst, 2e-6);
  FlowSetting again(random_weights(14, 0.25, 0.6, 6), 1.5, {{1, 8}, {}, {}});
  auto bdf = tight(Integration::bdf);
  bdf.relative_tolerance = 1e-5, bdf.absolute_tolerance = 1e-8;
  EXPECT_LT(follow(again, cost_balancing(), bdf).worst, 1e-3);
}

TEST(WeightFlow, deviation_shrinks_with_the_tolerance) {
  FlowSetting s(random_weights(12, 0.3, 0.6, 8), 2);
  auto loose = tight();
  loose.relative_tolerance = 1e-4, loose.absolute_tolerance = 1e-7;
  const double coarse = follow(s, cost_balancing(), loose).worst, fine = follow(s, cost_balancing(), tight()).worst;
  EXPECT_GT(coarse, 1e-6);
  EXPECT_LT(fine, 0.02 * coarse);
}

// The spectrum of the integrated weights moves only by what the integration errs.
TEST(WeightFlow, eigenvalues_stay_to_the_tolerance) {
  FlowSetting s(random_weights(12, 0.4, 0.5, 10), 2);
  WeightFlow flow(s.problem, s.network, s.components, cost_balancing());
  Companion companion(flow, 0, flow.initial(), tight());
  EXPECT_TRUE(companion.advance(1));
  const auto moved = flow.network_with(companion.state());
  // The traces of the powers of J are the symmetric functions of its eigenvalues.
  const auto trace_of_powers = [](const Network& network) {
    std::vector<GlobalIndex> place;
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
        place.push_back((network.rows.first() + i) * network.size() + network.global(network.column[at(e)]));
      }
    }
    const auto places = world().gather_all(std::span<const GlobalIndex>(place));
    const auto weights = world().gather_all(std::span<const double>(network.weight));
    Dense j(network.size());
    for (std::size_t e = 0; e < places.size(); ++e) j.entries[at(places[e])] = weights[e];
    std::vector<double> traces;
    auto power = j;
    for (int k = 1; k <= 6; ++k) {
      double trace = 0;
      for (GlobalIndex i = 0; i < j.n; ++i) trace += power(i, i);
      traces.push_back(trace);
      Dense next(j.n);
      for (GlobalIndex i = 0; i < j.n; ++i) {
        for (GlobalIndex l = 0; l < j.n; ++l) {
          for (GlobalIndex m = 0; m < j.n; ++m) next(i, m) += power(i, l) * j(l, m);
        }
      }
      power = next;
    }
    return traces;
  };
  const auto before = trace_of_powers(s.network), after = trace_of_powers(moved);
  double moved_most = 0;
  for (std::size_t k = 0; k < before.size(); ++k) {
    EXPECT_NEAR(after[k], before[k], 1e-5 * (1 + std::abs(before[k]))) << k + 1;
  }
  for (std::size_t e = 0; e < moved.weight.size(); ++e) {
    moved_most = std::max(moved_most, std::abs(moved.weight[e] / s.network.weight[e] - 1));
  }
  EXPECT_GT(world().max(moved_most), 0.1) << "the weights hardly moved";
}

TEST(WeightFlow, networks_without_anything_to_move_stay) {
  for (const GlobalIndex n : {0, 1, 4}) {
    FlowSetting s{Dense(n)};
    WeightFlow flow(s.problem, s.network, s.components, cost_balancing());
    EXPECT_EQ(flow.size(), 0);
    WeightCompanion companion(s.problem, s.network, s.components, cost_balancing(), 0, s.zeros(), tight());
    EXPECT_EQ(companion.compare(2, s.zeros()), 0.0);
  }
}

}  // namespace
}  // namespace synbal::test
