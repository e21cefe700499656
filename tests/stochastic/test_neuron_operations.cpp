// Scaling and balancing of single neurons and of subsets: what they leave alone, what they reach, and that the order
// of visits does not matter.
#include <algorithm>
#include <numeric>

#include "samples.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/stochastic/neuron_operations.hpp"

namespace synbal::test {
namespace {

/// Collective. The weights, dense, on every rank.
std::vector<double> dense(const Comm& comm, const Network& network) {
  const auto n = network.size();
  std::vector<double> all(at(n * n), 0.0);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      all[at((network.rows.first() + i) * n + network.global(network.column[at(e)]))] = network.weight[at(e)];
    }
  }
  comm.sum(std::span<double>(all));
  return all;
}

/// A recurrent sample with pinned neurons 0..2 and exponents, weak enough for its activity to stay finite.
SampleParams recurrent(bool exponents) {
  auto params = random_sample(24, 5, 6);
  params.generator.sigma = 0.5;
  params.generator.inhibitory = 0.4;
  params.pinned = {0, 1, 2};
  if (exponents) params.exponents = {5, 9, 10, 20};
  return params;
}

/// What the visible (pinned) neurons do: x' = f(J x) + drive on the visible ones, f = max(x, 0)^k, drawn out over 12
/// steps.
std::vector<double> visible_activity(const std::vector<double>& weights, const std::vector<double>& exponent) {
  const auto n = exponent.size();
  std::vector<double> x(n, 0.0), seen;
  for (int t = 0; t < 12; ++t) {
    std::vector<double> next(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < n; ++j) sum += 0.3 * weights[i * n + j] * x[j];
      next[i] = i < 3 ? std::tanh(sum) + std::sin(static_cast<double>(t) + static_cast<double>(i))
                      : std::pow(std::max(sum, 0.0), exponent[i]);
    }
    x = next;
    seen.insert(seen.end(), x.begin(), x.begin() + 3);
  }
  return seen;
}

std::vector<double> exponents_of(const SampleParams& params) {
  std::vector<double> k(at(*params.generator.nodes), 1.0);
  for (const auto g : params.exponents) k[at(g)] = 2;
  return k;
}

/// Factors for this rank's neurons among those given.
std::vector<NeuronFactor> factors(const Network& network, const std::vector<std::pair<GlobalIndex, double>>& wanted) {
  std::vector<NeuronFactor> own;
  for (const auto& [g, lambda] : wanted) {
    if (network.rows.owns(g)) own.push_back({static_cast<LocalIndex>(g - network.rows.first()), lambda});
  }
  return own;
}

TEST(NeuronScaling, leaves_what_the_network_computes) {
  for (const bool exponents : {false, true}) {
    const auto params = recurrent(exponents);
    auto network = sample_network(world(), params, Spread::even);
    const auto k = exponents_of(params);
    const auto before = visible_activity(dense(world(), network), k);
    const auto own = factors(network, {{3, 0.2}, {5, 3.0}, {9, 0.7}, {23, 11.0}, {5, 0.5}});
    scale_neurons(world(), network, own);
    const auto after = visible_activity(dense(world(), network), k);
    double activity = 0;
    for (std::size_t t = 0; t < before.size(); ++t) {
      EXPECT_NEAR(after[t], before[t], 1e-12);
      activity =
          std::max(activity, std::abs(before[t] - std::sin(static_cast<double>(t / 3) + static_cast<double>(t % 3))));
    }
    EXPECT_GT(activity, 0.05);  // the recurrent synapses matter
  }
}

TEST(NeuronScaling, multiplies_rows_and_divides_columns) {
  auto network = sample_network(world(), recurrent(true), Spread::even);
  const auto before = dense(world(), network);
  scale_neurons(world(), network, factors(network, {{5, 3.0}}));  // exponent 2
  const auto after = dense(world(), network);
  for (std::size_t i = 0; i < 24; ++i) {
    for (std::size_t j = 0; j < 24; ++j) {
      double factor = 1;
      if (i == 5) factor *= 3.0;
      if (j == 5) factor /= 9.0;
      EXPECT_NEAR(after[i * 24 + j], factor * before[i * 24 + j], 1e-14 * std::abs(before[i * 24 + j]));
    }
  }
}

