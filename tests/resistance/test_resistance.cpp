// Resistances of pairs and whole matrices of them: closed forms, dense truths, brackets.
#include <cmath>
#include <limits>
#include <map>

#include "graph/graphs.hpp"
#include "synbal/core/random.hpp"
#include "synbal/resistance/diagonal.hpp"
#include "synbal/resistance/resistance.hpp"

namespace synbal::test {

namespace {

/// R of a pair from the dense pseudoinverse.
double truth_of(const std::vector<double>& inverse, GlobalIndex n, NodePair pair) {
  const auto entry = [&](GlobalIndex i, GlobalIndex j) { return inverse[at(i * n + j)]; };
  if (pair.first == kGround) return entry(pair.second, pair.second);
  if (pair.second == kGround) return entry(pair.first, pair.first);
  return entry(pair.first, pair.first) + entry(pair.second, pair.second) - 2 * entry(pair.first, pair.second);
}

/// R of a pair with a small error relative to itself, whatever the weights: every other node is eliminated (star to
/// mesh), which never subtracts. Ground is one more node. The two must be joined.
double eliminated_to(const EdgeList& list, NodePair pair) {
  const auto n = at(list.n) + 1;
  std::vector<double> w(n * n, 0.0);
  for (const auto& e : list.edges) {
    if (e.i == e.j) continue;
    w[at(e.i) * n + at(e.j)] += e.w, w[at(e.j) * n + at(e.i)] += e.w;
  }
  for (std::size_t i = 0; i < list.ground.size(); ++i) w[i * n + n - 1] = w[(n - 1) * n + i] = list.ground[i];
  const auto place = [&](GlobalIndex node) { return node == kGround ? n - 1 : at(node); };
  const auto first = place(pair.first), second = place(pair.second);
  std::vector<std::size_t> partners;
  for (std::size_t k = 0; k < n; ++k) {
    if (k == first || k == second) continue;
    double sum = 0;
    partners.clear();
    for (std::size_t j = 0; j < n; ++j) {
      if (w[k * n + j] > 0) partners.push_back(j), sum += w[k * n + j];
    }
    for (const auto i : partners) {
      for (const auto j : partners) {
        if (i != j) w[i * n + j] += w[k * n + i] * w[k * n + j] / sum;
      }
    }
    for (const auto i : partners) w[i * n + k] = w[k * n + i] = 0;
  }
  return 1 / w[first * n + second];
}

/// This rank's share of a list that all ranks know: runs of unequal length, some of them empty.
std::vector<NodePair> share(const std::vector<NodePair>& all) {
  const auto p = at(world().size()), r = at(world().rank());
  const auto cut = [&](std::size_t k) { return all.size() * k * k / (p * p); };
  return {all.begin() + static_cast<std::ptrdiff_t>(cut(r)), all.begin() + static_cast<std::ptrdiff_t>(cut(r + 1))};
}

PairResistances solve_pairs(const EdgeList& list, const std::vector<NodePair>& own, const ResistanceParams& params = {},
                            const LaplacianSolverParams& solver_params = {}) {
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph, solver_params);
  return ResistanceSolver(graph, solver, params)(own);
}

void expect_resistance(const EdgeList& list, NodePair pair, double truth, double tolerance = 1e-8) {
  const auto result = solve_pairs(list, {pair});
  const auto& found = result.pairs.at(0);
  EXPECT_TRUE(result.converged);
  EXPECT_NEAR(found.value, truth, tolerance * truth) << list.n << ": " << pair.first << ", " << pair.second;
  EXPECT_LE(found.lower, truth * (1 + 1e-12));
  EXPECT_GE(found.upper, truth * (1 - 1e-12));
}

std::vector<NodePair> random_pairs(GlobalIndex n, std::size_t count, std::uint64_t seed) {
  const CounterRandom random(seed);
  std::vector<NodePair> pairs;
  for (std::size_t k = 0; k < count; ++k) {
    const auto size = static_cast<std::uint64_t>(n);
    pairs.push_back(
        {static_cast<GlobalIndex>(random.below(size, k, 0)), static_cast<GlobalIndex>(random.below(size, k, 1))});
  }
  return pairs;
}

/// A graph that is connected: a cycle under random edges.
EdgeList connected(GlobalIndex n, GlobalIndex degree, double sigma, std::uint64_t seed) {
  auto list = random_graph(n, degree, sigma, seed);
  for (const auto& e : cycle(n).edges) list.edges.push_back({e.i, e.j, 0.1});
  return list;
}

/// Weak links between strong clusters.
EdgeList clusters(GlobalIndex count, GlobalIndex size, double link, std::uint64_t seed) {
  EdgeList list;
  for (GlobalIndex k = 0; k < count; ++k) {
    list = side_by_side(list, connected(size, 4, 0.5, seed + static_cast<std::uint64_t>(k)));
  }
  for (GlobalIndex k = 0; k < count; ++k) list.edges.push_back({k * size, ((k + 1) % count) * size + 1, link});
  return list;
}

}  // namespace

