// One factor for a group: the minimum over h that is constant in groups, in closed form where there is one.
#include <algorithm>
#include <functional>
#include <numeric>

#include "samples.hpp"
#include "synbal/stochastic/neuron_operations.hpp"
#include "synbal/stochastic/tied.hpp"

namespace synbal::test {
namespace {

using GroupOf = std::function<std::int64_t(GlobalIndex)>;

/// This rank's group ids, from places in the file.
std::vector<std::int64_t> ids(const Network& network, const GroupOf& group) {
  std::vector<std::int64_t> own;
  for (LocalIndex i = 0; i < network.local_size(); ++i) own.push_back(group(network.file_index(i)));
  return own;
}

/// The serial truth: a synapse from one variable to another, -1 for h = 0.
struct Edge {
  int to, from;
  double cost;
};

/// Solves A x = b by elimination with pivots; A is n x n.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const auto n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i) pivot = std::abs(a[i * n + k]) > std::abs(a[pivot * n + k]) ? i : pivot;
    for (std::size_t j = 0; j < n; ++j) std::swap(a[k * n + j], a[pivot * n + j]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double f = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= f * a[k * n + j];
      b[i] -= f * b[k];
    }
  }
  for (auto k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
  return b;
}

/// Minimises sum c e^{p(x_from - x_to)} by damped Newton; without synapses to h = 0 the sum of x is 0.
std::vector<double> minimiser(std::size_t n, const std::vector<Edge>& edges, double p, bool anchored) {
  std::vector<double> x(n, 0.0);
  for (int step = 0; step < 200; ++step) {
    std::vector<double> hessian(n * n, anchored ? 0.0 : 1.0), descent(n, 0.0);
    for (const auto& e : edges) {
      const double from = e.from < 0 ? 0 : x[at(e.from)], to = e.to < 0 ? 0 : x[at(e.to)];
      const double c = e.cost * std::exp(p * (from - to));
      if (e.from >= 0) descent[at(e.from)] -= p * c, hessian[at(e.from) * n + at(e.from)] += p * p * c;
      if (e.to >= 0) descent[at(e.to)] += p * c, hessian[at(e.to) * n + at(e.to)] += p * p * c;
      if (e.from < 0 || e.to < 0) continue;
      hessian[at(e.from) * n + at(e.to)] -= p * p * c;
      hessian[at(e.to) * n + at(e.from)] -= p * p * c;
    }
    const auto d = solve(hessian, descent);
    double largest = 0;
    for (const double v : d) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < n; ++i) x[i] += d[i] * std::min(1.0, 0.5 / (p * largest + 1e-300));
    if (largest < 1e-15) break;
  }
  return x;
}

/// Variables of the serial truth: one per group id in order of appearance, -1 where pinned.
struct Truth {
  std::vector<int> variable;  // of every neuron
  std::vector<Edge> edges;
  std::size_t count = 0;
  bool anchored = false;

  Truth(const SampleParams& params, const GroupOf& group) {
    const Comm self(MPI_COMM_SELF);
    const auto network = sample_network(self, params, Spread::even);
    std::vector<std::int64_t> seen;
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      const auto id = group(i) == kUntied ? -1000 - i : group(i);
      const auto found = std::find(seen.begin(), seen.end(), id);
      const bool pinned = !network.nodes.pinned.empty() && network.nodes.pinned[at(i)] != 0;
      variable.push_back(pinned ? -1 : static_cast<int>(found - seen.begin()));
      if (!pinned && found == seen.end()) seen.push_back(id);
    }
    count = seen.size();
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
        const auto j = network.column[e];
        if (variable[at(i)] == variable[at(j)]) continue;
        const double gain = network.nodes.gain.empty() ? 1 : network.nodes.gain[at(j)];
        edges.push_back(
            {variable[at(i)], variable[at(j)], gain * gain * std::pow(std::abs(network.weight[e]), params.power)});
        anchored = anchored || variable[at(i)] < 0 || variable[at(j)] < 0;
      }
    }
  }
};

BalanceParams precise_balance() {
  BalanceParams params;
  params.stop.tolerance = 1e-13;
  return params;
}