TEST(NeuronScaling, commutes_and_collapses) {  // Baldi et al. 2024, prop. 3.2
  auto a = sample_network(world(), recurrent(false), Spread::even);
  auto b = sample_network(world(), recurrent(false), Spread::even);
  for (const auto& step : std::vector<std::pair<GlobalIndex, double>>{{4, 5}, {7, 2}, {4, 3}, {7, 4}}) {
    scale_neurons(world(), a, factors(a, {step}));
  }
  scale_neurons(world(), b, factors(b, {{7, 8}}));
  scale_neurons(world(), b, factors(b, {{4, 15}}));
  for (std::size_t e = 0; e < a.weight.size(); ++e)
    EXPECT_NEAR(a.weight[e], b.weight[e], 1e-14 * std::abs(b.weight[e]));
}

TEST(NeuronScaling, refuses_pinned_neurons_and_factors_that_are_not_positive) {
  auto network = sample_network(world(), recurrent(false), Spread::even);
  for (const auto& wrong : std::vector<std::pair<GlobalIndex, double>>{
           {1, 2.0}, {4, 0.0}, {4, -1.0}, {4, std::nan("")}, {4, std::numeric_limits<double>::infinity()}}) {
    const auto own = factors(network, {wrong});
    EXPECT_THROW(scale_neurons(world(), network, own), Error);
  }
  EXPECT_THROW(balance_neuron(world(), network, 1, 2), Error);
  EXPECT_THROW(balance_neuron(world(), network, 24, 2), Error);
  EXPECT_THROW(balance_neuron(world(), network, 4, 2, 1.5), Error);
}

TEST(NeuronBalancing, reaches_the_least_cost_along_the_neurons_own_line) {
  // Baldi et al. 2024, eq. 5.7, 5.16, 6.7 and the corrected 6.6, any p > 0.
  for (const double power : {0.5, 1.0, 2.0, 3.3}) {
    for (const GlobalIndex neuron : {4, 5}) {  // exponents 1 and 2
      auto network = sample_network(world(), recurrent(true), Spread::even);
      const double k = neuron == 5 ? 2 : 1;
      const auto before = neuron_costs(world(), network, neuron, power);
      const double lambda = balance_neuron(world(), network, neuron, power);
      const auto after = neuron_costs(world(), network, neuron, power);
      EXPECT_NEAR(lambda, std::pow(k * before.out / before.in, 1 / (power * (k + 1))), 1e-13 * lambda);
      EXPECT_NEAR(after.in, k * after.out, 1e-12 * after.in);
      const double fall = before.in + before.out - after.in - after.out;
      EXPECT_NEAR(fall, cost_decrease(before, k), 1e-12 * (before.in + before.out));
      for (const double other : {0.99, 1.01}) {
        const double cost =
            before.in * std::pow(lambda * other, power) + before.out * std::pow(lambda * other, -power * k);
        EXPECT_GT(cost, after.in + after.out);
      }
    }
  }
}

TEST(NeuronBalancing, a_part_of_the_step_leaves_the_other_part) {  // remark 4.6
  for (const double fraction : {0.0, 0.25, 0.5, 1.0}) {
    auto network = sample_network(world(), recurrent(false), Spread::even);
    const auto before = neuron_costs(world(), network, 7, 2);
    balance_neuron(world(), network, 7, 2, fraction);
    const auto after = neuron_costs(world(), network, 7, 2);
    EXPECT_NEAR(std::log(after.in / after.out), (1 - fraction) * std::log(before.in / before.out), 1e-12);
  }
}

TEST(NeuronBalancing, a_neuron_without_incoming_or_outgoing_synapses_stays) {
  SampleParams chain;
  chain.generator.kind = "layered";
  chain.generator.layers = "1,2,1";
  auto network = sample_network(world(), chain, Spread::even);
  network.nodes.pinned.assign(network.nodes.pinned.size(), 0);
  const auto before = network.weight;
  EXPECT_EQ(balance_neuron(world(), network, 0, 2), 1);
  EXPECT_EQ(balance_neuron(world(), network, 3, 2), 1);
  EXPECT_EQ(network.weight, before);
  EXPECT_NE(balance_neuron(world(), network, 1, 2), 1);
}