TEST(resistance, has_the_closed_forms_of_simple_graphs) {
  expect_resistance(path(50), {3, 40}, 37);
  expect_resistance(cycle(50), {0, 20}, 20.0 * 30 / 50);
  expect_resistance(complete(30), {4, 17}, 2.0 / 30);
  expect_resistance(star(40), {5, 31}, 2);
  expect_resistance(star(40), {0, 31}, 1);
  const double left = 7, right = 11;
  const auto bipartite = complete_bipartite(7, 11);
  expect_resistance(bipartite, {0, 3}, 2 / right);
  expect_resistance(bipartite, {8, 12}, 2 / left);
  expect_resistance(bipartite, {2, 9}, (left + right - 1) / (left * right));
  expect_resistance(binary_tree(127), {63, 126}, 12);
}

TEST(resistance, follows_the_series_and_parallel_rules_over_many_decades) {
  EdgeList list{6, {{0, 1, 1e-8}, {1, 2, 1e9}, {2, 3, 3.0}, {2, 3, 5.0}, {3, 4, 1e-3}, {4, 5, 1e-3}, {3, 5, 2e-3}}, {}};
  expect_resistance(list, {0, 1}, 1e8);
  expect_resistance(list, {1, 2}, 1e-9);
  expect_resistance(list, {2, 3}, 1.0 / 8);
  expect_resistance(list, {3, 5}, 1 / (2e-3 + 1 / 2e3));
  expect_resistance(list, {0, 3}, 1e8 + 1e-9 + 0.125);
}

TEST(resistance, is_infinite_between_components_and_zero_at_home) {
  const auto list = side_by_side(cycle(12), complete(6));
  const auto result = solve_pairs(list, {{0, 13}, {4, 4}, {17, 3}, {12, 17}});
  EXPECT_TRUE(result.converged);
  EXPECT_EQ(result.unreachable, 2 * world().size());
  for (const std::size_t k : {0U, 2U}) {
    EXPECT_EQ(result.pairs[k].value, kInfinity);
    EXPECT_EQ(result.pairs[k].lower, kInfinity);
    EXPECT_EQ(result.pairs[k].upper, kInfinity);
    EXPECT_EQ(result.pairs[k].leverage, 0.0);
  }
  EXPECT_EQ(result.pairs[1].value, 0.0);
  EXPECT_EQ(result.pairs[1].upper, 0.0);
  EXPECT_NEAR(result.pairs[3].value, 2.0 / 6, 1e-8);
}

TEST(resistance, brackets_contain_the_exact_value_in_a_thousand_of_a_thousand) {
  std::vector<EdgeList> lists{connected(150, 4, 0.0, 1), connected(120, 3, 1.5, 2), clusters(6, 25, 1e-4, 3),
                              random_graph(130, 2, 3.0, 4)};
  lists.push_back(connected(100, 3, 1.0, 7));
  lists.back().ground.assign(100, 0.0);
  lists.back().ground[11] = 0.2;
  std::uint64_t seed = 0;
  for (const auto& list : lists) {
    const auto pairs = random_pairs(list.n, 200, ++seed);
    const auto own = share(pairs);
    const auto result = solve_pairs(list, own);
    EXPECT_TRUE(result.converged);
    for (std::size_t k = 0; k < own.size(); ++k) {
      const auto& found = result.pairs[k];
      if (own[k].first == own[k].second || std::isinf(found.value)) continue;
      const double truth = eliminated_to(list, own[k]);
      EXPECT_LE(found.lower, truth * (1 + 1e-13)) << list.n;
      EXPECT_GE(found.upper, truth * (1 - 1e-13)) << list.n;
      EXPECT_LE(found.upper - found.lower, 2.1e-8 * truth);
      EXPECT_NEAR(found.value, truth, 1e-8 * truth);
    }
  }
}

