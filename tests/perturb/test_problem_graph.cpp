// Properties of the graph of a balance problem's costs.
#include <cmath>

#include "graph/graphs.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/perturb/problem_graph.hpp"

namespace synbal {
namespace {

using namespace test;

TEST(ProblemGraph, holds_the_sum_of_both_costs_and_pinned_ones_as_ground) {
  // 0 <-> 1 <-> 2 -> 3 -> 0, with 3 pinned; costs are squares.
  auto network = network_of({{0, 2, 0, 3}, {-1, 0, 4, 0}, {0, 5, 0, 0}, {0, 0, 6, 0}});
  pin(network, 3);
  const auto components = strongly_connected_components(world(), network);
  BalanceProblem problem(world(), network, components, 2);
  const auto graph = graph_of(problem);
  EXPECT_EQ(graph.global_size(), 3);
  EXPECT_EQ(entries_of(graph), (Entries{{{0, 1}, 5.0}, {{1, 0}, 5.0}, {{1, 2}, 41.0}, {{2, 1}, 41.0}}));
  const std::vector<double> ground{9, 0, 36};
  EXPECT_EQ(std::vector<double>(graph.ground().begin(), graph.ground().end()), own_part(graph, ground));
  for (const auto label : graph.component()) EXPECT_EQ(label, graph.grounded_component());
  EXPECT_EQ(ComponentSums(graph).nullity(), 0);

  std::vector<double> base(at(problem.size()));
  for (std::size_t i = 0; i < base.size(); ++i) {
    base[i] = 0.1 * static_cast<double>(problem.neurons().first() + static_cast<GlobalIndex>(i));
  }
  problem.rebase(base);
  const auto moved = entries_of(graph_of(problem));
  EXPECT_NEAR(moved.at({0, 1}), 4 * std::exp(0.2) + std::exp(-0.2), 1e-14 * 5);
}

TEST(ProblemGraph, without_ground_has_a_label_per_component) {
  const auto network =
      network_of({{0, 1, 0, 0, 0}, {1, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {1, 0, 0, 0, 2}, {0, 0, 0, 1, 0}});
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 1);
  const auto graph = graph_of(problem);
  EXPECT_EQ(graph.global_size(), 4);
  EXPECT_EQ(graph.edges(), 2);
  EXPECT_EQ(ComponentSums(graph).nullity(), 2);
  const auto node = graph.node_of_row(network.local_size());
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto row = network.rows.first() + i;
    EXPECT_EQ(node[at(i)], row == 2 ? -1 : row < 2 ? row : row - 1);
  }
}

TEST(ProblemGraph, exponents_other_than_one_are_refused) {
  auto network = network_of({{0, 2, 1}, {1, 0, 1}, {1, 1, 0}});
  pin(network, 2);
  network.nodes.exponent.assign(at(network.local_size()), 2.0);
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 2);
  EXPECT_NE(message_of([&] { graph_of(problem); }, ExitCode::bad_input).find("exponents"), std::string::npos);
}

}  // namespace
}  // namespace synbal
