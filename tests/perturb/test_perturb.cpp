// Changed synapses: predictions and truths against dense algebra, orders of convergence, signs, sums.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "balance/networks.hpp"
#include "graph/graphs.hpp"
#include "synbal/core/random.hpp"
#include "synbal/perturb/perturb.hpp"
#include "synbal/perturb/problem_graph.hpp"

namespace synbal::test {

namespace {

using Values = std::vector<double>;

/// A strongly connected random network of both signs: a cycle and more.
Dense random_network(GlobalIndex n, std::uint64_t seed) {
  const CounterRandom random(seed);
  Dense weights(n);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      const auto draw = static_cast<std::uint64_t>(i * n + j);
      const bool there = i == (j + 1) % n || random.uniform(draw, 0) < 0.25;
      if (there) weights(i, j) = (random.uniform(draw, 1) < 0.3 ? -1 : 1) * std::exp(0.8 * random.normal(draw, 2));
    }
  }
  return weights;
}

/// Every neuron joined with both neighbours, all weights 1.
Dense ring(GlobalIndex n) {
  Dense weights(n);
  for (GlobalIndex i = 0; i < n; ++i) weights(i, (i + 1) % n) = weights((i + 1) % n, i) = 1;
  return weights;
}

/// The equilibrium of a network by single-neuron steps in extended precision, pinned ones at 0; elsewhere sum h = 0.
Values dense_equilibrium(const Dense& weights, double power, const std::vector<GlobalIndex>& pinned = {}) {
  const auto n = weights.n;
  std::vector<long double> h(at(n), 0.0L), c(at(n * n));
  for (GlobalIndex i = 0; i < n * n; ++i) {
    c[at(i)] = i % (n + 1) == 0 ? 0.0L : std::pow(std::abs(static_cast<long double>(weights.entries[at(i)])), power);
  }
  long double moved = 1;
  for (int sweep = 0; sweep < 20'000 && moved > 2e-18L; ++sweep) {
    moved = 0;
    for (GlobalIndex i = 0; i < n; ++i) {
      if (std::find(pinned.begin(), pinned.end(), i) != pinned.end()) continue;
      long double in = 0, out = 0;
      for (GlobalIndex j = 0; j < n; ++j) {
        in += c[at(i * n + j)] * std::exp(power * (h[at(j)] - h[at(i)]));
        out += c[at(j * n + i)] * std::exp(power * (h[at(i)] - h[at(j)]));
      }
      const auto step = std::log(in / out) / (2 * power);
      h[at(i)] += step, moved = std::max(moved, std::abs(step));
    }
  }
  EXPECT_LE(moved, 1e-17L);
  long double mean = 0;
  for (const auto x : h) mean += pinned.empty() ? x / n : 0.0L;
  Values found;
  for (const auto x : h) found.push_back(static_cast<double>(x - mean));
  return found;
}

/// What dense algebra says about synapses (i <- j) changed together.
struct Truth {
  Values predicted, quadratic, actual, rate;
  Dense cost{0};

  Truth(const Dense& weights, double power, const std::vector<NodePair>& synapses, double factor,
        const std::vector<GlobalIndex>& pinned = {}) {
    const auto n = weights.n;
    const auto before = dense_equilibrium(weights, power, pinned);
    cost = costs_at(weights, before, power);
    const auto is_pinned = [&](GlobalIndex i) { return std::find(pinned.begin(), pinned.end(), i) != pinned.end(); };
    EdgeList graph{n, {}, Values(at(n), 0.0)};
    for (GlobalIndex i = 0; i < n; ++i) {
      if (is_pinned(i)) graph.ground[at(i)] = 1e300;  // stays at 0
      for (GlobalIndex j = 0; j < i; ++j) {
        if (cost(i, j) + cost(j, i) > 0) graph.edges.push_back({i, j, cost(i, j) + cost(j, i)});
      }
    }
    auto changed = weights;
    Values source(at(n), 0.0);
    for (const auto [i, j] : synapses) {
      changed(i, j) *= factor;
      source[at(i)] += cost(i, j), source[at(j)] -= cost(i, j);
    }
    for (const auto i : pinned) source[at(i)] = 0;
    const auto eta = factor - 1;
    rate = source, predicted = solve(graph, source, pinned);
    for (double& g : rate) g *= power * eta;
    for (double& h : predicted) h *= eta;
    quadratic = newton_step(costs_at(changed, before, power), power, pinned);
    actual = dense_equilibrium(changed, power, pinned);
    for (std::size_t i = 0; i < actual.size(); ++i) actual[i] -= before[i];
  }