TEST(resistance, brackets_hold_with_multigrid_and_with_a_factorisation) {
  for (const auto preconditioner : {Preconditioner::multigrid, Preconditioner::direct, Preconditioner::jacobi}) {
    const auto list = clusters(8, 50, 1e-5, 8);
    const auto own = share(random_pairs(list.n, 30, 9));
    LaplacianSolverParams solver_params;
    solver_params.preconditioner = preconditioner;
    const auto result = solve_pairs(list, own, {}, solver_params);
    EXPECT_TRUE(result.converged) << to_string(preconditioner);
    for (std::size_t k = 0; k < own.size(); ++k) {
      if (own[k].first == own[k].second) continue;
      const double truth = eliminated_to(list, own[k]);
      EXPECT_LE(result.pairs[k].lower, truth * (1 + 1e-13)) << to_string(preconditioner);
      EXPECT_GE(result.pairs[k].upper, truth * (1 - 1e-13)) << to_string(preconditioner);
    }
  }
}

TEST(resistance, starts_in_a_slow_space_with_fewer_iterations_and_brackets_that_hold) {
  auto list = clusters(12, 150, 1e-3, 21);
  list.ground.assign(at(list.n), 0.0);
  for (const bool grounded : {false, true}) {
    if (grounded) list.ground[at(list.n) - 1] = 0.1;
    const auto pairs = random_pairs(list.n, 48, 22);
    const auto own = share(pairs);
    LaplacianSolverParams jacobi;
    jacobi.preconditioner = Preconditioner::jacobi;
    ResistanceParams params;
    params.deflation = 0;
    const auto plain = solve_pairs(list, own, params, jacobi);
    params.deflation = 20;
    const auto deflated = solve_pairs(list, own, params, jacobi);
    EXPECT_TRUE(plain.converged);
    EXPECT_TRUE(deflated.converged);
    std::int64_t iterations[2] = {};
    for (std::size_t k = 0; k < own.size(); ++k) {
      const auto &a = plain.pairs[k], &b = deflated.pairs[k];
      iterations[0] += a.iterations, iterations[1] += b.iterations;
      EXPECT_LE(b.lower, a.upper);
      EXPECT_GE(b.upper, a.lower);
      EXPECT_LE(b.upper - b.lower, 2.1e-8 * b.value);
    }
    EXPECT_LE(2 * world().sum(iterations[1]), world().sum(iterations[0]));
  }
}

TEST(resistance, brackets_hold_or_are_said_to_be_open_where_threads_join_clusters) {
  // The residual rises far above that of 0 while the energy falls: x must still be what the bracket is about.
  const auto list = clusters(4, 40, 1e-9, 27);
  const auto own = share(random_pairs(list.n, 40, 28));
  LaplacianSolverParams jacobi;
  jacobi.preconditioner = Preconditioner::jacobi;
  for (const int vectors : {0, 1, 2}) {
    ResistanceParams params;
    params.deflation = vectors;
    const auto found = solve_pairs(list, own, params, jacobi);
    for (std::size_t k = 0; k < own.size(); ++k) {
      if (own[k].first == own[k].second) continue;
      const auto& pair = found.pairs[k];
      const double truth = eliminated_to(list, own[k]);
      EXPECT_LE(pair.lower, truth * (1 + 1e-12)) << vectors;
      EXPECT_GE(pair.upper, truth * (1 - 1e-12)) << vectors;
      EXPECT_EQ(pair.converged, pair.upper - pair.lower <= 1e-8 * (pair.upper + pair.lower)) << vectors;
    }
  }
}

TEST(resistance, brackets_hold_where_the_slow_space_is_the_whole_one) {
  // Solves start from what they end with: no iteration tells how good that is.
  const auto list = connected(30, 3, 0.5, 23);
  const auto inverse = dense_pseudoinverse(list);
  const auto own = share(random_pairs(list.n, 40, 24));
  LaplacianSolverParams jacobi;
  jacobi.preconditioner = Preconditioner::jacobi;
  ResistanceParams params;
  params.deflation = 64;
  const auto found = solve_pairs(list, own, params, jacobi);
  EXPECT_TRUE(found.converged);
  for (std::size_t k = 0; k < own.size(); ++k) {
    if (own[k].first == own[k].second) continue;
    const double truth = truth_of(inverse, list.n, own[k]);
    EXPECT_NEAR(found.pairs[k].value, truth, 1e-8 * truth);
    EXPECT_LE(found.pairs[k].lower, truth * (1 + 1e-11));
    EXPECT_GE(found.pairs[k].upper, truth * (1 - 1e-11));
  }
}

