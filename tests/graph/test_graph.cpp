// Properties of the conductance graph, its product and its components.
#include <cmath>
#include <map>

#include "graph/graphs.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {
namespace {

using namespace test;

TEST(ConductanceGraph, edges_lie_in_the_rows_of_both_ends_with_the_same_bits) {
  const auto list = random_graph(60, 4, 2.0, 3);
  const auto graph = distribute(world(), list);
  const auto found = entries_of(graph);
  const auto expected = dense_laplacian(list);
  for (const auto& [place, w] : found) {
    EXPECT_EQ(w, found.at({place.second, place.first}));
    EXPECT_NEAR(w, -expected[at(place.first * list.n + place.second)], 1e-14 * w);
  }
  std::size_t count = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) count += expected[k] < 0 ? 1 : 0;
  EXPECT_EQ(found.size(), count);
  EXPECT_EQ(graph.edges(), static_cast<std::int64_t>(count / 2));
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto g = at(graph.nodes().first() + i);
    EXPECT_NEAR(graph.degree()[at(i)], expected[g * at(list.n) + g], 1e-13 * graph.degree()[at(i)]);
  }
}

TEST(ConductanceGraph, every_undirected_edge_is_visited_once) {
  const auto list = random_graph(40, 3, 1.0, 5);
  const auto graph = distribute(world(), list);
  double sum = 0, expected = 0;
  std::int64_t count = 0;
  for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double w) {
    EXPECT_LT(graph.nodes().first() + i, graph.global(j));
    sum += w, ++count;
  });
  for (const auto& e : list.edges) expected += e.w;
  EXPECT_EQ(world().sum(count), graph.edges());
  EXPECT_NEAR(world().sum(sum), expected, 1e-13 * expected);
}

TEST(ConductanceGraph, does_not_depend_on_the_rank_count) {
  const auto list = random_graph(50, 3, 3.0, 8);
  const Comm self(MPI_COMM_SELF);
  EXPECT_EQ(entries_of(distribute(world(), list)).size(), entries_of(distribute(self, list)).size());
}

TEST(ConductanceGraph, of_a_symmetric_network_takes_weights_as_conductances) {
  auto network = network_of({{7, 2, 0, 1}, {2, 0, 3, 0}, {0, 3, 0, 4}, {1, 0, 4, 0}});
  const auto whole = graph_of(world(), network);
  EXPECT_EQ(entries_of(whole), (Entries{{{0, 1}, 2.0},
                                        {{1, 0}, 2.0},
                                        {{1, 2}, 3.0},
                                        {{2, 1}, 3.0},
                                        {{0, 3}, 1.0},
                                        {{3, 0}, 1.0},
                                        {{2, 3}, 4.0},
                                        {{3, 2}, 4.0}}));
  EXPECT_EQ(whole.grounded_component(), -1);
  pin(network, 1);
  const auto graph = graph_of(world(), network);
  EXPECT_EQ(entries_of(graph), (Entries{{{0, 2}, 1.0}, {{2, 0}, 1.0}, {{1, 2}, 4.0}, {{2, 1}, 4.0}}));
  const std::vector<double> ground{2, 3, 0};
  EXPECT_EQ(std::vector<double>(graph.ground().begin(), graph.ground().end()), own_part(graph, ground));
  EXPECT_EQ(ComponentSums(graph).nullity(), 0);
}

TEST(ConductanceGraph, extreme_conductances_are_held_in_another_unit) {
  const auto graph = graph_of(world(), network_of({{0, 1e200, 0}, {1e200, 0, 1e180}, {0, 1e180, 0}}));
  const auto entries = entries_of(graph);
  EXPECT_NEAR(entries.at({0, 1}) * graph.unit(), 1e200, 1e186);
  EXPECT_LT(entries.at({0, 1}), 10);
  EXPECT_NEAR(entries.at({1, 2}) * graph.unit(), 1e180, 1e166);
}

TEST(ConductanceGraph, asymmetric_and_negative_conductances_are_named) {
  const auto lopsided = network_of({{0, 2, 0}, {2, 0, 3}, {0, 3.5, 0}});
  const auto message = message_of([&] { graph_of(world(), lopsided); }, ExitCode::bad_input);
  EXPECT_NE(message.find("conductance 3 in row 2, column 3 but 3.5"), std::string::npos) << message;
  const auto one_way = network_of({{0, 2, 0}, {2, 0, 0}, {1, 0, 0}});
  const auto missing = message_of([&] { graph_of(world(), one_way); }, ExitCode::bad_input);
  EXPECT_NE(missing.find("conductance 1 in row 3, column 1 but 0"), std::string::npos) << missing;
  const auto negative = network_of({{0, 2, 0}, {2, 0, -1}, {0, -1, 0}});
  const auto sign = message_of([&] { graph_of(world(), negative); }, ExitCode::bad_input);
  EXPECT_NE(sign.find("conductance -1 in row 2, column 3"), std::string::npos) << sign;
}

