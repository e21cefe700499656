// Properties of what weak cuts make hard: planted networks of modules, at any strength of the links.
#include <numeric>

#include "balance/clusters/clusters.hpp"
#include "balance/clusters/two_level.hpp"
#include "balance/range_bound.hpp"
#include "networks.hpp"
#include "planted.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::test {
namespace {

/// Collective. Weights whose squares are the planted costs; h is that of costs with power 1, halved.
Network network_of(const Planted& planted) {
  const auto rows = Ownership::even(world(), planted.nodes());
  Triplets entries;
  for (const auto& c : planted.costs) {
    if (!rows.owns(c.post)) continue;
    entries.row.push_back(c.post), entries.column.push_back(c.pre);
    entries.weight.push_back(std::exp(c.log_cost / 2));
  }
  return assemble(world(), rows, route(world(), rows, std::move(entries)), Duplicates::sum, {});
}

double error_of_halved(const Planted& planted, std::vector<double> h) {
  for (auto& x : h) x *= 2;
  return error_of(planted, h) / 2;
}

BalanceParams strict() {
  BalanceParams params;
  params.stop.tolerance = 1e-10;
  return params;
}

TEST(WeakCuts, modules_find_their_place_whatever_the_links) {
  for (const double link : {1e-3, 1e-7, 1e-14, 1e-24, 1e-60, 1e-120}) {
    for (const bool ring : {true, false}) {
      const auto planted = planted_modules(12, 16, link, ring, 7);
      const Balanced b(world(), network_of(planted), 2, strict());
      EXPECT_TRUE(b.found.solver.converged()) << link;
      EXPECT_LE(error_of_halved(planted, b.h(world())), 1e-6) << link;
      EXPECT_LE(b.found.solver.newton_steps, 60) << link;
    }
  }
}

TEST(WeakCuts, modules_in_a_tree_find_their_place_in_few_steps) {
  for (const double link : {1e-6, 1e-12}) {
    const auto planted = planted_tree(700, 20, link, 1);
    const Balanced b(world(), network_of(planted), 2, strict());
    EXPECT_TRUE(b.found.solver.converged()) << link;
    EXPECT_LE(error_of_halved(planted, b.h(world())), 1e-6) << link;
    EXPECT_LE(b.found.solver.newton_steps, 60) << link;
  }
}

TEST(WeakCuts, modules_of_modules_find_their_place) {
  for (const double link : {1e-12, 1e-30, 1e-90}) {
    const auto planted = planted_modules(12, 16, link, true, 11, 3);
    const Balanced b(world(), network_of(planted), 2, strict());
    EXPECT_TRUE(b.found.solver.converged()) << link;
    EXPECT_LE(error_of_halved(planted, b.h(world())), 1e-6) << link;
  }
}

TEST(WeakCuts, costs_over_four_hundred_decades_have_one_verdict) {
  // At the optimum sums of doubles leave steps of any size, others at every rank count.
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto planted = planted_triangles(150, 300, 420, seed);
    const Balanced b(world(), network_of(planted), 2, strict());
    EXPECT_TRUE(b.found.solver.converged()) << seed << ": " << *b.found.solver.newton_step_inf;
    EXPECT_LE(*b.found.solver.newton_step_inf, 1e-12) << seed;
    EXPECT_LE(error_of_halved(planted, b.h(world())), 1e-11) << seed;
  }
}

TEST(WeakCuts, a_cut_tells_how_weak_it_is) {
  const auto planted = planted_modules(12, 16, 1e-14, true, 7);
  const Balanced b(world(), network_of(planted), 2, strict());
  ASSERT_TRUE(b.found.solver.cuts.has_value());
  EXPECT_EQ(b.found.solver.cuts->clusters, 12);
  EXPECT_LT(b.found.solver.cuts->weakest_share, 1e-13);
  EXPECT_GT(b.found.solver.cuts->weakest_share, 1e-18);
  EXPECT_LE(b.found.solver.cuts->max_log_ratio, 1e-7);
}