TEST(resistance, makes_a_slow_space_only_where_it_pays) {
  const auto deflated_with = [](const EdgeList& list, std::int64_t expected) {
    const auto graph = distribute(world(), list);
    LaplacianSolverParams jacobi;
    jacobi.preconditioner = Preconditioner::jacobi;
    LaplacianSolver solver(graph, jacobi);
    ResistanceParams params;
    params.expected = expected;
    ResistanceSolver resistances(graph, solver, params);
    resistances(share({{0, 1}, {2, 500}}));
    return resistances.deflated();
  };
  const auto weak = clusters(12, 150, 1e-3, 25), strong = connected(1800, 8, 0.0, 26);
  EXPECT_GT(deflated_with(weak, 100'000), 0);
  EXPECT_EQ(deflated_with(weak, 0), 0);
  EXPECT_EQ(deflated_with(strong, 600), 0);
}

TEST(resistance, needs_fewer_iterations_than_a_solution) {
  const auto list = connected(2000, 5, 0.5, 11);
  const auto graph = distribute(world(), list);
  LaplacianSolverParams params;
  params.preconditioner = Preconditioner::jacobi;
  LaplacianSolver solver(graph, params);
  const auto pairs = random_pairs(list.n, 16, 12);
  ResistanceSolver resistances(graph, solver);
  const auto found = resistances(world().is_root() ? std::span(pairs) : std::span<const NodePair>());
  std::vector<double> all(at(list.n) * pairs.size(), 0.0);
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    all[at(pairs[k].first) * 16 + k] += 1, all[at(pairs[k].second) * 16 + k] -= 1;
  }
  const auto b = own_part(graph, all, 16);
  std::vector<double> x(b.size());
  const auto solved = solver.solve(b, x, 16);
  for (std::size_t k = 0; k < found.pairs.size(); ++k) {
    EXPECT_LE(2 * found.pairs[k].iterations, solved.columns[k].iterations + 2);
  }
}

TEST(resistance, to_ground_is_the_inverse_entry) {
  auto list = connected(60, 3, 1.0, 13);
  list.ground.assign(60, 0.0);
  list.ground[5] = 2.0, list.ground[20] = 0.01;
  const auto inverse = dense_pseudoinverse(list);
  const std::vector<NodePair> pairs{{5, kGround}, {kGround, 20}, {33, kGround}, {kGround, kGround}, {5, 33}};
  const auto result = solve_pairs(list, pairs);
  for (const std::size_t k : {0U, 1U, 2U, 4U}) {
    const double truth = truth_of(inverse, list.n, pairs[k]);
    EXPECT_NEAR(result.pairs[k].value, truth, 1e-8 * truth);
  }
  EXPECT_EQ(result.pairs[0].conductance, 2.0);
  EXPECT_NEAR(result.pairs[0].leverage, 2.0 * result.pairs[0].value, 1e-15);
  EXPECT_EQ(result.pairs[1].conductance, 0.01);
  EXPECT_EQ(result.pairs[2].conductance, 0.0);
  EXPECT_EQ(result.pairs[3].value, 0.0);
  const auto without = solve_pairs(cycle(5), {{2, kGround}});
  EXPECT_EQ(without.pairs[0].value, kInfinity);
}

TEST(resistance, times_conductance_obeys_foster) {
  const auto list = side_by_side(connected(60, 3, 1.0, 14), binary_tree(20));
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  ResistanceParams params;
  params.tolerance = 1e-11;
  std::vector<NodePair> edges;
  for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double) {
    edges.push_back({graph.global(i), graph.global(j)});
  });
  const auto result = ResistanceSolver(graph, solver, params)(edges);
  double sum = 0;
  for (const auto& pair : result.pairs) {
    sum += pair.leverage;
    EXPECT_GT(pair.leverage, 0.0);
    EXPECT_LE(pair.leverage, 1 + 1e-10);
  }
  EXPECT_TRUE(result.converged);
  EXPECT_NEAR(world().sum(sum), 80 - 2, 1e-10 * 78);
}