  /// L^+ g / p of these costs.
  static Values newton_step(const Dense& c, double power, const std::vector<GlobalIndex>& pinned) {
    const auto n = c.n;
    EdgeList graph{n, {}, Values(at(n), 0.0)};
    Values g(at(n), 0.0);
    for (GlobalIndex i = 0; i < n; ++i) {
      for (GlobalIndex j = 0; j < n; ++j) {
        if (i == j) continue;
        g[at(i)] += c(i, j), g[at(j)] -= c(i, j);
        if (j < i && c(i, j) + c(j, i) > 0) graph.edges.push_back({i, j, c(i, j) + c(j, i)});
      }
    }
    for (const auto i : pinned) g[at(i)] = 0;
    auto h = solve(graph, g, pinned);
    for (double& v : h) v /= power;
    return h;
  }

  /// L^+ b; where neurons are pinned, their rows and columns are left out.
  static Values solve(const EdgeList& graph, const Values& b, const std::vector<GlobalIndex>& pinned) {
    const auto n = at(graph.n);
    auto reduced = graph;
    for (const auto i : pinned) reduced.ground[at(i)] = 0;
    auto l = dense_laplacian(reduced);
    Values right = b;
    const auto fix = [&](std::size_t i) {
      for (std::size_t j = 0; j < n; ++j) l[i * n + j] = l[j * n + i] = 0;
      l[i * n + i] = 1, right[i] = 0;
    };
    for (const auto i : pinned) fix(at(i));
    if (pinned.empty()) fix(0);
    for (std::size_t k = 0; k < n; ++k) {  // positive definite: no pivoting needed
      for (std::size_t i = k + 1; i < n; ++i) {
        const double f = l[i * n + k] / l[k * n + k];
        for (std::size_t j = k; j < n; ++j) l[i * n + j] -= f * l[k * n + j];
        right[i] -= f * right[k];
      }
    }
    for (std::size_t k = n; k-- > 0;) {
      for (std::size_t j = k + 1; j < n; ++j) right[k] -= l[k * n + j] * right[j];
      right[k] /= l[k * n + k];
    }
    if (!pinned.empty()) return right;
    double mean = 0;
    for (const double x : right) mean += x / static_cast<double>(n);
    for (double& x : right) x -= mean;
    return right;
  }
};

/// A network at its equilibrium with all that a study needs.
struct Study {
  Study(Network&& given, double power, double factor)
      : balanced(world(), std::move(given), power),
        graph((balanced.problem.rebase(balanced.found.h), graph_of(balanced.problem))),
        solver(graph),
        perturbation(balanced.network, balanced.components, balanced.problem, graph, solver, with(factor)) {}
  Study(const Dense& weights, double power, double factor) : Study(network_of(world(), weights), power, factor) {}