/// Compares with the serial truth; returns the largest |h|.
double check(const SampleParams& params, const GroupOf& group, Spread spread) {
  const Truth truth(params, group);
  const auto expected = minimiser(truth.count, truth.edges, params.power, truth.anchored);
  const auto network = sample_network(world(), params, spread);
  const auto found = balance_tied(world(), network, ids(network, group), params.power, precise_balance());
  EXPECT_TRUE(found.of_groups.solver.converged());
  EXPECT_EQ(found.groups, static_cast<GlobalIndex>(truth.count));
  double largest = 0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto v = truth.variable[at(network.file_index(i))];
    EXPECT_NEAR(found.h[at(i)], v < 0 ? 0 : expected[at(v)], 1e-10);
    largest = std::max(largest, std::abs(found.h[at(i)]));
  }
  return world().max(largest);
}

TEST(TiedBalancing, is_the_minimum_over_h_constant_in_groups) {
  auto plain = random_sample(70, 5, 21);
  auto pinned = random_sample(60, 6, 22, 1);
  pinned.pinned = {0, 7, 8, 33};
  pinned.gains = true;
  for (const auto spread : kSpreads) {
    EXPECT_GT(check(
                  plain, [](GlobalIndex i) { return 100 - i % 7; }, spread),
              0.01);
    EXPECT_GT(check(
                  pinned, [](GlobalIndex i) { return i * i % 11; }, spread),
              0.01);
    EXPECT_GT(check(
                  pinned, [](GlobalIndex i) { return i < 20 ? 5 : kUntied; }, spread),
              0.01);
  }
}

TEST(TiedBalancing, with_every_neuron_alone_is_balancing) {
  const auto params = random_sample(50, 5, 3);
  Sample sample(world(), params);
  const auto expected = balance(sample.problem, precise_balance());
  for (const GroupOf& group :
       {GroupOf([](GlobalIndex) { return kUntied; }), GroupOf([](GlobalIndex i) { return 7 * i; })}) {
    const auto found =
        balance_tied(world(), sample.network, ids(sample.network, group), params.power, precise_balance());
    const auto h = sample.problem.from_network(found.h);
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected.h[i], 1e-11);
  }
}

TEST(TiedBalancing, of_everything_together_moves_nothing) {
  const auto network = sample_network(world(), random_sample(30, 4, 3), Spread::even);
  const auto found = balance_tied(world(), network, ids(network, [](GlobalIndex) { return 1; }), 2);
  EXPECT_EQ(found.groups, 1);
  for (const double h : found.h) EXPECT_EQ(h, 0);
}

/// Layers of the sample below.
constexpr std::array<GlobalIndex, 6> kStarts{0, 12, 20, 27, 33, 43};

std::int64_t layer_of(GlobalIndex place) {
  return std::upper_bound(kStarts.begin(), kStarts.end(), place) - kStarts.begin() - 1;
}

SampleParams layered(double power) {
  SampleParams params;
  params.generator.kind = "layered";
  params.generator.layers = "12,8,7,6,10";
  params.power = power;
  return params;
}

TEST(TiedBalancing, per_layer_follows_the_closed_form) {
  // Appendix B of Baldi et al. 2024: |M_i A_i|^p = the geometric mean of all |A_i|^p (with the square root that
  // eq. 13.7 lacks).
  for (const double power : {1.0, 2.0, 3.0}) {
    auto network = sample_network(world(), layered(power), Spread::even);
    const auto found = balance_tied(world(), network, ids(network, layer_of), power, precise_balance());
    const auto costs = [&] {
      std::vector<double> c(5, 0.0);  // into each layer
      for (LocalIndex i = 0; i < network.local_size(); ++i) {
        for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
          c[at(layer_of(network.file_index(i)))] += std::pow(std::abs(network.weight[e]), power);
        }
      }
      world().sum(std::span<double>(c));
      return c;
    };
    const auto before = costs();
    double log_mean = 0;
    for (std::size_t l = 1; l < 5; ++l) log_mean += std::log(before[l]) / 4;
    scale_weights(world(), network, found.h);
    const auto after = costs();
    for (std::size_t l = 1; l < 5; ++l) EXPECT_NEAR(std::log(after[l]), log_mean, 1e-11);
    double least = 1e300;
    for (std::size_t l = 1; l < 5; ++l) least = std::min(least, std::abs(std::log(before[l]) - log_mean));
    EXPECT_GT(least, 0.01);  // there was something to do
  }
}

