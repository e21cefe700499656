// Weak cuts: resistances of all edges, rows and diagonals where a link is up to 10^-12 of what it joins, what must come
// out of any graph, and brackets that do not rest on the solver.
#include <algorithm>
#include <cmath>

#include "graph/graphs.hpp"
#include "resistance/bridges.hpp"
#include "resistance/pair_certificate.hpp"
#include "resistance/strongest_tree.hpp"
#include "support/eliminated_resistance.hpp"
#include "synbal/core/random.hpp"
#include "synbal/resistance/diagonal.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::test {
namespace {

EdgeList clique(GlobalIndex n, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed);
  EdgeList list{n, {}, {}};
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < i; ++j) {
      const double z = random.normal(static_cast<std::uint64_t>(i), static_cast<std::uint32_t>(j));
      list.edges.push_back({j, i, std::exp(sigma * z)});
    }
  }
  return list;
}

/// A chain of cliques of 6; every other cut has two edges, the others are bridges.
EdgeList chain(GlobalIndex count, double link) {
  EdgeList list;
  for (GlobalIndex k = 0; k < count; ++k) {
    list = side_by_side(list, clique(6, 1.0, static_cast<std::uint64_t>(k + 1)));
    if (k > 0) list.edges.push_back({6 * k - 1, 6 * k, link});
    if (k > 0 && k % 2 == 0) list.edges.push_back({6 * k - 2, 6 * k + 1, 0.4 * link});
  }
  return list;
}

/// R of two nodes with all others eliminated, in extended precision: exact to the last bits of a double.
double reference(const EdgeList& list, GlobalIndex first, GlobalIndex second) {
  const auto n = at(list.n) + 1;
  std::vector<long double> w(n * n, 0);
  const auto add = [&](std::size_t i, std::size_t j, double c) { w[i * n + j] += c, w[j * n + i] += c; };
  for (const auto& e : list.edges) add(at(e.i), at(e.j), e.w);
  for (std::size_t i = 0; i < list.ground.size(); ++i) add(i, n - 1, list.ground[i]);
  return eliminated_resistance(std::move(w), n, at(first), at(second));
}

double worst_edge(const ConductanceGraph& graph, const EdgeList& list, const EdgeResistances& found) {
  double worst = 0;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const double truth = reference(list, graph.global(i), graph.global(graph.neighbour()[e]));
      worst = std::max(worst, std::abs(found.resistance[at(e)] / truth - 1));
    }
  }
  return graph.comm().max(worst);
}

TEST(weak_cuts, resistances_of_all_edges_are_exact_by_columns_and_by_pairs) {
  for (const double link : {1e-1, 1e-3, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12}) {
    const auto list = chain(4, link);
    const auto graph = distribute(world(), list);
    LaplacianSolver solver(graph);
    const auto columns = edge_resistances(graph, solver, {EdgeMethod::columns});
    EXPECT_TRUE(columns.converged && columns.by_elimination) << link;
    EXPECT_LE(worst_edge(graph, list, columns), 1e-13) << link;
    EXPECT_NEAR(columns.foster_sum, columns.foster_exact, 1e-12) << link;
    EXPECT_LE(columns.bridge_error, 1e-14) << link;
    const auto pairs = edge_resistances(graph, solver, {EdgeMethod::pairs});
    EXPECT_TRUE(!pairs.converged || worst_edge(graph, list, pairs) <= 1e-8) << link;
  }
}

TEST(weak_cuts, rows_and_diagonals_are_exact) {
  const auto list = chain(3, 1e-11);
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  const auto from = exact_resistances_from(graph, solver, 2);
  EXPECT_TRUE(from.converged);
  EXPECT_TRUE(std::isinf(from.to_ground));
  DiagonalParams exact;
  exact.exact = true;
  const auto diagonal = pseudoinverse_diagonal(graph, solver, exact);
  EXPECT_TRUE(diagonal.converged);
  std::vector<double> mean(at(list.n), 0.0);
  double overall = 0;
  for (GlobalIndex i = 0; i < list.n; ++i) {
    for (GlobalIndex j = 0; j < list.n; ++j) mean[at(i)] += i == j ? 0 : reference(list, i, j) / 18;
    overall += mean[at(i)] / 18;
  }
  for (LocalIndex k = 0; k < graph.size(); ++k) {
    const auto i = graph.global(k);
    const double truth = i == 2 ? 0.0 : reference(list, 2, i);
    EXPECT_NEAR(from.resistance[at(k)], truth, 1e-13 * truth) << i;
    EXPECT_NEAR(diagonal.value[at(k)] / (mean[at(i)] - overall / 2), 1, 1e-12) << i;
  }
}