TEST(NeuronBalancing, on_the_weights_and_on_h_are_the_same) {
  auto params = recurrent(true);
  params.gains = true;
  auto network = sample_network(world(), params, Spread::even);
  Sample sample(world(), params);
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  for (const GlobalIndex place : {9, 4, 15, 9, 22}) {
    const double fraction = place == 15 ? 0.5 : 1;
    balance_neuron(world(), network, place, params.power, fraction);
    for (LocalIndex i = 0; i < neurons.size(); ++i) {
      if (sample.network.file_index(sample.problem.network_row()[at(i)]) == place) neurons.balance(i, fraction);
    }
    neurons.exchange();
  }
  for (LocalIndex i = 0; i < neurons.size(); ++i) {
    if (neurons.exponent(i) == 2) neurons.scale(i, 1.5);
  }
  std::vector<NeuronFactor> own;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const bool pinned = network.nodes.pinned[at(i)] != 0;
    if (!pinned && network.nodes.exponent[at(i)] == 2) own.push_back({i, 1.5});
  }
  scale_neurons(world(), network, own);
  scale_weights(world(), sample.network, sample.problem.to_network(neurons.h(), 0.0));
  for (std::size_t e = 0; e < network.weight.size(); ++e) {
    EXPECT_NEAR(sample.network.weight[e], network.weight[e], 1e-13 * std::abs(network.weight[e]));
  }
}

/// Local indices of this rank's active neurons whose place in the file satisfies a condition.
template <class Condition>
std::vector<LocalIndex> members(const Sample& sample, Condition&& condition) {
  std::vector<LocalIndex> found;
  for (LocalIndex i = 0; i < sample.problem.size(); ++i) {
    if (condition(sample.network.file_index(sample.problem.network_row()[at(i)]))) found.push_back(i);
  }
  return found;
}

constexpr auto kAll = [](GlobalIndex) { return true; };

/// Collective. h of the sample's active neurons by Newton.
std::vector<double> newton(const SampleParams& params, const std::function<void(Network&)>& change = {}) {
  auto network = sample_network(world(), params, Spread::even);
  if (change) change(network);
  Sample sample(world(), std::move(network), params.power);
  BalanceParams precise;
  precise.method = Method::newton;
  precise.stop.tolerance = 1e-13;
  return sample.problem.to_network(balance(sample.problem, precise).h, 0.0);
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  EXPECT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) EXPECT_NEAR(a[i], b[i], tolerance);
}

TEST(SubsetBalancing, ends_where_the_network_does_whose_other_neurons_are_pinned) {
  auto params = random_sample(90, 6, 12);
  params.gains = true;
  const auto movable = [](GlobalIndex place) { return place % 3 != 1; };
  Sample sample(world(), params);
  EXPECT_EQ(sample.components.nontrivial, 1);
  EXPECT_EQ(sample.components.largest, 90);
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const auto result = balance_subset(neurons, members(sample, movable), {.tolerance = 1e-13});
  EXPECT_TRUE(result.converged());
  const auto expected = newton(params, [&](Network& network) {
    std::vector<std::uint8_t> flags;
    for (LocalIndex i = 0; i < network.local_size(); ++i) flags.push_back(movable(network.file_index(i)) ? 1 : 0);
    pin_all_but(network, flags);
  });
  const auto h = sample.problem.to_network(neurons.h(), 0.0);
  expect_near(h, expected, 1e-11);
  double moved_most = 0;
  for (LocalIndex i = 0; i < sample.network.local_size(); ++i) {
    if (!movable(sample.network.file_index(i))) {
      EXPECT_EQ(h[at(i)], 0);
    }
    moved_most = std::max(moved_most, std::abs(h[at(i)]));
  }
  EXPECT_GT(world().max(moved_most), 0.1);
}

TEST(SubsetBalancing, in_parts_of_a_step_ends_in_the_same_state) {
  auto params = random_sample(60, 5, 4, 1.5);
  params.pinned = {0, 30, 59};
  params.exponents = {3, 4, 17};
  const auto expected = newton(params);
  for (const double fraction : {0.3, 0.7, 1.0}) {
    Sample sample(world(), params);
    IncidentSynapses stars(sample.problem, sample.network);
    NeuronBalancer neurons(sample.problem, stars);
    const auto result = balance_subset(neurons, members(sample, kAll), {.tolerance = 1e-13, .fraction = fraction});
    EXPECT_TRUE(result.converged());
    expect_near(sample.problem.to_network(neurons.h(), 0.0), expected, 1e-11);
  }
}

