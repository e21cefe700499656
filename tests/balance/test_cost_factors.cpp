// Factors of costs: gains and alphas, also of 0; exponents with self-loops. Against dense arithmetic.
#include <numeric>

#include "networks.hpp"
#include "synbal/balance/synapse_costs.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/random.hpp"

namespace synbal::test {
namespace {

constexpr GlobalIndex kSize = 24;

BalanceParams tight(Method method = Method::automatic) {
  BalanceParams params;
  params.method = method;
  params.stop.tolerance = 1e-12;
  return params;
}

/// The same on every rank.
double draw(GlobalIndex i, std::uint32_t step) {
  return CounterRandom(11, 77).uniform(static_cast<std::uint64_t>(i), step);
}

/// A gain for every neuron, a third of them 0.
double gain_of(GlobalIndex j) { return draw(j, 0) < 0.33 ? 0.0 : 0.5 + draw(j, 1); }
/// An alpha for every place, a third of them 0.
double alpha_of(GlobalIndex i, GlobalIndex j) {
  const auto place = i * kSize + j;
  return draw(place, 2) < 0.33 ? 0.0 : 0.1 + 3 * draw(place, 3);
}

void set_gains(Network& network) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) network.nodes.gain.push_back(gain_of(network.rows.first() + i));
}

void set_alphas(Network& network) {
  network.alpha.clear();
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      network.alpha.push_back(alpha_of(network.rows.first() + i, network.global(network.column[at(e)])));
    }
  }
}

/// What costs the same without any factor.
Dense priced(const Dense& w, double power, bool gains, bool alphas) {
  Dense same(w.n);
  for (GlobalIndex i = 0; i < w.n; ++i) {
    for (GlobalIndex j = 0; j < w.n; ++j) {
      const double factor = (gains ? gain_of(j) * gain_of(j) : 1.0) * (alphas ? alpha_of(i, j) : 1.0);
      same(i, j) = w(i, j) * std::pow(factor, 1 / power);
    }
  }
  return same;
}

void expect_same_balance(double power, bool gains, bool alphas) {
  const auto w = random_matrix(kSize, 0.3, 1, 5);
  const Balanced plain(world(), network_of(world(), priced(w, power, gains, alphas)), power, tight());
  for (const auto method : {Method::automatic, Method::newton, Method::sweep}) {
    auto network = network_of(world(), w);
    if (gains) set_gains(network);
    if (alphas) set_alphas(network);
    const Balanced found(world(), std::move(network), power, tight(method));
    EXPECT_TRUE(found.found.solver.converged()) << to_string(method);
    EXPECT_EQ(found.components.count, plain.components.count);
    EXPECT_EQ(found.components.largest, plain.components.largest);
    EXPECT_EQ(found.problem.edges(), plain.problem.edges());
    const auto h = found.h(world()), truth = plain.h(world());
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], truth[i], 1e-9) << to_string(method);
    EXPECT_NEAR(found.found.costs.total, plain.found.costs.total, 1e-10 * plain.found.costs.total);
    ASSERT_TRUE(found.found.certificate.gap.has_value());
    EXPECT_LT(*found.found.certificate.gap, 1e-8 * found.found.costs.total);
  }
}

TEST(CostFactors, gains_of_zero_act_like_dropping_the_columns) {
  for (const double power : {1.0, 2.0}) expect_same_balance(power, true, false);
}

TEST(CostFactors, alphas_act_like_weights_times_their_root_and_zeros_like_no_synapse) {
  for (const double power : {1.0, 2.0, 1.5}) expect_same_balance(power, false, true);
}

TEST(CostFactors, gains_and_alphas_multiply) { expect_same_balance(2, true, true); }

TEST(CostFactors, free_synapses_are_scaled_like_all_others_and_cost_nothing) {
  const auto w = random_matrix(kSize, 0.3, 1, 5);
  auto network = network_of(world(), w);
  set_gains(network), set_alphas(network);
  const FreeSynapses free(world(), network);
  std::int64_t expected = 0;
  for (GlobalIndex i = 0; i < kSize; ++i) {
    for (GlobalIndex j = 0; j < kSize; ++j) expected += w(i, j) != 0 && gain_of(j) * alpha_of(i, j) == 0;
  }
  EXPECT_GT(expected, 0);
  EXPECT_EQ(free.count(world()), expected);
  SynapseCosts costs(world(), network, 2);
  std::int64_t found = 0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) found += costs.cost(i, e) == 0;
  }
  EXPECT_EQ(world().sum(found), expected);
}