TEST(resistance, refuses_nodes_that_do_not_exist) {
  const auto graph = distribute(world(), cycle(8));
  LaplacianSolver solver(graph);
  ResistanceSolver resistances(graph, solver);
  for (const NodePair pair : {NodePair{0, 8}, NodePair{-2, 3}}) {
    const std::vector<NodePair> own(world().is_root() ? 1 : 0, pair);
    EXPECT_THROW(resistances(own), Error);  // on all ranks
  }
}

TEST(resistance, says_when_a_tolerance_cannot_be_met) {
  const auto result = [&] {
    ResistanceParams params;
    params.tolerance = 1e-18;
    return solve_pairs(connected(50, 3, 0.5, 15), {{1, 30}}, params);
  }();
  EXPECT_FALSE(result.converged);
  EXPECT_FALSE(result.pairs[0].converged);
  EXPECT_LE(result.pairs[0].upper - result.pairs[0].lower, 1e-11 * result.pairs[0].value);
}

TEST(resistance, works_on_graphs_of_no_node_and_of_one) {
  EXPECT_TRUE(solve_pairs({0, {}, {}}, {}).converged);
  const auto one = solve_pairs({1, {}, {}}, {{0, 0}, {0, kGround}});
  EXPECT_EQ(one.pairs[0].value, 0.0);
  EXPECT_EQ(one.pairs[1].value, kInfinity);
  const auto grounded = solve_pairs({1, {}, {4.0}}, {{0, kGround}});
  EXPECT_NEAR(grounded.pairs[0].value, 0.25, 1e-12);
}

TEST(resistance_matrix, agrees_with_the_dense_one) {
  auto grounded = connected(40, 3, 1.0, 16);
  grounded.ground.assign(40, 0.0);
  grounded.ground[7] = 1.0;
  for (const auto& list :
       {connected(70, 3, 1.0, 17), side_by_side(cycle(9), complete(5)), grounded, path(1), path(3)}) {
    const auto graph = distribute(world(), list);
    LaplacianSolver solver(graph);
    const auto inverse = dense_pseudoinverse(list);
    GlobalIndex expected = 0;
    const auto compare = [&](bool plus) {
      return [&, plus](GlobalIndex first, int m, std::span<const double> values) {
        EXPECT_EQ(first, expected);
        expected = first + m;
        for (LocalIndex i = 0; i < graph.size(); ++i) {
          for (int k = 0; k < m; ++k) {
            const NodePair pair{graph.global(i), first + k};
            const double value = values[at(i) * at(m) + at(k)];
            const double truth =
                plus ? inverse[at(pair.first * list.n + pair.second)] : truth_of(inverse, list.n, pair);
            // Between components the dense expression is finite but meaningless.
            const bool apart = !plus && list.n == 14 && (pair.first < 9) != (pair.second < 9);
            EXPECT_EQ(std::isinf(value), apart);
            EXPECT_NEAR(apart ? truth : value, truth, 1e-9 * std::max(1.0, std::abs(truth)));
          }
        }
      };
    };
    EXPECT_TRUE(resistance_matrix(graph, solver, compare(false)));
    EXPECT_EQ(expected, list.n);
    expected = 0;
    EXPECT_TRUE(pseudoinverse_matrix(graph, solver, compare(true)));
    EXPECT_EQ(expected, list.n);
  }
}

TEST(resistances_from, one_node_agree_with_the_dense_ones) {
  auto list = side_by_side(connected(50, 3, 1.0, 18), cycle(6));
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  const auto inverse = dense_pseudoinverse(list);
  DiagonalParams params;
  params.exact = true;
  const auto diagonal = pseudoinverse_diagonal(graph, solver, params);
  const auto r = resistances_from(graph, solver, 7, diagonal.value);
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto node = graph.global(i);
    EXPECT_EQ(std::isinf(r[at(i)]), node >= 50);
    const double truth = truth_of(inverse, list.n, {7, node});
    EXPECT_NEAR(node < 50 ? r[at(i)] : truth, truth, 1e-9 * std::abs(truth) + 1e-12);
  }
  EXPECT_THROW(resistances_from(graph, solver, 56, diagonal.value), Error);
  for (const double value : resistances_from(graph, solver, kGround, diagonal.value)) EXPECT_EQ(value, kInfinity);
}

}  // namespace synbal::test
