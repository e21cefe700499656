// The greedy order is what it says, and ends where every order ends.
#include <algorithm>
#include <numeric>

#include "samples.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/stochastic/greedy.hpp"

namespace synbal::test {
namespace {

constexpr GreedyKey kKeys[] = {GreedyKey::imbalance, GreedyKey::decrease};

TEST(NeuronHeap, has_the_largest_key_on_top) {
  constexpr LocalIndex n = 37;
  const CounterRandom random(3);
  NeuronHeap heap(n);
  std::vector<double> keys(n);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = std::floor(10 * random.uniform(i));  // with ties
  heap.assign(keys);
  for (std::uint64_t k = 0; k < 500; ++k) {
    const auto largest = std::max_element(keys.begin(), keys.end());
    EXPECT_EQ(heap.top(), largest - keys.begin());
    const auto i = k % 3 == 0 ? at(heap.top()) : static_cast<std::size_t>(random.below(n, k, 1));
    keys[i] = std::floor(10 * random.uniform(k, 2));
    heap.set(static_cast<LocalIndex>(i), keys[i]);
    EXPECT_EQ(heap.key(static_cast<LocalIndex>(i)), keys[i]);
  }
}

SampleParams greedy_sample() {
  auto params = random_sample(80, 6, 17, 1.5);
  params.generator.sigma = 1.5;
  params.pinned = {2, 50};
  params.exponents = {4, 30, 31};
  params.gains = true;
  return params;
}

double key_of(const NeuronBalancer& neurons, LocalIndex i, GreedyKey key) {
  const auto seen = neurons.costs(i);
  const double k = neurons.exponent(i);
  return key == GreedyKey::imbalance ? std::abs(seen.in - k * seen.out) : cost_decrease(seen, k);
}

TEST(GreedyVisitor, takes_the_most_unbalanced_neuron_every_time) {
  for (const auto key : kKeys) {
    Sample sample(world(), greedy_sample());
    IncidentSynapses stars(sample.problem, sample.network);
    NeuronBalancer neurons(sample.problem, stars);
    GreedyVisitor visitor(neurons, key);
    const double cost = neurons.deviation().cost;  // what rounding errors are relative to
    for (int visit = 0; visit < 300 && neurons.size() > 0; ++visit) {
      double largest = 0, sum = 0;
      for (LocalIndex i = 0; i < neurons.size(); ++i) {
        largest = std::max(largest, key_of(neurons, i, key));
        sum += key_of(neurons, i, GreedyKey::imbalance);
      }
      const auto i = visitor.most_unbalanced();
      EXPECT_NEAR(key_of(neurons, i, key), largest, 1e-9 * largest + 1e-14 * cost);
      EXPECT_NEAR(visitor.imbalance(), sum, 1e-11 * (sum + 1));
      EXPECT_EQ(visitor.visit(), i);
      EXPECT_NEAR(key_of(neurons, i, GreedyKey::imbalance), 0, 1e-12 * (1 + sum));
    }
  }
}

TEST(GreedyVisitor, sums_anew_what_cancellation_would_spoil) {
  // A cycle with costs 1e14, 1e-14 and 1: when the first neuron is balanced, the second's in-cost falls from 1e14 to 1.
  const Comm self(MPI_COMM_SELF);
  GlobalRows rows{{0, 1, 2, 3}, {2, 0, 1}, {1e-7, 1e7, 1}, {}};
  Sample sample(self, assemble(self, Ownership::even(self, 3), std::move(rows), Duplicates::sum, {}), 2);
  IncidentSynapses stars(sample.problem, sample.network);
  for (const auto key : kKeys) {
    NeuronBalancer neurons(sample.problem, stars);
    GreedyVisitor visitor(neurons, key);
    EXPECT_EQ(visitor.visit(), 0);
    for (LocalIndex i = 0; i < 3; ++i) EXPECT_NEAR(visitor.key(i), key_of(neurons, i, key), 1e-14);
  }
}

TEST(GreedyVisitor, knows_by_how_much_the_cost_fell) {
  const Comm self(MPI_COMM_SELF);
  Sample sample(self, greedy_sample());
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const double before = neurons.deviation().cost;
  GreedyVisitor visitor(neurons, GreedyKey::decrease);
  for (int visit = 0; visit < 200; ++visit) visitor.visit();
  EXPECT_NEAR(before - neurons.deviation().cost, visitor.decrease(), 1e-12 * before);
  EXPECT_GT(visitor.decrease(), 0.1 * before);
}

TEST(GreedyBalancing, ends_in_the_equilibrium) {
  const auto params = greedy_sample();
  Sample truth(world(), params);
  BalanceParams precise;
  precise.method = Method::newton;
  precise.stop.tolerance = 1e-13;
  const auto expected = balance(truth.problem, precise).h;
  for (const auto key : kKeys) {
    Sample sample(world(), params);
    IncidentSynapses stars(sample.problem, sample.network);
    NeuronBalancer neurons(sample.problem, stars);
    const auto result = balance_greedily(neurons, {.key = key, .tolerance = 1e-12});
    EXPECT_TRUE(result.converged());
    EXPECT_LE(neurons.deviation().l1, 1e-12);
    const auto h = neurons.h();
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-9);
  }
}

TEST(GreedyBalancing, spends_its_visits_where_something_is_out_of_balance) {
  // Balanced but for one module's synapse: whoever visits at random spends most visits on neurons that are balanced.
  const Comm self(MPI_COMM_SELF);
  SampleParams params;
  params.generator.kind = "modular";
  params.generator.nodes = 1000;
  params.generator.modules = 10;
  Sample first(self, params);
  auto network = first.network;
  scale_weights(self, network, first.problem.to_network(balance(first.problem, {}).h, 0.0));
  network.weight[network.weight.size() / 2] *= 3;
  Sample sample(self, std::move(network), params.power);
  IncidentSynapses stars(sample.problem, sample.network);
  constexpr double tolerance = 1e-6;

  NeuronBalancer random(sample.problem, stars);
  std::vector<LocalIndex> all(at(random.size()));
  std::iota(all.begin(), all.end(), 0);
  std::int64_t visits = 0;
  for (std::int64_t round = 0; random.deviation().l1 > tolerance; ++round) {
    for (const auto i : random_order(stars, all, 1, round)) {
      random.balance(i);
      ++visits;
    }
  }
  for (const auto key : kKeys) {
    NeuronBalancer greedy(sample.problem, stars);
    const auto result = balance_greedily(greedy, {.key = key, .tolerance = tolerance});
    EXPECT_TRUE(result.converged());
    EXPECT_LT(2 * result.relaxations, visits);
  }
}

TEST(GreedyBalancing, stops_at_its_limit) {
  Sample sample(world(), greedy_sample());
  IncidentSynapses stars(sample.problem, sample.network);
  NeuronBalancer neurons(sample.problem, stars);
  const auto result = balance_greedily(neurons, {.tolerance = 1e-12, .max_relaxations = 20});
  EXPECT_EQ(result.reason, StopReason::iteration_limit);
  EXPECT_GE(result.relaxations, 20);
  EXPECT_LE(result.relaxations, 20 * world().size());
}

TEST(GreedyBalancing, of_nothing_is_done_at_once) {
  for (const GlobalIndex nodes : {0, 1, 2, 3}) {
    Sample sample(world(), random_sample(nodes, nodes > 1 ? 1 : 0, 1));
    IncidentSynapses stars(sample.problem, sample.network);
    NeuronBalancer neurons(sample.problem, stars);
    EXPECT_TRUE(balance_greedily(neurons, {}).converged());
  }
}

}  // namespace
}  // namespace synbal::test
