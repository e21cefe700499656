// L1 + L2 and other sums: the single neuron's root, the equilibrium's gradient, and the same end from any order.
#include <algorithm>

#include "samples.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/stochastic/mixed_cost.hpp"

namespace synbal::test {
namespace {

/// The cost of one neuron after a change d of its h, and its derivative over -1.
double cost(std::span<const SeenCosts> seen, std::span<const CostTerm> terms, double k, double d) {
  double sum = 0;
  for (std::size_t m = 0; m < terms.size(); ++m) {
    sum += seen[m].in * std::exp(-terms[m].power * d) + seen[m].out * std::exp(terms[m].power * k * d);
  }
  return sum;
}

double pull(std::span<const SeenCosts> seen, std::span<const CostTerm> terms, double k, double d) {
  double sum = 0;
  for (std::size_t m = 0; m < terms.size(); ++m) {
    const double p = terms[m].power;
    sum += p * (seen[m].in * std::exp(-p * d) - k * seen[m].out * std::exp(p * k * d));
  }
  return sum;
}

TEST(MixedStep, is_the_closed_form_for_one_term) {
  for (const double p : {0.5, 1.0, 2.0, 3.0}) {
    for (const double k : {0.5, 1.0, 2.0}) {
      const CostTerm term{p, 7};
      const SeenCosts seen{3.0, 0.2};
      const double d = mixed_step(std::span(&seen, 1), std::span(&term, 1), k);
      EXPECT_NEAR(d, std::log(3.0 / (k * 0.2)) / (p * (k + 1)), 1e-15 * 4);
    }
  }
}

TEST(MixedStep, is_where_the_derivative_vanishes) {
  const CounterRandom random(5);
  const std::vector<CostTerm> terms{{0.5, 1}, {1, 1}, {2, 1}, {6, 1}};
  for (std::uint64_t draw = 0; draw < 500; ++draw) {
    std::vector<SeenCosts> seen;
    for (std::uint32_t m = 0; m < 4; ++m) {
      const double scale = draw % 5 == 0 ? 40 : 3;  // some span a hundred decades
      seen.push_back({std::exp(scale * random.normal(draw, 2 * m)), std::exp(scale * random.normal(draw, 2 * m + 1))});
    }
    const double k = draw % 3 == 0 ? 2 : 1;
    const double d = mixed_step(seen, terms, k);
    double size = 0;
    for (std::size_t m = 0; m < 4; ++m) {
      size += terms[m].power *
              (seen[m].in * std::exp(-terms[m].power * d) + k * seen[m].out * std::exp(terms[m].power * k * d));
    }
    EXPECT_LE(std::abs(pull(seen, terms, k, d)), 1e-12 * size) << draw;
    EXPECT_LE(cost(seen, terms, k, d), cost(seen, terms, k, d + 1e-3));
    EXPECT_LE(cost(seen, terms, k, d), cost(seen, terms, k, d - 1e-3));
  }
}

TEST(MixedStep, of_a_balanced_neuron_is_nothing) {
  const std::vector<CostTerm> terms{{1, 1}, {2, 1}};
  const std::vector<SeenCosts> seen{{4, 2}, {3, 4}};  // 1 * (4 - 2) + 2 * (3 - 4) = 0
  EXPECT_NEAR(mixed_step(seen, terms), 0, 1e-16);
}

SampleParams mixed_sample() {
  auto params = random_sample(70, 8, 14);
  params.generator.sigma = 0.7;
  params.pinned = {2, 8, 20, 33, 40, 47, 51, 60, 66, 69};
  params.exponents = {4, 30, 31};
  params.gains = true;
  return params;
}

/// Collective. |dC/dh_i| of the mixed cost over all neurons, relative to sum p c, straight from the weights after
/// scaling by h.
double gradient(const Comm& comm, const SampleParams& params, std::vector<CostTerm> terms, std::span<const double> h) {
  auto network = sample_network(comm, params, Spread::even);
  const auto n = at(network.size());
  scale_weights(comm, network, h);
  std::vector<double> g(n, 0.0), gain(n, 0.0);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    gain[at(network.file_index(i))] = network.nodes.gain.empty() ? 1 : network.nodes.gain[at(i)];
  }
  comm.sum(std::span<double>(gain));
  double total = 0;
  const auto exponent = [&](GlobalIndex j) {
    return std::count(params.exponents.begin(), params.exponents.end(), j) > 0 ? 2.0 : 1.0;
  };
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      const auto j = network.global(network.column[e]);
      if (j == network.file_index(i)) continue;
      for (const auto& term : terms) {
        const double pull =
            term.power * term.weight * gain[at(j)] * gain[at(j)] * std::pow(std::abs(network.weight[e]), term.power);
        g[at(network.file_index(i))] -= pull;
        g[at(j)] += exponent(j) * pull;
        total += pull;
      }
    }
  }
  comm.sum(std::span<double>(g));
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (std::count(params.pinned.begin(), params.pinned.end(), static_cast<GlobalIndex>(i)) == 0) sum += std::abs(g[i]);
  }
  return sum / comm.sum(total);
}