// Costs of 1e-380 are below what doubles hold.
TEST(WeakCuts, verification_notices_a_module_out_of_place_where_neurons_do_not) {
  for (const double link : {1e-16, 1e-190}) {
    const auto planted = planted_modules(12, 16, link, true, 7);
    const Balanced b(world(), network_of(planted), 2, strict());
    auto h = b.problem.to_network(b.found.h, 0.0);
    Claims claims;
    claims.converged = true;
    const auto judge = [&] {
      const auto costs = direct_costs(world(), b.network, b.components, h, 2);
      EXPECT_TRUE(check_imbalance(direct_imbalance(world(), b.network, costs), costs, claims).passed());
      return check_cuts(world(), b.network, b.components, costs, h, claims);
    };
    EXPECT_TRUE(judge().passed()) << link;
    for (LocalIndex i = 0; i < b.network.local_size(); ++i) {
      const auto neuron = b.network.rows.first() + i;
      if (neuron >= 32 && neuron < 48) h[at(i)] += 0.01;
    }
    const auto moved = judge();
    EXPECT_TRUE(moved.failed()) << link;
    EXPECT_NEAR(*moved.value, 0.04, 1e-3) << link;  // costs in fall by e^{-0.02}, costs out rise by as much
  }
}

TEST(WeakCuts, verification_blames_no_module_that_is_pinned) {
  const auto planted = planted_modules(3, 16, 1e-16, false, 7);
  auto network = network_of(planted);
  network.nodes.pinned.assign(at(network.local_size()), 0);
  if (network.rows.owns(0)) network.nodes.pinned[0] = 1;
  const auto components = strongly_connected_components(world(), network);
  std::vector<double> h;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto neuron = network.rows.first() + i;
    h.push_back((planted.h[at(neuron)] - planted.h[0]) / 2 + (neuron >= 16 ? 0.01 : 0));
  }
  Claims claims;
  claims.converged = true;
  const auto check =
      check_cuts(world(), network, components, direct_costs(world(), network, components, h, 2), h, claims);
  EXPECT_TRUE(check.failed());
  EXPECT_NE(check.note.find("neuron 16 "), std::string::npos) << check.note;
}

TEST(WeakCuts, sweeps_go_on_where_modules_have_moved_out_of_the_tolerance) {
  auto params = strict();
  params.method = Method::sweep;
  params.stop.tolerance = 1e-8, params.stop.step_tolerance = 10;
  GeneratorParams modular;
  modular.kind = "modular", modular.nodes = 2000, modular.degree = 8, modular.modules = 20;
  const Balanced b(world(), generate(world(), modular), 2, params);
  EXPECT_TRUE(b.found.solver.converged()) << to_string(b.found.solver.reason);
  EXPECT_LE(b.found.imbalance.l1, 1e-8);
}

// The optimum is planted, and the point is off by known amounts: per neuron, and by a module that is out of place.
TEST(WeakCuts, the_range_bound_holds_and_a_module_out_of_place_does_not_break_it) {
  for (const double link : {1e-1, 1e-6, 1e-20, 1e-60}) {
    for (const double off : {1e-12, 1e-4, 1.0}) {
      const auto planted = planted_modules(12, 16, link, true, 3);
      const auto network = network_of(planted);
      const auto components = strongly_connected_components(world(), network);
      BalanceProblem problem(world(), network, components, 2);
      std::vector<double> here, change;
      for (LocalIndex i = 0; i < problem.size(); ++i) {
        const auto global = problem.neurons().first() + i;
        change.push_back((global / 16 == 5 ? 1 : 0.3) * (global % 3 == 0 ? off : -off));
        here.push_back(planted.h[static_cast<std::size_t>(global)] / 2 + change.back());
      }
      FusedKernel kernel(problem);
      NeuronCosts costs;
      problem.rebase(here);
      evaluate(problem, kernel, std::vector<double>(here.size(), 0.0), costs);
      const double most = world().max(*std::max_element(change.begin(), change.end()));
      const double least = world().min(*std::min_element(change.begin(), change.end()));
      const double bound = range_bound(problem, costs);
      EXPECT_GE(bound, problem.power() * (most - least)) << link << " " << off;
      EXPECT_LE(bound, 12 * 2 * (200 + 20)) << link << " " << off;  // a path through all modules and back
    }
  }
}

