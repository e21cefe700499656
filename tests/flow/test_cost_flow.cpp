// The right-hand side of the flow and its linearisation against dense sums, for every kind of problem.
#include <algorithm>
#include <cmath>
#include <limits>

#include "flow_samples.hpp"

namespace synbal::test {
namespace {

/// Some state of all neurons.
std::vector<double> some_state(GlobalIndex n, double size, std::uint64_t seed) {
  const CounterRandom random(seed, 17);
  std::vector<double> h;
  for (GlobalIndex i = 0; i < n; ++i) h.push_back(size * random.normal(static_cast<std::uint64_t>(i)));
  return h;
}

/// c_ij at h, dense; 0 where a synapse does not take part.
Dense dense_costs(const Kind& kind, const std::vector<double>& h, const std::vector<std::int64_t>& component) {
  const auto n = kind.weights.n;
  std::vector<bool> pinned(at(n), false);
  for (const auto g : kind.pinned) pinned[at(g)] = true;
  Dense c(n);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      if (component[at(i)] != component[at(j)] || (pinned[at(i)] && pinned[at(j)])) continue;
      const double gain = kind.gains ? 1 + std::fmod(static_cast<double>(j), 3.0) : 1;
      const double k = kind.exponents && j % 2 == 1 ? 1.5 : 1;
      if (i == j && k == 1) continue;  // what a self-loop costs does not change then
      const double exponent = (pinned[at(j)] ? 0 : k * h[at(j)]) - (pinned[at(i)] ? 0 : h[at(i)]);
      c(i, j) = gain * gain * std::pow(std::abs(kind.weights(i, j)) * std::exp(exponent), kind.power);
    }
  }
  return c;
}

/// r_i - k_i o_i without its component means, from dense sums.
std::vector<double> dense_rate(const Kind& kind, const Dense& c) {
  std::vector<double> rate(at(c.n), 0.0);
  auto copy = c;
  for (GlobalIndex i = 0; i < c.n; ++i) {
    const double k = kind.exponents && i % 2 == 1 ? 1.5 : 1;
    for (GlobalIndex j = 0; j < c.n; ++j) rate[at(i)] += copy(i, j) - k * copy(j, i);
  }
  return rate;
}

TEST(CostFlow, the_rate_is_what_comes_in_less_what_goes_out) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind);
    const auto component = world().gather_all(std::span<const std::int64_t>(s.components.number));
    const auto h = s.everywhere(world(), s.own(some_state(kind.weights.n, 0.5, 3)));
    std::vector<double> rate(at(s.problem.size()));
    EXPECT_TRUE(s.flow.derivative(s.own(h), rate));
    const auto found = s.everywhere(world(), rate);
    const auto c = dense_costs(kind, h, component);
    const auto expected = s.everywhere(world(), s.own(dense_rate(kind, c)));
    const double scale = *std::max_element(c.entries.begin(), c.entries.end());
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-13 * scale) << kind.name << " " << i;
  }
}

TEST(CostFlow, the_product_is_the_derivative_of_the_rate_and_symmetric) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind);
    const auto n = kind.weights.n;
    const auto h = s.own(some_state(n, 0.3, 3)), v = s.own(some_state(n, 1, 4)), w = s.own(some_state(n, 1, 5));
    const double step = 1e-5;
    auto ahead = h, behind = h;
    for (std::size_t i = 0; i < h.size(); ++i) ahead[i] += step * v[i], behind[i] -= step * v[i];
    std::vector<double> up(h.size()), down(h.size()), rate(h.size()), av(h.size()), aw(h.size());
    s.flow.derivative(ahead, up);
    s.flow.derivative(behind, down);
    s.flow.derivative(h, rate);
    s.flow.product(v, av);
    s.flow.product(w, aw);
    double size = 0, vaw = 0, wav = 0;
    for (std::size_t i = 0; i < h.size(); ++i)
      size = std::max(size, std::abs(av[i])), vaw += v[i] * aw[i], wav += w[i] * av[i];
    size = world().max(size), vaw = world().sum(vaw), wav = world().sum(wav);
    for (std::size_t i = 0; i < h.size(); ++i)
      EXPECT_NEAR(av[i], (down[i] - up[i]) / (2 * step), 1e-7 * size) << kind.name;
    EXPECT_NEAR(vaw, wav, 1e-12 * std::abs(vaw)) << kind.name;
  }
}