TEST(weak_cuts, brackets_of_pairs_contain_the_value_whatever_the_link) {
  for (const double link : {1e-2, 1e-5, 1e-9, 1e-12}) {
    auto list = chain(3, link);
    if (link == 1e-9) list.ground.assign(at(list.n), 0.0), list.ground[7] = 1e-13;
    const auto graph = distribute(world(), list);
    LaplacianSolver solver(graph);
    std::vector<NodePair> pairs;
    for (GlobalIndex j = 0; j < list.n && world().is_root(); ++j) pairs.push_back({(5 * j + 3) % list.n, j});
    const auto found = ResistanceSolver(graph, solver)(pairs);
    EXPECT_TRUE(found.converged) << link;
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      if (pairs[k].first == pairs[k].second) continue;
      const double truth = reference(list, pairs[k].first, pairs[k].second);
      EXPECT_LE(found.pairs[k].lower, truth) << link;
      EXPECT_GE(found.pairs[k].upper, truth) << link;
    }
  }
}

TEST(PairCertificate, holds_for_solutions_that_are_none) {
  const auto list = chain(3, 1e-3);
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph, {Preconditioner::jacobi});
  detail::PairCertificate certificate(graph, solver);
  std::vector<double> all(at(list.n), 0.0);
  all[1] = 1, all[14] = -1;
  const auto b = own_part(graph, all);
  const double truth = reference(list, 1, 14);
  for (const double size : {0.0, 1e-3, 1.0, 1e3}) {
    auto x = own_part(graph, noise(at(list.n), 5));
    for (double& value : x) value *= size;
    const auto rough = certificate(b, x, 1, false).at(0);
    EXPECT_LE(rough.lower, truth) << size;
    EXPECT_GE(rough.upper, truth) << size;
    const auto fine = certificate(b, x, 1, true).at(0);
    EXPECT_LE(fine.lower, truth) << size;
    EXPECT_GE(fine.upper, truth) << size;
    EXPECT_LE(fine.upper - fine.lower, 1e-12 * truth) << size;
  }
}

TEST(StrongestTree, bounds_energies_from_above) {
  auto list = random_graph(60, 3, 2.0, 5);
  list.ground.assign(60, 0.0);
  for (std::size_t i = 0; i < 60; ++i) list.ground[i] = 1e-3;  // one component
  const auto inverse = dense_pseudoinverse(list);
  const auto graph = distribute(world(), list);
  const detail::StrongestTree tree(graph);
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const auto r = noise(60, seed);
    double energy = 0;
    for (std::size_t i = 0; i < 60; ++i) {
      for (std::size_t j = 0; j < 60; ++j) energy += r[i] * inverse[i * 60 + j] * r[j];
    }
    EXPECT_GE(tree.energy_bound(r), energy * (1 - 1e-12));
  }
}

/// Whether two nodes are joined without one of the edges.
bool joined_without(const EdgeList& list, std::size_t without) {
  std::vector<GlobalIndex> label(at(list.n));
  for (std::size_t i = 0; i < label.size(); ++i) label[i] = static_cast<GlobalIndex>(i);
  for (GlobalIndex turn = 0; turn < list.n; ++turn) {
    for (std::size_t e = 0; e < list.edges.size(); ++e) {
      if (e == without) continue;
      auto &a = label[at(list.edges[e].i)], &b = label[at(list.edges[e].j)];
      a = b = std::min(a, b);
    }
  }
  return label[at(list.edges[without].i)] == label[at(list.edges[without].j)];
}

TEST(bridges, are_those_edges_without_which_the_graph_falls_apart) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    auto list = random_tree(40, 0.0, seed);
    const CounterRandom random(seed);
    for (std::uint32_t k = 0; k < 8; ++k) {
      const auto i = static_cast<GlobalIndex>(random.below(40, k, 0)),
                 j = static_cast<GlobalIndex>(random.below(40, k, 1));
      const bool known = std::any_of(list.edges.begin(), list.edges.end(),
                                     [&](const Edge& e) { return std::minmax(e.i, e.j) == std::minmax(i, j); });
      if (i != j && !known) list.edges.push_back({i, j, 1.0});
    }
    std::vector<detail::NodeEnds> truth;
    for (std::size_t e = 0; e < list.edges.size(); ++e) {
      const auto [low, high] = std::minmax(list.edges[e].i, list.edges[e].j);
      if (!joined_without(list, e)) truth.push_back({low, high});
    }
    std::sort(truth.begin(), truth.end());
    EXPECT_EQ(detail::bridges_of(distribute(world(), list)), truth) << seed;
  }
}

TEST(bridges, lead_to_ground_where_one_node_alone_does) {
  auto list = cycle(5);
  list.ground = {0, 0, 2.0, 0, 0};
  EXPECT_EQ(detail::bridges_of(distribute(world(), list)), (std::vector<detail::NodeEnds>{{2, 5}}));
  list.ground[4] = 1;
  EXPECT_TRUE(detail::bridges_of(distribute(world(), list)).empty());
}

}  // namespace
}  // namespace synbal::test