TEST(CostFactors, costs_straight_from_the_weights_know_them) {
  const double power = 1.5;
  const auto w = random_matrix(kSize, 0.3, 1, 5);
  auto network = network_of(world(), w);
  set_gains(network), set_alphas(network);
  const auto components = strongly_connected_components(world(), network);
  const auto leader = world().gather_all(std::span(components.leader).first(at(network.local_size())));
  std::vector<double> h;
  for (GlobalIndex i = 0; i < kSize; ++i) h.push_back(draw(i, 9));
  const std::vector<double> own(h.begin() + network.rows.first(),
                                h.begin() + network.rows.first() + network.local_size());
  const auto direct = direct_costs(world(), network, components, own, power);
  const auto same = priced(w, power, true, true);
  double total = 0;
  for (GlobalIndex i = 0; i < kSize; ++i) {
    for (GlobalIndex j = 0; j < kSize; ++j) {
      if (i == j || leader[at(i)] != leader[at(j)]) continue;
      total += std::pow(std::abs(same(i, j)) * std::exp(h[at(j)] - h[at(i)]), power);
    }
  }
  EXPECT_NEAR(direct.total, total, 1e-12 * total);
}

/// Costs of a dense network with exponents k, whose neuron 0 is pinned; self-loops of the others change with h.
double cost_with_exponents(const Dense& w, const std::vector<double>& k, const std::vector<double>& h, double power) {
  double sum = 0;
  for (GlobalIndex i = 0; i < w.n; ++i) {
    for (GlobalIndex j = 0; j < w.n; ++j) {
      if (i == 0 && j == 0) continue;
      if (i == j && k[at(i)] == 1) continue;
      sum += std::pow(std::abs(w(i, j)) * std::exp(k[at(j)] * h[at(j)] - h[at(i)]), power);
    }
  }
  return sum;
}

TEST(CostFactors, self_loops_of_neurons_with_exponents_are_priced) {
  const GlobalIndex n = 8;
  const auto w = random_matrix(n, 1, 0.5, 3);
  for (const double power : {1.0, 2.0}) {
    for (const auto method : {Method::automatic, Method::newton, Method::sweep}) {
      std::vector<double> k;
      for (GlobalIndex i = 0; i < n; ++i) k.push_back(i % 3 == 0 ? 2.0 : i % 3 == 1 ? 0.5 : 1.0);
      auto network = network_of(world(), w);
      pin(network, {0});
      for (LocalIndex i = 0; i < network.local_size(); ++i) {
        network.nodes.exponent.push_back(k[at(network.rows.first() + i)]);
      }
      const Balanced b(world(), std::move(network), power, tight(method));
      EXPECT_TRUE(b.found.solver.converged()) << to_string(method);
      const auto h = b.h(world());
      const double least = cost_with_exponents(w, k, h, power);
      EXPECT_NEAR(b.found.costs.total, least, 1e-12 * least);
      // Central differences: at a minimum they vanish, and every way off costs more.
      for (GlobalIndex i = 1; i < n; ++i) {
        auto up = h, down = h;
        up[at(i)] += 1e-4, down[at(i)] -= 1e-4;
        const double above = cost_with_exponents(w, k, up, power), below = cost_with_exponents(w, k, down, power);
        EXPECT_GT(std::min(above, below), least);
        EXPECT_LT(std::abs(above - below) / 2e-4, 1e-5 * least) << to_string(method) << " neuron " << i;
      }
      const std::vector<double> own(h.begin() + b.network.rows.first(),
                                    h.begin() + b.network.rows.first() + b.network.local_size());
      const auto direct = direct_costs(world(), b.network, b.components, own, power);
      EXPECT_NEAR(direct.total, least, 1e-12 * least);
      EXPECT_LT(direct_imbalance(world(), b.network, direct).l1, 1e-11);
    }
  }
}

}  // namespace
}  // namespace synbal::test