TEST(ConductanceGraph, wrong_edges_are_refused_on_all_ranks) {
  for (const auto& bad : {Edge{0, 5, 1.0}, Edge{-1, 0, 1.0}, Edge{0, 1, -1.0}, Edge{0, 1, HUGE_VAL}}) {
    EdgeList list{3, {{0, 1}, bad}, {}};
    EXPECT_NE(message_of([&] { distribute(world(), list); }, ExitCode::bad_input), "");
  }
}

TEST(LaplacianOperator, product_equals_the_dense_one_for_every_width) {
  auto list = random_graph(37, 4, 2.0, 11);
  list.ground = noise(37, 2);
  for (auto& g : list.ground) g = g > 0 ? g : 0.0;
  const auto graph = distribute(world(), list);
  const auto dense = dense_laplacian(list);
  LaplacianOperator laplacian(graph);
  for (int m = 1; m <= LaplacianOperator::kMaxColumns; ++m) {
    const auto all = noise(37 * at(m), 4);
    const auto x = own_part(graph, all, m);
    std::vector<double> y(x.size()), dots(at(m));
    laplacian.apply(x, y, m, dots);
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      for (int k = 0; k < m; ++k) {
        double expected = 0, scale = 0;
        for (std::size_t j = 0; j < 37; ++j) {
          const double term = dense[at(graph.nodes().first() + i) * 37 + j] * all[j * at(m) + at(k)];
          expected += term, scale += std::abs(term);
        }
        EXPECT_NEAR(y[at(i) * at(m) + at(k)], expected, 1e-14 * scale);
      }
    }
    double dot = 0;
    for (std::size_t i = 0; i < x.size(); i += at(m)) dot += x[i] * y[i];
    EXPECT_NEAR(dots[0], dot, 1e-13 * std::abs(dot) + 1e-15);
  }
}

TEST(LaplacianOperator, constants_vanish_exactly_whatever_the_weights) {
  const auto graph = distribute(world(), random_graph(50, 5, 20.0, 13));
  LaplacianOperator laplacian(graph);
  const std::vector<double> x(at(graph.size()), 0.1);
  std::vector<double> y(x.size(), 1.0);
  laplacian.apply(x, y, 1);
  for (const double value : y) EXPECT_EQ(value, 0.0);
}

TEST(ComponentSums, projection_takes_the_mean_of_every_component_that_has_no_ground) {
  auto list = side_by_side(side_by_side(cycle(5), path(4)), complete(3));
  list.ground.assign(12, 0.0);
  list.ground[6] = 2.5;  // the path
  const auto graph = distribute(world(), list);
  const ComponentSums components(graph);
  EXPECT_EQ(components.nullity(), 2);
  const auto all = noise(24, 9);
  auto block = own_part(graph, all, 2);
  components.project(block, 2);
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto g = graph.nodes().first() + i;
    const GlobalIndex begin = g < 5 ? 0 : 9, end = g < 5 ? 5 : 12;
    for (std::size_t k = 0; k < 2; ++k) {
      double mean = 0;
      for (auto j = begin; j < end; ++j) mean += all[at(j) * 2 + k] / static_cast<double>(end - begin);
      const double expected = all[at(g) * 2 + k] - (g >= 5 && g < 9 ? 0.0 : mean);
      EXPECT_NEAR(block[at(i) * 2 + k], expected, 1e-15);
    }
  }
}

TEST(ComponentSums, more_shared_components_than_one_reduction_carries_are_summed_alike) {
  constexpr GlobalIndex pairs = 700;
  EdgeList list{2 * pairs, {}, {}};
  for (GlobalIndex i = 0; i < pairs; ++i) list.edges.push_back({i, i + pairs});
  const auto graph = distribute(world(), list);
  const ComponentSums components(graph);
  EXPECT_EQ(components.nullity(), pairs);
  for (const double size : components.sizes()) EXPECT_EQ(size, 2.0);
  const auto all = noise(at(2 * pairs), 1);
  auto x = own_part(graph, all);
  components.project(x, 1);
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto g = graph.nodes().first() + i;
    const auto other = at(g < pairs ? g + pairs : g - pairs);
    EXPECT_NEAR(x[at(i)], 0.5 * (all[at(g)] - all[other]), 1e-15);
  }
  std::vector<double> partial(at(components.count()), 1.0), scalars{1.0, 2.0};
  components.sum(partial, 1, scalars);
  EXPECT_EQ(scalars, (std::vector<double>{1.0 * world().size(), 2.0 * world().size()}));
}

TEST(ConductanceGraph, empty_and_single_node_graphs_work) {
  for (const GlobalIndex n : {0, 1}) {
    const auto graph = distribute(world(), EdgeList{n, {}, {}});
    EXPECT_EQ(graph.edges(), 0);
    EXPECT_EQ(ComponentSums(graph).nullity(), n);
    std::vector<double> x(at(graph.size()), 3.0), y(x);
    LaplacianOperator(graph).apply(x, y, 1);
    for (const double value : y) EXPECT_EQ(value, 0.0);
  }
}

}  // namespace
}  // namespace synbal