TEST(CostFlow, the_diagonal_is_that_of_the_product) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind);
    const auto h = s.own(some_state(kind.weights.n, 0.3, 8));
    std::vector<double> rate(h.size()), d(h.size()), column(h.size());
    s.flow.derivative(h, rate);
    s.flow.diagonal(d);
    for (GlobalIndex g = 0; g < s.problem.global_size(); ++g) {
      auto unit = s.zeros();
      const bool mine = s.problem.neurons().owns(g);
      const auto own = at(g - s.problem.neurons().first());
      if (mine) unit[own] = 1;
      s.flow.product(unit, column);
      if (mine) {
        EXPECT_NEAR(d[own], column[own], 1e-12 * d[own]) << kind.name;
      }
    }
  }
}

TEST(CostFlow, rates_have_no_mean_and_project_removes_nothing_else) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind);
    const auto h = s.own(some_state(kind.weights.n, 0.3, 8));
    std::vector<double> rate(h.size());
    s.flow.derivative(h, rate);
    auto projected = rate;
    s.flow.project(projected);
    double size = 0;
    for (const double x : rate) size = std::max(size, std::abs(x));
    size = world().max(size);
    for (std::size_t i = 0; i < rate.size(); ++i) EXPECT_NEAR(projected[i], rate[i], 1e-15 * size);
    const auto sums = s.sums.sum(rate);
    for (LocalIndex l = 0; l < s.sums.count(); ++l) {
      if (!s.sums.grounded(l)) {
        EXPECT_NEAR(sums[at(l)], 0, 1e-14 * size) << kind.name;
      }
    }
  }
}

TEST(CostFlow, moving_the_base_changes_rounding_alone) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind), other(world(), kind);
    std::vector<double> all;
    for (GlobalIndex i = 0; i < kind.weights.n; ++i) all.push_back(60 / kind.power * std::sin(static_cast<double>(i)));
    const auto far = s.own(all);
    std::vector<double> rate(far.size()), based(far.size());
    EXPECT_TRUE(s.flow.derivative(far, rate));
    other.flow.settle(far);
    EXPECT_TRUE(std::equal(far.begin(), far.end(), other.problem.base().begin())) << kind.name;
    EXPECT_TRUE(other.flow.derivative(far, based));
    double size = 0;
    for (const double x : rate) size = std::max(size, std::abs(x));
    size = world().max(size);
    for (std::size_t i = 0; i < far.size(); ++i) EXPECT_NEAR(rate[i], based[i], 1e-12 * size) << kind.name;
  }
}

TEST(CostFlow, small_moves_leave_the_base_alone) {
  FlowSetup s(world(), all_kinds().front());
  s.flow.settle(s.own(some_state(s.network.size(), 0.1, 2)));
  for (const double b : s.problem.base()) EXPECT_EQ(b, 0);
}

TEST(CostFlow, a_state_out_of_range_on_one_rank_fails_on_all) {
  for (const double wrong : {1e4, -1e4, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const auto& kind : all_kinds()) {
      FlowSetup s(world(), kind);
      auto h = s.zeros();
      if (s.problem.neurons().owns(s.problem.global_size() / 2))
        h[at(s.problem.global_size() / 2 - s.problem.neurons().first())] = wrong;
      std::vector<double> rate(h.size());
      EXPECT_FALSE(s.flow.derivative(h, rate)) << kind.name;
      EXPECT_TRUE(s.flow.derivative(s.zeros(), rate)) << kind.name;
    }
  }
}

TEST(CostFlow, time_is_the_users_whatever_unit_the_costs_are_held_in) {
  // Costs of 1e-170 are held in a unit of their own; the rate is not.
  const auto w = lognormal(11, 0.5, 0.5, 2);
  auto small = w;
  for (double& x : small.entries) x *= 1e-85;
  FlowSetup s(world(), network_of(world(), w), 2), t(world(), network_of(world(), small), 2);
  EXPECT_NE(t.problem.cost_unit(), 1);
  std::vector<double> rate(at(s.problem.size())), slow(rate.size());
  s.flow.derivative(s.zeros(), rate);
  s.flow.product(rate, slow);
  const auto product = slow;
  t.flow.derivative(t.zeros(), slow);
  for (std::size_t i = 0; i < rate.size(); ++i) EXPECT_NEAR(slow[i] * 1e170, rate[i], 1e-12);
  t.flow.product(rate, slow);
  for (std::size_t i = 0; i < rate.size(); ++i) EXPECT_NEAR(slow[i] * 1e170, product[i], 1e-10);
}

TEST(CostFlow, nothing_to_balance_has_no_rate) {
  for (const GlobalIndex n : {0, 1, 3}) {
    FlowSetup s(world(), network_of(world(), Dense(n)), 2);
    std::vector<double> nothing;
    EXPECT_TRUE(s.flow.derivative(nothing, nothing));
    s.flow.product(nothing, nothing);
    s.flow.project(nothing);
    s.flow.settle(nothing);
    EXPECT_EQ(s.flow.costs().total, 0);
  }
}

}  // namespace
}  // namespace synbal::test