  static PerturbParams with(double factor) {
    PerturbParams params;
    params.factor = factor;
    params.pairs.tolerance = 1e-11;
    return params;
  }
  /// The entries (i <- j) of this rank.
  [[nodiscard]] std::vector<std::int64_t> entries(const std::vector<NodePair>& synapses) const {
    const auto& network = balanced.network;
    std::vector<std::int64_t> own;
    for (const auto [i, j] : synapses) {
      if (!network.rows.owns(i)) continue;
      const auto row = at(i - network.rows.first());
      for (auto e = network.row_ptr[row]; e < network.row_ptr[row + 1]; ++e) {
        if (network.global(network.column[at(e)]) == j) own.push_back(e);
      }
    }
    return own;
  }
  /// All of the synapses changed together, with the truth.
  Response together(const std::vector<NodePair>& synapses) {
    const auto own = entries(synapses);
    std::vector<Perturbed> all;
    for (const auto e : own) all.push_back({e, 0});
    auto response = perturbation.predict(all, 1).at(0);
    EXPECT_TRUE(response.converged);
    perturbation.predict_quadratic(own, response);
    perturbation.rebalance(own, response);
    EXPECT_TRUE(response.converged);
    return response;
  }

  Balanced balanced;
  ConductanceGraph graph;
  LaplacianSolver solver;
  SynapsePerturbation perturbation;
};

/// Owned and ghost values against those of all neurons.
void expect_values(const Network& network, const Values& found, const Values& truth, double tolerance) {
  double largest = 0;
  for (const double x : truth) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], truth[at(network.global(static_cast<LocalIndex>(i)))], tolerance * largest) << i;
  }
}

/// The true response, which says itself how far it can be trusted.
void expect_truth(const Network& network, const Response& response, const Values& truth) {
  double largest = 0;
  for (const double x : truth) largest = std::max(largest, std::abs(x));
  const double off = 1.1 * response.uncertainty / largest + 1e-10;
  EXPECT_LE(off, 1e-7);
  expect_values(network, response.actual, truth, off);
}

}  // namespace

TEST(perturb, agrees_with_dense_algebra) {
  const auto weights = random_network(14, 3);
  for (const double power : {1.0, 2.0}) {
    for (const double factor : {1.001, 0.7, 30.0}) {
      Study study(weights, power, factor);
      const auto response = study.together({{4, 3}});
      const Truth truth(weights, power, {{4, 3}}, factor);
      expect_values(study.balanced.network, response.rate, truth.rate, 1e-9);
      expect_values(study.balanced.network, response.predicted, truth.predicted, 1e-9);
      expect_values(study.balanced.network, response.quadratic, truth.quadratic, 1e-9);
      expect_truth(study.balanced.network, response, truth.actual);
    }
  }
}

TEST(perturb, of_one_synapse_has_a_closed_form_in_the_quadratic_model) {
  for (const double factor : {0.5, 1.1, 1.5}) {
    Study study(random_network(14, 9), 2, factor);
    const auto own = study.entries({{4, 3}});
    const auto leverages = study.perturbation.resistances(own);
    const auto response = study.together({{4, 3}});
    const auto& network = study.balanced.network;
    for (std::size_t k = 0; k < own.size(); ++k) {
      const auto i = at(study.perturbation.row_of(own[k])), j = at(network.column[at(own[k])]);
      const double expected = quadratic_log_change(2, factor, leverages[k].leverage);
      EXPECT_NEAR(response.quadratic[j] - response.quadratic[i], expected, 1e-9 * std::abs(expected));
    }
  }
}

TEST(perturb, of_several_synapses_together_agrees_with_dense_algebra) {
  const auto weights = random_network(14, 5);
  const std::vector<NodePair> synapses{{4, 3}, {3, 2}, {9, 8}, {13, 12}};
  Study study(weights, 2, 1.02);
  const auto response = study.together(synapses);
  const Truth truth(weights, 2, synapses, 1.02);
  expect_values(study.balanced.network, response.rate, truth.rate, 1e-9);
  expect_values(study.balanced.network, response.predicted, truth.predicted, 1e-9);
  expect_values(study.balanced.network, response.quadratic, truth.quadratic, 1e-9);
  expect_truth(study.balanced.network, response, truth.actual);
}