TEST(SubsetBalancing, of_a_layer_is_done_in_one_round_in_any_order) {  // prop. 4.4
  const Comm self(MPI_COMM_SELF);
  SampleParams params;
  params.generator.kind = "layered";
  params.generator.layers = "9,7,8,6";
  const auto layer = [](GlobalIndex place) { return place >= 9 && place < 16; };
  std::vector<double> first;
  for (const std::uint64_t seed : {1, 2, 3}) {
    Sample sample(self, params);
    IncidentSynapses stars(sample.problem, sample.network);
    NeuronBalancer neurons(sample.problem, stars);
    const auto result = balance_subset(neurons, members(sample, layer), {.tolerance = 1e-14, .seed = seed});
    EXPECT_EQ(result.rounds, 1);
    EXPECT_EQ(result.relaxations, 7);
    if (first.empty()) first = neurons.h();
    EXPECT_EQ(neurons.h(), first);  // the same bits
  }
}

TEST(SubsetBalancing, alternating_between_even_and_odd_layers_balances_the_network) {  // section 8.2
  SampleParams params;
  params.generator.kind = "layered";
  params.generator.layers = "9,7,8,6,5";
  const auto expected = newton(params);
  Sample sample(world(), params);
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const auto odd = members(sample, [](GlobalIndex place) { return place < 16 || place >= 24; });
  const auto even = members(sample, [](GlobalIndex place) { return place >= 16 && place < 24; });
  for (int k = 0; k < 60; ++k) {
    for (const auto& layers : {odd, even}) balance_subset(neurons, layers, {.tolerance = 1e-14, .max_rounds = 60});
  }
  EXPECT_LE(neurons.deviation().max_log_ratio, 1e-13);
  expect_near(sample.problem.to_network(neurons.h(), 0.0), expected, 1e-12);
}

TEST(SubsetBalancing, never_raises_the_cost_whatever_the_ranks_do_at_once) {
  Sample sample(world(), random_sample(40, 8, 9));
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const auto all = members(sample, kAll);
  double cost = neurons.deviation().cost;
  for (std::int64_t round = 0; round < 30; ++round) {
    balance_subset(neurons, all, {.tolerance = 0, .seed = 5, .max_rounds = 1});
    const double now = neurons.deviation().cost;
    EXPECT_LE(now, cost * (1 + 1e-14));
    cost = now;
  }
}

TEST(SubsetBalancing, follows_weights_over_hundreds_of_decades) {
  // A cycle with costs from 1e-200 to 1e240: the base has to move on the way.
  Network network;
  {
    const auto rows = Ownership::even(world(), 4);
    const std::vector<double> weight{1e-100, 1e120, 1e-70, 1};
    GlobalRows own;
    for (auto g = rows.first(); g < rows.first() + rows.count(); ++g) {
      own.column.push_back((g + 1) % 4);
      own.weight.push_back(weight[at(g)]);
      own.row_ptr.push_back(std::ssize(own.column));
    }
    network = assemble(world(), rows, std::move(own), Duplicates::sum, {});
  }
  Sample sample(world(), std::move(network), 2);
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const auto result = balance_subset(neurons, members(sample, kAll), {.tolerance = 1e-12});
  EXPECT_TRUE(result.converged());
  scale_weights(world(), sample.network, sample.problem.to_network(neurons.h(), 0.0));
  const double mean = std::pow(10.0, -50.0 / 4);
  for (const double w : sample.network.weight) EXPECT_NEAR(w, mean, 1e-10 * mean);
}

TEST(SubsetBalancing, refuses_members_and_steps_that_make_no_sense) {
  Sample sample(world(), random_sample(12, 3, 2));
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const std::vector<LocalIndex> wrong{neurons.size()};
  const auto bad = world().is_root() ? wrong : std::vector<LocalIndex>{};
  EXPECT_THROW(balance_subset(neurons, bad, {}), Error);
  EXPECT_THROW(balance_subset(neurons, {}, {.fraction = 0}), Error);
  EXPECT_THROW(balance_subset(neurons, {}, {.fraction = 1.1}), Error);
}

