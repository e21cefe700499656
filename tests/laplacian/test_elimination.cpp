// Properties of the exact elimination of leaves and chains.
#include <algorithm>
#include <array>
#include <cmath>

#include "graph/graphs.hpp"
#include "laplacian/elimination.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {
namespace {

using namespace test;

/// Collective. Solves a graph of which nothing is left; returns |b - L x|_2 / |b|_2.
double solve_residual(const ConductanceGraph& graph, Elimination& elimination, const std::vector<double>& b,
                      std::vector<double>& x) {
  auto work = b;
  std::vector<double> nothing, energy(1, 0.0), y(b.size());
  elimination.forward(work, nothing, 1, energy);
  x.assign(b.size(), 0.0);
  elimination.backward(work, nothing, x, 1);
  LaplacianOperator(graph).apply(x, y, 1);
  double squares[2] = {};
  for (std::size_t i = 0; i < b.size(); ++i) {
    squares[0] += (b[i] - y[i]) * (b[i] - y[i]), squares[1] += b[i] * b[i];
  }
  graph.comm().sum(std::span<double>(squares));
  return std::sqrt(squares[0] / squares[1]);
}

TEST(Elimination, a_tree_of_1e5_nodes_is_solved_by_elimination_alone) {
  for (const double sigma : {0.0, 1.0}) {
    const auto graph = distribute(world(), random_tree(100'000, sigma, 5));
    Elimination elimination(graph);
    EXPECT_EQ(elimination.eliminated(), 100'000);
    EXPECT_EQ(elimination.reduced().global_size(), 0);
    EXPECT_LT(elimination.rounds(), 60);
    auto b = own_part(graph, noise(100'000, 1));
    ComponentSums(graph).project(b, 1);
    std::vector<double> x;
    EXPECT_LT(solve_residual(graph, elimination, b, x), 1e-11);
  }
}

TEST(Elimination, a_long_path_takes_few_rounds_and_has_its_closed_form) {
  constexpr GlobalIndex n = 20'000;
  const auto graph = distribute(world(), path(n));
  Elimination elimination(graph);
  EXPECT_EQ(elimination.eliminated(), n);
  EXPECT_LT(elimination.rounds(), 60);
  std::vector<double> ends(at(n), 0.0), x;
  ends.front() = 1, ends.back() = -1;
  const auto b = own_part(graph, ends);
  EXPECT_LT(solve_residual(graph, elimination, b, x), 1e-9);
  double difference = 0;  // x_0 - x_{n-1} = R = n - 1
  if (graph.nodes().owns(0)) difference += x.front();
  if (graph.nodes().owns(n - 1)) difference -= x.back();
  EXPECT_NEAR(world().sum(difference), static_cast<double>(n - 1), 1e-10 * static_cast<double>(n));
}

TEST(Elimination, a_chain_between_hubs_becomes_one_edge_by_the_series_rule) {
  // Two complete graphs of five, joined by a chain of three more nodes with conductances 1, 1/2, 1/3, 1/4: R = 10.
  auto list = side_by_side(complete(5), complete(5));
  list.n = 13;
  list.edges.push_back({0, 10, 1.0});
  list.edges.push_back({10, 11, 1.0 / 2});
  list.edges.push_back({11, 12, 1.0 / 3});
  list.edges.push_back({12, 5, 1.0 / 4});
  const auto graph = distribute(world(), list);
  const Elimination elimination(graph);
  EXPECT_EQ(elimination.eliminated(), 3);
  const auto& reduced = elimination.reduced();
  EXPECT_EQ(reduced.edges(), 21);
  double bridge = 0;
  for_each_undirected_edge(reduced, [&](LocalIndex i, LocalIndex j, double w) {
    if (reduced.nodes().first() + i == 0 && reduced.global(j) == 5) bridge = w;
  });
  EXPECT_NEAR(world().sum(bridge), 0.1, 1e-16);
}

TEST(Elimination, conductance_to_ground_is_divided_among_the_neighbours) {
  // A leaf of conductance 2 with 6 to ground on a triangle of complete(4): 2 * 6 / 8 in series.
  auto list = complete(4);
  list.n = 5;
  list.edges.push_back({0, 4, 2.0});
  list.ground = {0, 0, 0, 0, 6};
  const auto graph = distribute(world(), list);
  const Elimination elimination(graph);
  EXPECT_EQ(elimination.eliminated(), 1);
  double ground = 0;
  for (const double g : elimination.reduced().ground()) ground += g;
  EXPECT_NEAR(world().sum(ground), 1.5, 1e-15);
}

TEST(Elimination, leaves_the_same_bits_at_any_rank_count) {
  const auto list = random_graph(3'000, 2, 2.0, 21);  // four neighbours on average: trees, chains and a core
  const Comm self(MPI_COMM_SELF);
  const auto whole = distribute(self, list), spread = distribute(world(), list);
  const Elimination serial(whole), parallel(spread);
  EXPECT_GT(serial.eliminated(), 300);
  EXPECT_GT(serial.reduced().global_size(), 0);
  EXPECT_EQ(serial.eliminated(), parallel.eliminated());
  EXPECT_EQ(serial.rounds(), parallel.rounds());
  const auto edges_of = [](const ConductanceGraph& graph) {
    std::vector<double> edges;
    for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double w) {
      edges.push_back(static_cast<double>(graph.nodes().first() + i));
      edges.push_back(static_cast<double>(graph.global(j))), edges.push_back(w);
    });
    return edges;
  };
  auto expected = edges_of(serial.reduced()), own = edges_of(parallel.reduced());
  const auto sorted = [](std::vector<double> edges) {
    std::vector<std::array<double, 3>> triples;
    for (std::size_t e = 0; e < edges.size(); e += 3) triples.push_back({edges[e], edges[e + 1], edges[e + 2]});
    std::sort(triples.begin(), triples.end());
    return triples;
  };
  EXPECT_EQ(sorted(world().gather_all(std::span<const double>(own))), sorted(expected));
}

/// Five hubs, all joined but 0-1, and what hangs on them: leaves, nodes between two hubs (parallel to their edge or in
/// place of it, several between the same two), chains of two. Ids are dealt out so that neighbours lie far apart.
EdgeList hubs_with_hangers() {
  EdgeList list{211, {}, {}};  // 211 is prime: i * 83 mod 211 runs through all
  const auto id = [](GlobalIndex i) { return i * 83 % 211; };
  const auto join = [&](GlobalIndex i, GlobalIndex j, double w) { list.edges.push_back({id(i), id(j), w}); };
  for (GlobalIndex i = 0; i < 5; ++i) {
    for (GlobalIndex j = std::max<GlobalIndex>(i + 1, 2); j < 5; ++j) join(i, j, 1.0 + static_cast<double>(i * j));
  }
  for (GlobalIndex k = 5; k < 211; ++k) {
    const double w = 0.3 + 0.01 * static_cast<double>(k);
    join(k, k % 7 == 6 ? k - 1 : k % 5, w);  // every seventh hangs on the one before
    if (k % 3 != 0 && k % 7 != 5) join(k, (k / 5) % 5 == k % 5 ? (k + 1) % 5 : (k / 5) % 5, 1 / w);
  }
  list.ground.assign(211, 0.0);
  list.ground[at(id(100))] = 0.25;
  return list;
}

TEST(Elimination, leaves_the_schur_complement) {
  const auto list = hubs_with_hangers();
  auto dense = dense_laplacian(list);
  const auto n = at(list.n);
  std::vector<std::uint8_t> hub(n, 0);
  for (GlobalIndex i = 0; i < 5; ++i) hub[at(i * 83 % 211)] = 1;
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; hub[k] == 0 && i < n; ++i) {
      const double share = dense[i * n + k] / dense[k * n + k];
      for (std::size_t j = 0; i != k && share != 0 && j < n; ++j) dense[i * n + j] -= share * dense[k * n + j];
    }
  }
  const auto graph = distribute(world(), list);
  const Elimination elimination(graph);
  EXPECT_EQ(elimination.eliminated(), 206);
  if (elimination.eliminated() != 206) return;
  const auto& reduced = elimination.reduced();
  EXPECT_EQ(reduced.edges(), 10);
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < n; ++i) {
    if (hub[i] != 0) place.push_back(i);
  }
  for (LocalIndex i = 0; i < reduced.size(); ++i) {
    const auto row = place[at(reduced.nodes().first() + i)] * n;
    double ground = 0, degree = reduced.ground()[at(i)];
    for (const auto j : place) ground += dense[row + j];
    for (auto e = reduced.row_begin(i); e < reduced.row_end(i); ++e) {
      const double w = reduced.conductance()[e];
      EXPECT_NEAR(w, -dense[row + place[at(reduced.global(reduced.neighbour()[e]))]], 1e-12 * w);
      degree += w;
    }
    EXPECT_NEAR(reduced.ground()[at(i)], ground, 1e-11);
    EXPECT_NEAR(reduced.degree()[at(i)], degree, 1e-14 * degree);
  }
}

TEST(Elimination, what_is_left_has_three_neighbours_or_more) {
  for (const GlobalIndex degree : {1, 2}) {
    const auto graph = distribute(world(), random_graph(2'000, degree, 1.0, 2));
    const Elimination elimination(graph);
    const auto& reduced = elimination.reduced();
    EXPECT_EQ(reduced.global_size() + elimination.eliminated(), 2'000);
    for (LocalIndex i = 0; i < reduced.size(); ++i) EXPECT_GE(reduced.row_end(i) - reduced.row_begin(i), 3);
  }
}

TEST(Elimination, forward_and_backward_leave_the_residual_and_the_energy_of_the_reduced_system) {
  auto list = random_graph(400, 2, 1.5, 4);
  list.ground.assign(400, 0.0);
  list.ground[17] = 0.3;
  const auto graph = distribute(world(), list);
  const ComponentSums components(graph);
  Elimination elimination(graph);
  const auto& reduced = elimination.reduced();
  auto b = own_part(graph, noise(800, 3), 2);
  components.project(b, 2);
  auto work = b;
  std::vector<double> reduced_b(at(reduced.size()) * 2), energy(2, 0.0);
  elimination.forward(work, reduced_b, 2, energy);
  // Any reduced x, with its own residual.
  std::vector<double> reduced_x(reduced_b.size()), y(reduced_b.size()), x(b.size()), whole(b.size());
  for (std::size_t i = 0; i < reduced_x.size(); ++i) reduced_x[i] = std::sin(static_cast<double>(i));
  LaplacianOperator(reduced).apply(reduced_x, y, 2);
  elimination.backward(work, reduced_x, x, 2);
  LaplacianOperator(graph).apply(x, whole, 2);
  double squares[4] = {};
  for (std::size_t i = 0; i < y.size(); ++i) squares[i % 2] += (reduced_b[i] - y[i]) * (reduced_b[i] - y[i]);
  for (std::size_t i = 0; i < b.size(); ++i) squares[2 + i % 2] += (b[i] - whole[i]) * (b[i] - whole[i]);
  world().sum(std::span<double>(squares));
  for (int k = 0; k < 2; ++k) EXPECT_NEAR(squares[2 + k], squares[k], 1e-9 * squares[k]);
}

TEST(Elimination, a_star_and_a_graph_without_edges_vanish) {
  const auto hub = distribute(world(), star(5'000));
  EXPECT_EQ(Elimination(hub).eliminated(), 5'001);
  const auto nothing = distribute(world(), EdgeList{0, {}, {}});
  EXPECT_EQ(Elimination(nothing).eliminated(), 0);
  const auto isolated = distribute(world(), EdgeList{7, {}, {}});
  EXPECT_EQ(Elimination(isolated).eliminated(), 7);
}

TEST(Elimination, a_dense_graph_is_left_as_it_is) {
  const auto graph = distribute(world(), complete(9));
  const Elimination elimination(graph);
  EXPECT_EQ(elimination.eliminated(), 0);
  EXPECT_EQ(&elimination.reduced(), &graph);
}

}  // namespace
}  // namespace synbal