TEST(TiedBalancing, group_by_group_in_random_order_ends_in_the_same_state) {  // theorem 13.2
  const auto network = sample_network(world(), layered(2), Spread::even);
  const auto expected = balance_tied(world(), network, ids(network, layer_of), 2, precise_balance());
  const auto tied = tie(world(), network, ids(network, layer_of), 2);
  const auto components = strongly_connected_components(world(), tied.network);
  BalanceProblem problem(world(), tied.network, components, 2);
  IncidentSynapses stars(problem, tied.network);
  NeuronBalancer groups(problem, stars);
  std::vector<LocalIndex> all(at(groups.size()));
  std::iota(all.begin(), all.end(), 0);
  EXPECT_TRUE(balance_subset(groups, all, {.tolerance = 1e-14, .seed = 8}).converged());
  const auto h = tied.expand(problem.to_network(groups.h(), 0.0));
  for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected.h[i], 1e-12);
}

TEST(TiedBalancing, one_group_at_a_time_has_the_closed_form_on_aggregated_costs) {  // def. 4.5, eq. 8.1
  auto params = random_sample(40, 5, 5, 1.5);
  params.pinned = {3};
  auto network = sample_network(world(), params, Spread::even);
  const auto group = ids(network, [](GlobalIndex i) { return i % 5; });
  const auto sums = [&] {  // of the group 2, over its members, what stays inside left out
    std::array<double, 2> sum{};
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
        const bool to = network.file_index(i) % 5 == 2, from = network.global(network.column[e]) % 5 == 2;
        if (to != from) sum[to ? 0 : 1] += std::pow(std::abs(network.weight[e]), 1.5);
      }
    }
    world().sum(std::span<double>(sum));
    return sum;
  };
  const auto before = sums();
  auto tied = tie(world(), network, group, 1.5);
  const GlobalIndex number = 2;  // groups in the order of their first members 0, 1, 2
  const auto seen = neuron_costs(world(), tied.network, number, 1.5);
  EXPECT_NEAR(seen.in, before[0], 1e-12 * before[0]);
  EXPECT_NEAR(seen.out, before[1], 1e-12 * before[1]);
  const double lambda = balance_neuron(world(), tied.network, number, 1.5);
  EXPECT_NEAR(lambda, std::pow(before[1] / before[0], 1 / 3.0), 1e-12 * lambda);
  std::vector<double> h(at(tied.network.local_size()), 0.0);
  if (tied.network.rows.owns(number)) h[at(number - tied.network.rows.first())] = -std::log(lambda);
  scale_weights(world(), network, tied.expand(h));
  const auto after = sums();
  EXPECT_NEAR(after[0], after[1], 1e-12 * after[0]);
}

TEST(TiedBalancing, refuses_ties_that_no_common_factor_can_keep) {
  auto params = random_sample(30, 5, 5);
  params.pinned = {0, 1};
  params.exponents = {10, 11, 12, 13, 14, 15};
  const auto network = sample_network(world(), params, Spread::even);
  const auto mixed = ids(network, [](GlobalIndex i) { return i / 4; });  // 10 and 11 with 8 and 9
  EXPECT_THROW((void)tie(world(), network, mixed, 2), Error);
  const auto alone = ids(network, [](GlobalIndex) { return kUntied; });
  EXPECT_NO_THROW((void)tie(world(), network, alone, 2));
}

TEST(TiedBalancing, exponents_shared_by_a_disjoint_group_are_kept) {
  SampleParams params = layered(2);
  for (GlobalIndex g = 12; g < 20; ++g) params.exponents.push_back(g);
  auto network = sample_network(world(), params, Spread::even);
  network.nodes.pinned.clear();
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto l = layer_of(network.file_index(i));
    network.nodes.pinned.push_back(l == 0 || l == 4 ? 1 : 0);
  }
  const auto found = balance_tied(world(), network, ids(network, layer_of), 2, precise_balance());
  scale_weights(world(), network, found.h);
  std::array<double, 2> sums{};
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto l = layer_of(network.file_index(i));
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      if (l == 1 || l == 2) sums[at(l - 1)] += network.weight[e] * network.weight[e];
    }
  }
  world().sum(std::span<double>(sums));
  EXPECT_NEAR(sums[0], 2 * sums[1], 1e-10 * sums[0]);  // eq. 6.7 over the layer
}

TEST(TiedBalancing, of_nothing_is_done_at_once) {
  for (const GlobalIndex nodes : {0, 1, 2}) {
    const auto network = sample_network(world(), random_sample(nodes, nodes > 1 ? 1 : 0, 1), Spread::even);
    const auto found = balance_tied(world(), network, ids(network, [](GlobalIndex i) { return i; }), 2);
    EXPECT_EQ(found.groups, nodes);
    EXPECT_EQ(std::ssize(found.h), network.local_size());
  }
}

}  // namespace
}  // namespace synbal::test