/// The smallest neuron of each one's cluster, by costs at the offsets `d` of h.
std::vector<GlobalIndex> clusters_serially(const Planted& planted, std::span<const double> d, double least) {
  std::vector<GlobalIndex> parent(planted.h.size());
  std::iota(parent.begin(), parent.end(), 0);
  const auto find = [&](GlobalIndex i) {
    while (parent[at(i)] != i) i = parent[at(i)];
    return i;
  };
  for (const auto& c : planted.costs) {
    if (!(c.log_cost + 2 * (d[at(c.pre)] - d[at(c.post)]) > std::log(least))) continue;
    const auto i = find(c.post), j = find(c.pre);
    parent[at(std::max(i, j))] = std::min(i, j);
  }
  for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = find(static_cast<GlobalIndex>(i));
  return parent;
}

TEST(WeakCuts, a_falling_threshold_links_what_costs_more) {
  const auto planted = planted_triangles(150, 300, 12, 3);
  const auto network = network_of(planted);
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 2);
  FusedKernel kernel(problem);
  std::vector<double> offset, sorted;
  for (std::size_t i = 0; i < planted.h.size(); ++i) offset.push_back(0.1 * static_cast<double>(i * 7 % 11));
  for (const auto& c : planted.costs) sorted.push_back(std::exp(c.log_cost));
  std::ranges::sort(sorted);
  NeuronCosts costs;
  evaluate(problem, kernel, std::span(offset).subspan(at(problem.neurons().first()), at(problem.size())), costs);
  FallingThreshold threshold(problem, costs);
  for (const double share : {1.0, 0.9, 0.7, 0.5, 0.2, 0.0}) {
    const double least = 1.0001 * sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    const auto right = clusters_serially(planted, offset, least);
    const auto found = threshold.clusters_above(least / problem.cost_unit());
    for (LocalIndex i = 0; i < problem.size(); ++i) {
      EXPECT_EQ(found.label[at(i)], right[at(problem.neurons().first() + i)]) << share << " " << i;
    }
  }
}

TEST(WeakCuts, a_threshold_that_falls_goes_on_beside_the_ground) {
  Planted planted;
  planted.h.assign(5, 0.0);
  const auto link = [&](std::int32_t i, std::int32_t j, double cost) {
    planted.costs.push_back({i, j, std::log(cost)}), planted.costs.push_back({j, i, std::log(cost)});
  };
  link(0, 1, 1), link(2, 3, 1), link(0, 4, 1), link(1, 2, 1e-4);
  auto network = network_of(planted);
  network.nodes.pinned.assign(at(network.local_size()), 0);
  if (network.rows.owns(4)) network.nodes.pinned[at(4 - network.rows.first())] = 1;
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 2);
  FusedKernel kernel(problem);
  NeuronCosts costs;
  evaluate(problem, kernel, std::vector<double>(at(problem.size()), 0.0), costs);
  FallingThreshold threshold(problem, costs);
  const auto apart = threshold.clusters_above(1e-2 / problem.cost_unit());
  EXPECT_EQ(apart.count, 2);
  EXPECT_EQ(apart.grounded, 0);
  EXPECT_EQ(threshold.clusters_above(1e-6 / problem.cost_unit()).count, 1);
}

// More rows than a band has, where a search ends as soon as all it knows is one cluster.
TEST(WeakCuts, a_threshold_looks_at_every_band_that_it_has_to) {
  GeneratorParams ring;
  ring.kind = "ring", ring.nodes = 150'000, ring.sigma = 0.0;
  const auto network = generate(world(), ring);
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 2);
  FusedKernel kernel(problem);
  NeuronCosts costs;
  evaluate(problem, kernel, std::vector<double>(at(problem.size()), 0.0), costs);
  const double cost = costs.total / static_cast<double>(problem.edges());
  FallingThreshold threshold(problem, costs);
  EXPECT_EQ(threshold.clusters_above(2 * cost).count, ring.nodes);
  EXPECT_EQ(threshold.clusters_above(cost / 2).count, 1);
}

/// A link that costs as much both ways.
struct Link {
  std::int32_t i, j;
  double cost;
};