TEST(perturb, knows_pinned_neurons_as_ground) {
  const auto weights = random_network(14, 7);
  const std::vector<GlobalIndex> pinned{0, 6};
  for (const NodePair synapse : {NodePair{4, 3}, {1, 0}, {6, 5}}) {
    auto network = network_of(world(), weights);
    pin(network, pinned);
    Study study(std::move(network), 2, 1.05);
    const auto response = study.together({synapse});
    const Truth truth(weights, 2, {synapse}, 1.05, pinned);
    expect_values(study.balanced.network, response.rate, truth.rate, 1e-9);
    expect_values(study.balanced.network, response.predicted, truth.predicted, 1e-9);
    expect_values(study.balanced.network, response.quadratic, truth.quadratic, 1e-9);
    expect_truth(study.balanced.network, response, truth.actual);
  }
}

// Halving the change halves the relative error of the linear theory, down to a part in ten thousand.
TEST(perturb, is_predicted_with_an_error_proportional_to_the_change) {
  for (const auto& weights : {ring(12), random_network(20, 2)}) {
    double before = 0;
    for (const double eta : {2e-2, 1e-2, 5e-3, 2e-4, 1e-4}) {
      Study study(weights, 2, 1 + eta);
      const auto response = study.together({{1, 0}});
      const double error = response_norms(study.perturbation, response).relative_error();
      EXPECT_GT(error, 0.1 * eta);
      EXPECT_LT(error, 3 * eta);
      EXPECT_LE(response.uncertainty, 1e-2 * eta * eta);
      if (eta == 1e-2 || eta == 5e-3 || eta == 1e-4) {
        EXPECT_NEAR(before / error, 2, 0.05) << eta;
      }
      before = error;
    }
  }
}

// Every neighbour in a ring of n, both ways with cost 1: conductances of 2, so R = (n - 1) / 2n.
TEST(perturb, of_a_ring_has_the_closed_form) {
  const GlobalIndex n = 12;
  Study study(ring(n), 2, 1.01);
  const auto own = study.entries({{5, 4}});
  for (const auto& pair : study.perturbation.resistances(own)) {
    EXPECT_NEAR(pair.conductance, 1, 1e-12);
    EXPECT_NEAR(pair.value, 11.0 / 24, 1e-9);
    EXPECT_NEAR(pair.leverage, 11.0 / 24, 1e-9);
    EXPECT_LE(pair.lower, 11.0 / 24 * (1 + 1e-12));
    EXPECT_GE(pair.upper, 11.0 / 24 * (1 - 1e-12));
  }
  const auto response = study.together({{5, 4}});
  const auto& network = study.balanced.network;
  for (const auto e : own) {
    const auto i = at(study.perturbation.row_of(e)), j = at(network.column[at(e)]);
    EXPECT_NEAR(response.predicted[j] - response.predicted[i], -0.01 * 11 / 24, 1e-11);
  }
}

// Stock et al. 2022, eq. 46: a potentiated synapse (i <- j) depresses i's other inputs and j's other outputs, itself
// twice, and potentiates i's outputs and j's inputs, the opposite synapse twice.
TEST(perturb, changes_synapses_at_once_with_the_signs_of_equation_46) {
  const auto weights = random_network(16, 4);
  const GlobalIndex i = 3, j = 2;
  for (const double factor : {1.01, 0.99}) {
    Study study(weights, 2, factor);
    const auto response = study.together({{i, j}});
    const double once = 2 * (factor - 1) * Truth(weights, 2, {{i, j}}, factor).cost(i, j);
    const auto& network = study.balanced.network;
    for (LocalIndex row = 0; row < network.local_size(); ++row) {
      for (auto e = at(network.row_ptr[at(row)]); e < at(network.row_ptr[at(row) + 1]); ++e) {
        const auto k = network.global(row), l = network.global(network.column[e]);
        const double change = response.rate[at(network.column[e])] - response.rate[at(row)];
        const double expected = once * ((l == i ? 1 : 0) - (l == j ? 1 : 0) + (k == j ? 1 : 0) - (k == i ? 1 : 0));
        EXPECT_NEAR(change, k == l ? 0.0 : expected, 1e-9 * std::abs(once)) << k << " <- " << l;
      }
    }
  }
}