MixedParams precise(std::uint64_t seed = 1) {
  MixedParams params;
  params.stop.tolerance = 1e-13;
  params.stop.step_tolerance = 1e-12;
  params.seed = seed;
  return params;
}

TEST(MixedBalancing, ends_where_the_gradient_of_the_sum_is_zero) {
  for (const auto& terms :
       {std::vector<CostTerm>{{1, 0.5}, {2, 1}}, std::vector<CostTerm>{{0.5, 1}, {2, 0.1}, {4, 3}}}) {
    const auto params = mixed_sample();
    const auto network = sample_network(world(), params, Spread::even);
    const auto components = strongly_connected_components(world(), network);
    MixedBalancer mixed(world(), network, components, terms);
    const auto found = mixed(precise());
    EXPECT_EQ(mixed.problem().edges_between(), 0);  // the gradient below counts every synapse
    EXPECT_TRUE(found.solver.converged());
    EXPECT_LE(found.gradient_l1, 1e-13);
    EXPECT_LT(found.cost, found.initial_cost);
    const auto h = mixed.problem().to_network(found.h, 0.0);
    EXPECT_LE(gradient(world(), params, terms, h), 1e-12);
    EXPECT_GT(gradient(world(), params, {terms.front()}, h), 1e-3);  // no term alone is balanced
    EXPECT_GT(gradient(world(), params, {terms.back()}, h), 1e-3);
  }
}

TEST(MixedBalancing, with_one_term_is_balancing) {
  for (const double power : {1.0, 2.0, 0.7}) {
    auto params = mixed_sample();
    params.power = power;
    Sample sample(world(), params);
    BalanceParams newton;
    newton.stop.tolerance = 1e-13;
    const auto expected = balance(sample.problem, newton);
    for (const auto& terms : {std::vector<CostTerm>{{power, 3}}, std::vector<CostTerm>{{power, 1}, {power, 2}}}) {
      MixedBalancer mixed(world(), sample.network, sample.components, terms);
      const auto found = mixed(precise());
      EXPECT_TRUE(found.solver.converged());
      for (std::size_t i = 0; i < found.h.size(); ++i) EXPECT_NEAR(found.h[i], expected.h[i], 1e-10);
      const double cost = expected.costs.total * sample.problem.cost_unit();
      EXPECT_NEAR(found.cost, 3 * cost, 1e-12 * found.cost);
      EXPECT_NEAR(found.initial_cost, 3 * expected.initial_cost, 1e-12 * found.initial_cost);
    }
  }
}

TEST(MixedBalancing, ends_in_the_same_state_from_any_order_on_any_number_of_ranks) {
  const auto params = random_sample(60, 5, 8);  // no pinned neuron: unique up to a constant, which is chosen
  const std::vector<CostTerm> terms{{1, 1}, {2, 1}};
  const Comm self(MPI_COMM_SELF);
  const auto whole = sample_network(self, params, Spread::even);
  const auto of_whole = strongly_connected_components(self, whole);
  MixedBalancer serial(self, whole, of_whole, terms);
  const auto truth = serial.problem().to_network(serial(precise()).h, 0.0);
  for (const auto spread : kSpreads) {
    const auto network = sample_network(world(), params, spread);
    const auto components = strongly_connected_components(world(), network);
    MixedBalancer mixed(world(), network, components, terms);
    for (const std::uint64_t seed : {1, 2}) {
      const auto found = mixed(precise(seed));
      EXPECT_TRUE(found.solver.converged());
      const auto h = mixed.problem().to_network(found.h, 0.0);
      for (LocalIndex i = 0; i < network.local_size(); ++i)
        EXPECT_NEAR(h[at(i)], truth[at(network.file_index(i))], 1e-11);
    }
  }
}