/// Two modules of 16 that nothing joins, more neurons, and these links.
Planted two_modules_and(std::int32_t more, const std::vector<Link>& links) {
  auto planted = planted_modules(2, 16, 1, false, 5);
  std::erase_if(planted.costs, [](const auto& c) { return c.post / 16 != c.pre / 16; });
  for (std::int32_t k = 0; k < more; ++k) planted.h.push_back(k - 0.5 * more);
  for (const auto& link : links) {
    const double difference = planted.h[at(link.i)] - planted.h[at(link.j)];
    planted.costs.push_back({link.i, link.j, std::log(link.cost) + difference});
    planted.costs.push_back({link.j, link.i, std::log(link.cost) - difference});
  }
  return planted;
}

/// Collective. Balances, and says of the result whether there are clusters, and whether there are weak cuts.
std::pair<bool, bool> clusters_and_cuts(const Planted& planted) {
  Balanced b(world(), network_of(planted), 2, strict());
  EXPECT_TRUE(b.found.solver.converged());
  EXPECT_LE(error_of_halved(planted, b.h(world())), 1e-8);
  b.problem.rebase(b.found.h);
  FusedKernel kernel(b.problem);
  NeuronCosts costs;
  evaluate(b.problem, kernel, std::vector<double>(b.found.h.size(), 0.0), costs);
  const ComponentSums components(b.problem);
  return {!find_clusters(b.problem, costs, components).trivial(), has_weak_cuts(b.problem, costs, components)};
}

using ClustersAndCuts = std::pair<bool, bool>;

TEST(WeakCuts, neurons_alone_are_none_but_may_lie_in_one) {
  const Link joined{3, 20, 1};
  EXPECT_EQ(clusters_and_cuts(two_modules_and(0, {joined})), ClustersAndCuts(false, false));
  EXPECT_EQ(clusters_and_cuts(two_modules_and(0, {{3, 20, 1e-8}})), ClustersAndCuts(true, true));
  // Leaves, also of a leaf and of both modules.
  EXPECT_EQ(clusters_and_cuts(two_modules_and(1, {joined, {5, 32, 1e-8}})), ClustersAndCuts(true, false));
  EXPECT_EQ(clusters_and_cuts(two_modules_and(2, {joined, {5, 32, 1e-8}, {32, 33, 1e-16}})),
            ClustersAndCuts(true, false));
  EXPECT_EQ(clusters_and_cuts(two_modules_and(1, {joined, {5, 32, 1e-8}, {25, 32, 1e-8}})),
            ClustersAndCuts(true, false));
  // The way from one module to the other.
  EXPECT_EQ(clusters_and_cuts(two_modules_and(1, {{5, 32, 1e-8}, {25, 32, 1e-8}})), ClustersAndCuts(true, true));
  EXPECT_EQ(clusters_and_cuts(two_modules_and(3, {{5, 32, 1e-8}, {32, 33, 1e-8}, {33, 34, 1e-8}, {34, 25, 1e-8}})),
            ClustersAndCuts(true, true));
}

TEST(WeakCuts, networks_without_any_have_no_clusters) {
  const auto w = random_matrix(80, 0.3, 1, 4);
  const Balanced b(world(), network_of(world(), w), 2, strict());
  EXPECT_FALSE(b.found.solver.cuts.has_value());
  const std::vector<double> h(at(b.network.local_size()), 0.0);
  EXPECT_TRUE(b.found.solver.converged());
}

TEST(WeakCuts, a_coarse_space_makes_solves_over_weak_links_short) {
  // Links that neurons see, but that are slow for the diagonal alone.
  const auto planted = planted_modules(80, 16, 1e-3, true, 3);
  const Balanced b(world(), network_of(planted), 2, strict());
  EXPECT_TRUE(b.found.solver.converged());
  EXPECT_LE(error_of_halved(planted, b.h(world())), 1e-6);
  EXPECT_NE(b.found.solver.method.find("coarse space"), std::string::npos) << b.found.solver.method;
  EXPECT_LE(b.found.solver.krylov_iterations, 600);
}

}  // namespace
}  // namespace synbal::test