TEST(perturb, adds_up_inputs_and_outputs_of_every_neuron) {
  const auto weights = random_network(14, 6);
  const std::vector<NodePair> synapses{{4, 3}, {8, 7}};
  const double factor = 1.2;
  Study study(weights, 2, factor);
  const auto own = study.entries(synapses);
  const auto response = study.together(synapses);
  const Truth truth(weights, 2, synapses, factor);
  const auto& rows = study.balanced.network.rows;
  for (const bool actual : {false, true}) {
    const auto totals = neuron_totals(study.perturbation, response, own, actual);
    const auto& h = actual ? truth.actual : truth.predicted;
    for (LocalIndex i = 0; i < rows.count(); ++i) {
      const auto m = rows.first() + i;
      double input = 0, output = 0, in_cost = 0, out_cost = 0;
      for (GlobalIndex k = 0; k < weights.n; ++k) {
        const auto changed = [&](GlobalIndex post, GlobalIndex pre) {
          return std::ranges::any_of(synapses, [&](NodePair s) { return s.first == post && s.second == pre; });
        };
        const auto cost = [&](GlobalIndex post, GlobalIndex pre) {
          const double change = h[at(pre)] - h[at(post)];
          if (!actual) return 2 * truth.cost(post, pre) * (change + (changed(post, pre) ? factor - 1 : 0.0));
          return truth.cost(post, pre) * ((changed(post, pre) ? factor * factor : 1.0) * std::exp(2 * change) - 1);
        };
        if (k != m && weights(m, k) != 0) input += h[at(k)] - h[at(m)], in_cost += cost(m, k);
        if (k != m && weights(k, m) != 0) output += h[at(m)] - h[at(k)], out_cost += cost(k, m);
      }
      EXPECT_NEAR(totals.input_log[at(i)], input, 1e-9);
      EXPECT_NEAR(totals.output_log[at(i)], output, 1e-9);
      EXPECT_NEAR(totals.input_cost[at(i)], in_cost, 1e-8);
      EXPECT_NEAR(totals.output_cost[at(i)], out_cost, 1e-8);
      EXPECT_NEAR(totals.input_cost[at(i)], totals.output_cost[at(i)], 1e-9);
    }
  }
}