TEST(MixedBalancing, is_in_between_the_equilibria_of_its_terms) {
  // Weights from 0 to infinity on one term lead from the other's equilibrium to its own.
  const auto params = random_sample(40, 5, 8);
  const auto network = sample_network(world(), params, Spread::even);
  const auto components = strongly_connected_components(world(), network);
  const auto h_of = [&](std::vector<CostTerm> terms) {
    MixedBalancer mixed(world(), network, components, std::move(terms));
    return mixed(precise()).h;
  };
  const auto one = h_of({{1, 1}}), two = h_of({{2, 1}});
  const auto nearly_one = h_of({{1, 1}, {2, 1e-9}}), nearly_two = h_of({{1, 1e-9}, {2, 1}});
  double apart = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_NEAR(nearly_one[i], one[i], 1e-6);
    EXPECT_NEAR(nearly_two[i], two[i], 1e-6);
    apart = std::max(apart, std::abs(one[i] - two[i]));
  }
  EXPECT_GT(world().max(apart), 0.05);
}

TEST(MixedBalancing, never_raises_the_cost) {
  const auto params = mixed_sample();
  const auto network = sample_network(world(), params, Spread::even);
  const auto components = strongly_connected_components(world(), network);
  MixedBalancer mixed(world(), network, components, {{1, 1}, {3, 1}});
  const auto history = mixed(precise()).solver.history;
  for (std::size_t k = 1; k < history.size(); ++k) EXPECT_LE(history[k].cost, history[k - 1].cost * (1 + 1e-14));
  EXPECT_GT(history.size(), 5U);
}

TEST(MixedBalancing, follows_weights_over_many_decades) {
  // A cycle: with terms p_m the balanced weights are all equal to their geometric mean, whatever the terms.
  const auto rows = Ownership::even(world(), 3);
  const std::vector<double> weight{1e-30, 1e45, 1};
  GlobalRows own;
  for (auto g = rows.first(); g < rows.first() + rows.count(); ++g) {
    own.column.push_back((g + 1) % 3);
    own.weight.push_back(weight[at(g)]);
    own.row_ptr.push_back(std::ssize(own.column));
  }
  auto network = assemble(world(), rows, std::move(own), Duplicates::sum, {});
  const auto components = strongly_connected_components(world(), network);
  MixedBalancer mixed(world(), network, components, {{1, 1}, {2, 1}});
  const auto found = mixed(precise());
  EXPECT_TRUE(found.solver.converged());
  scale_weights(world(), network, mixed.problem().to_network(found.h, 0.0));
  for (const double w : network.weight) EXPECT_NEAR(w, 1e5, 1e-5);
}

TEST(MixedBalancing, refuses_terms_that_do_not_grow) {
  const auto network = sample_network(world(), random_sample(10, 3, 1), Spread::even);
  const auto components = strongly_connected_components(world(), network);
  for (const auto& wrong :
       {std::vector<CostTerm>{}, std::vector<CostTerm>{{0, 1}}, std::vector<CostTerm>{{2, 1}, {1, 0}},
        std::vector<CostTerm>{{-1, 1}}, std::vector<CostTerm>{{2, -1}}}) {
    EXPECT_THROW(MixedBalancer(world(), network, components, wrong), Error);
  }
}

TEST(MixedBalancing, of_nothing_is_done_at_once) {
  for (const GlobalIndex nodes : {0, 1, 2}) {
    const auto network = sample_network(world(), random_sample(nodes, nodes > 1 ? 1 : 0, 1), Spread::even);
    const auto components = strongly_connected_components(world(), network);
    MixedBalancer mixed(world(), network, components, {{1, 1}, {2, 1}});
    const auto found = mixed(precise());
    EXPECT_TRUE(found.solver.converged());
    if (nodes < 2) {
      EXPECT_EQ(found.cost, 0);
    }
  }
}

}  // namespace
}  // namespace synbal::test