TEST(SubsetBalancing, of_two_neurons_on_two_ranks_does_not_swing) {
  // In lock step each would solve for the other's old value, for ever: the error mode (1, -1) has eigenvalue -1.
  Sample sample(world(), random_sample(2, 1, 3));
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  EXPECT_GT(neurons.deviation().max_log_ratio, 0.1);
  const auto result = balance_subset(neurons, members(sample, kAll), {.max_rounds = 100});
  EXPECT_TRUE(result.converged());
  EXPECT_LE(neurons.deviation().max_log_ratio, 1e-12);
}

TEST(SubsetBalancing, of_nothing_is_done_at_once) {
  for (const GlobalIndex nodes : {0, 1, 2}) {
    Sample sample(world(), random_sample(nodes, nodes > 1 ? 1 : 0, 1));
    IncidentSynapses stars(sample.problem, sample.network);
    NeuronBalancer neurons(sample.problem, stars);
    EXPECT_TRUE(balance_subset(neurons, {}, {}).converged());
    EXPECT_TRUE(balance_subset(neurons, members(sample, kAll), {.max_rounds = 200}).converged());
    if (nodes < 2) {
      EXPECT_EQ(neurons.deviation().cost, 0);
    }
  }
}

/// One random order after another over the network of Baldi et al. 2024, fig. 9, on this rank alone.
struct Figure9 {
  Comm self{MPI_COMM_SELF};
  SampleParams params = [] {
    SampleParams p;
    p.generator.kind = "layered";
    return p;
  }();
  Sample sample{self, params};
  IncidentSynapses stars{sample.problem, sample.network};

  /// Visits drawn independently, keyed by (order, visit).
  [[nodiscard]] std::vector<double> h(std::uint32_t order) {
    NeuronBalancer neurons(sample.problem, stars);
    const CounterRandom random(2024, 9);
    const auto n = static_cast<std::uint64_t>(neurons.size());
    std::uint64_t visit = 0;
    do {
      for (const auto end = visit + n; visit < end; ++visit) {
        neurons.balance(static_cast<LocalIndex>(random.below(n, visit, order)));
      }
    } while (neurons.deviation().max_log_ratio > 1e-14 && visit < 1000 * n);
    return sample.problem.to_network(neurons.h(), 0.0);
  }
};

TEST(StochasticBalancing, ten_random_orders_end_in_the_same_weights) {
  Figure9 figure;
  const auto& network = figure.sample.network;
  EXPECT_EQ(network.size(), 784 + 200 + 100 + 50 + 100 + 200 + 784);
  std::vector<double> least(network.weight.size(), 1e300), most(network.weight.size(), -1e300);
  std::vector<double> h;
  for (int order = world().rank(); order < 10 + world().size(); order += world().size()) {
    h = figure.h(static_cast<std::uint32_t>(order));
    std::size_t e = 0;
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      for (; e < at(network.row_ptr[at(i) + 1]); ++e) {
        const double factor = h[at(network.column[e])] - h[at(i)];
        least[e] = std::min(least[e], factor);
        most[e] = std::max(most[e], factor);
      }
    }
  }
  for (auto& x : least) x = -x;
  world().max(std::span<double>(least));
  world().max(std::span<double>(most));
  double widest = 0;
  for (std::size_t e = 0; e < most.size(); ++e) widest = std::max(widest, std::expm1(most[e] + least[e]));
  EXPECT_LE(widest, 1e-12);
  EXPECT_GT(widest, 0);  // the orders did differ

  // The paper's figure starts near 3,639 and ends near 1,498; draws of the weights differ by some 10 each.
  const double before = NeuronBalancer(figure.sample.problem, figure.stars).deviation().cost;
  Sample other(figure.self, figure.params);
  BalanceParams precise;
  precise.stop.tolerance = 1e-13;
  const auto truth = balance(other.problem, precise);
  const auto expected = other.problem.to_network(truth.h, 0.0);
  for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-11);
  EXPECT_NEAR(before, truth.initial_cost, 1e-12 * before);
  EXPECT_NEAR(before, 3636, 40);
  EXPECT_NEAR(truth.costs.total, 1487, 30);
}

}  // namespace
}  // namespace synbal::test