TEST(perturb, names_the_largest_responses_at_a_distance) {
  const auto weights = random_network(20, 8);
  Study study(weights, 2, 1.1);
  const auto own = study.entries({{6, 5}});
  const auto response = study.together({{6, 5}});
  const Truth truth(weights, 2, {{6, 5}}, 1.1);
  Values sizes;
  for (GlobalIndex k = 0; k < weights.n; ++k) {
    for (GlobalIndex l = 0; l < weights.n; ++l) {
      if (k == l || weights(k, l) == 0 || k == 6 || k == 5 || l == 6 || l == 5) continue;
      sizes.push_back(std::abs(truth.actual[at(l)] - truth.actual[at(k)]));
    }
  }
  std::sort(sizes.rbegin(), sizes.rend());
  const auto largest = largest_at_distance(study.perturbation, response, own, 7);
  EXPECT_EQ(largest.size(), 7U);
  for (std::size_t k = 0; k < largest.size(); ++k) {
    const auto& r = largest[k];
    EXPECT_NEAR(std::abs(r.actual), sizes[k], 1e-9);
    EXPECT_NEAR(r.predicted, truth.predicted[at(r.presynaptic)] - truth.predicted[at(r.postsynaptic)], 1e-9);
    EXPECT_NEAR(r.cost, truth.cost(r.postsynaptic, r.presynaptic), 1e-9 * r.cost);
  }
  EXPECT_EQ(largest_at_distance(study.perturbation, response, own, 100'000).size(), sizes.size());
}

TEST(perturb, of_a_synapse_between_components_changes_nothing) {
  const auto part = random_network(8, 9);
  Dense weights(16);
  for (GlobalIndex i = 0; i < 8; ++i) {
    for (GlobalIndex j = 0; j < 8; ++j) weights(i, j) = weights(i + 8, j + 8) = part(i, j);
  }
  weights(10, 3) = 2, weights(5, 5) = 1;
  Study study(weights, 2, 1.5);
  const auto response = study.together({{10, 3}, {5, 5}});
  for (const auto* values : {&response.rate, &response.predicted, &response.actual}) {
    for (const double x : *values) EXPECT_EQ(x, 0.0);
  }
  for (const auto& pair : study.perturbation.resistances(study.entries({{10, 3}}))) {
    EXPECT_EQ(pair.value, std::numeric_limits<double>::infinity());
    EXPECT_EQ(pair.leverage, 0.0);
  }
  const auto inside = study.together({{1, 0}});
  for (LocalIndex i = 0; i < study.balanced.network.local_size(); ++i) {
    if (study.balanced.network.global(i) >= 8) {
      EXPECT_NEAR(inside.actual[at(i)], 0.0, 1e-15);
    }
  }
}

TEST(perturb, puts_back_the_weights_and_the_point) {
  Study study(random_network(14, 3), 2, 3.0);
  const auto weights = study.balanced.network.weight;
  const auto base = study.balanced.problem.base();
  const Values h(base.begin(), base.end());
  const auto first = study.together({{4, 3}});
  EXPECT_TRUE(study.balanced.network.weight == weights);
  EXPECT_TRUE(std::equal(h.begin(), h.end(), study.balanced.problem.base().begin()));
  const auto again = study.together({{4, 3}});
  EXPECT_TRUE(first.predicted == again.predicted);
  for (std::size_t i = 0; i < first.actual.size(); ++i) EXPECT_NEAR(first.actual[i], again.actual[i], 1e-12);
}

TEST(perturb, does_not_mind_costs_at_the_ends_of_the_range) {
  const auto plain = random_network(10, 3);
  for (const double scale : {1e-110, 1e140}) {
    auto weights = plain;
    for (double& w : weights.entries) w *= scale;
    Study study(weights, 2, 1.1);
    const auto response = study.together({{4, 3}});
    const Truth truth(plain, 2, {{4, 3}}, 1.1);
    expect_values(study.balanced.network, response.predicted, truth.predicted, 1e-9);
    expect_truth(study.balanced.network, response, truth.actual);
  }
}

TEST(perturb, refuses_what_is_not_balanced_and_factors_that_change_nothing) {
  const auto code_of = [](auto&& action) {
    try {
      action();
      return ExitCode::done;
    } catch (const Error& e) {
      return e.code();
    }
  };
  for (const double factor : {1.0, 0.0, -2.0, std::nan("")}) {
    EXPECT_EQ(code_of([&] { Study(ring(6), 2, factor); }), ExitCode::bad_input) << factor;
  }
  auto network = network_of(world(), random_network(10, 3));
  const auto components = strongly_connected_components(world(), network);
  BalanceProblem problem(world(), network, components, 2);
  const auto graph = graph_of(problem);
  LaplacianSolver solver(graph);
  EXPECT_EQ(code_of([&] { SynapsePerturbation(network, components, problem, graph, solver, Study::with(1.1)); }),
            ExitCode::bad_input);
}

TEST(perturb, works_on_networks_with_nothing_to_balance) {
  for (const GlobalIndex n : {0, 1, 3}) {
    Dense weights(n);
    if (n == 3) weights(1, 0) = 2;
    Study study(weights, 2, 1.1);
    const auto response = study.together({{1, 0}});
    for (const double x : response.actual) EXPECT_EQ(x, 0.0);
    EXPECT_EQ(response_norms(study.perturbation, response).relative_error(), 0.0);
    EXPECT_TRUE(largest_at_distance(study.perturbation, response, study.entries({{1, 0}}), 3).empty());
  }
}

}  // namespace synbal::test
