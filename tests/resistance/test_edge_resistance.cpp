// The resistances of all edges: exact ones against dense truths, estimates against what they promise.
#include <cmath>

#include "graph/graphs.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::test {

namespace {

EdgeResistanceParams by(EdgeMethod method) {
  EdgeResistanceParams params;
  params.method = method;
  return params;
}

EdgeResistances resistances_of(const ConductanceGraph& graph, const EdgeResistanceParams& params) {
  LaplacianSolver solver(graph);
  return edge_resistances(graph, solver, params);
}

/// Mean and largest relative error over this rank's entries against the dense pseudoinverse.
struct Errors {
  double mean = 0, largest = 0;
};
Errors errors_of(const ConductanceGraph& graph, const EdgeList& list, const EdgeResistances& found) {
  const auto inverse = dense_pseudoinverse(list);
  const auto entry = [&](GlobalIndex i, GlobalIndex j) { return inverse[at(i * list.n + j)]; };
  Errors errors;
  double sums[2] = {};
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const auto first = graph.global(i), second = graph.global(graph.neighbour()[e]);
      const double truth = entry(first, first) + entry(second, second) - 2 * entry(first, second);
      const double error = std::abs(found.resistance[at(e)] / truth - 1);
      sums[0] += error, sums[1] += 1;
      errors.largest = std::max(errors.largest, error);
    }
    if (graph.ground()[at(i)] > 0) {
      const double error = std::abs(found.to_ground[at(i)] / entry(graph.global(i), graph.global(i)) - 1);
      sums[0] += error, sums[1] += 1;
      errors.largest = std::max(errors.largest, error);
    } else {
      EXPECT_EQ(found.to_ground[at(i)], 0.0);
    }
  }
  graph.comm().sum(std::span<double>(sums));
  errors.mean = sums[1] > 0 ? sums[0] / sums[1] : 0.0;
  errors.largest = graph.comm().max(errors.largest);
  return errors;
}

EdgeList grounded(EdgeList list) {
  list.ground.assign(at(list.n), 0.0);
  list.ground[1] = 0.5, list.ground[at(list.n / 2)] = 3.0;
  return list;
}

/// Two dense clusters and a tree that hangs between them: bridges in the middle of everything.
EdgeList with_bridges() {
  auto list = side_by_side(random_graph(60, 5, 0.5, 21), side_by_side(binary_tree(15), random_graph(60, 5, 0.5, 22)));
  list.edges.push_back({10, 60, 0.7});
  list.edges.push_back({64, 80, 2.0});
  return list;
}

std::vector<EdgeList> edge_samples() {
  return {random_graph(80, 4, 1.0, 23), side_by_side(random_graph(50, 3, 0.0, 24), cycle(12)), with_bridges(),
          grounded(random_graph(70, 3, 1.0, 25)), complete(17)};
}

}  // namespace

TEST(edge_resistance, by_columns_and_by_pairs_agrees_with_the_dense_one) {
  for (const auto& list : edge_samples()) {
    const auto graph = distribute(world(), list);
    for (const auto method : {EdgeMethod::columns, EdgeMethod::pairs}) {
      const auto found = resistances_of(graph, by(method));
      EXPECT_TRUE(found.converged);
      EXPECT_LE(errors_of(graph, list, found).largest, 1e-9);
      EXPECT_NEAR(found.foster_sum, found.foster_exact, 1e-10 * found.foster_exact);
      EXPECT_LE(found.largest_leverage, 1 + 1e-10);
    }
  }
}

TEST(edge_resistance, of_pairs_keeps_its_relative_accuracy_over_many_decades) {
  EdgeList list{5, {{0, 1, 1e9}, {1, 2, 1e-9}, {2, 3, 5.0}, {2, 3, 2.0}, {3, 4, 1e-3}, {2, 4, 1e6}}, {}};
  const auto graph = distribute(world(), list);
  const auto found = resistances_of(graph, by(EdgeMethod::pairs));
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const auto low = std::min(graph.global(i), graph.global(graph.neighbour()[e]));
      const auto high = std::max(graph.global(i), graph.global(graph.neighbour()[e]));
      double truth = 1 / graph.conductance()[e];
      if (low >= 2) {  // the triangle: the edge beside the other two in series
        const double a = low == 2 && high == 3 ? 1e-3 : 7.0, b = low == 2 && high == 4 ? 1e-3 : 1e6;
        truth = 1 / (graph.conductance()[e] + 1 / (1 / a + 1 / b));
      }
      EXPECT_NEAR(found.resistance[at(e)], truth, 1e-10 * truth) << low << " " << high;
    }
  }
}

TEST(edge_resistance, estimates_err_as_little_as_they_say) {
  for (const auto& list : edge_samples()) {
    const auto graph = distribute(world(), list);
    const auto found = resistances_of(graph, by(EdgeMethod::estimate));
    EXPECT_TRUE(found.converged);
    const auto errors = errors_of(graph, list, found);
    EXPECT_LE(errors.mean, 1.5 * found.quality.predicted_error + 1e-6) << list.n;
    EXPECT_LE(errors.mean, 0.03) << list.n;  // random projections alone err by 0.14
    EXPECT_GT(found.quality.checked, 10);
    EXPECT_LE(found.quality.checked_mean, 2 * found.quality.predicted_error + 1e-5);
  }
}

TEST(edge_resistance, estimates_get_better_with_more_solves) {
  const auto list = random_graph(90, 3, 1.5, 26);
  const auto graph = distribute(world(), list);
  double last = 1;
  for (const int solves : {8, 64, 512}) {
    auto params = by(EdgeMethod::estimate);
    params.solves = solves;
    const auto found = resistances_of(graph, params);
    const double mean = errors_of(graph, list, found).mean;
    EXPECT_LE(mean, 0.6 * last);  // 0.35 expected
    EXPECT_LE(mean, 1.5 * found.quality.predicted_error);
    last = mean;
  }
}

TEST(edge_resistance, estimates_obey_foster_within_the_stated_error) {
  for (const auto& list : edge_samples()) {
    const auto graph = distribute(world(), list);
    const auto found = resistances_of(graph, by(EdgeMethod::estimate));
    EXPECT_NEAR(found.foster_sum, found.foster_exact, 3 * found.quality.predicted_error * found.foster_exact + 1e-6);
    double sum = 0;
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
        const double leverage = graph.conductance()[e] * found.resistance[at(e)];
        EXPECT_GT(leverage, 0.0);
        EXPECT_LE(leverage, 1.0 + 1e-15);
        sum += leverage / 2;
      }
      sum += graph.ground()[at(i)] * found.to_ground[at(i)];
    }
    EXPECT_NEAR(world().sum(sum), found.foster_exact, 1e-3 * found.foster_exact);
  }
}

TEST(edge_resistance, estimates_give_bridges_all_the_current) {
  const auto list = with_bridges();
  const auto graph = distribute(world(), list);
  const auto found = resistances_of(graph, by(EdgeMethod::estimate));
  int bridges = 0;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const auto low = std::min(graph.global(i), graph.global(graph.neighbour()[e]));
      const auto high = std::max(graph.global(i), graph.global(graph.neighbour()[e]));
      const bool tree = low >= 60 && high < 75;
      if (!tree && !(low == 10 && high == 60) && !(low == 64 && high == 80)) continue;
      ++bridges;
      EXPECT_NEAR(graph.conductance()[e] * found.resistance[at(e)], 1.0, 1e-6) << low << " " << high;
    }
  }
  EXPECT_EQ(world().sum(bridges), 2 * 16);
}

TEST(edge_resistance, stands_at_both_ends_and_does_not_depend_on_the_rank_count) {
  const auto list = random_graph(120, 4, 1.0, 27);
  const auto graph = distribute(world(), list);
  const Comm self(MPI_COMM_SELF);
  const auto alone = distribute(self, list);
  for (const auto method : {EdgeMethod::estimate, EdgeMethod::columns}) {
    const auto found = resistances_of(graph, by(method)), serial = resistances_of(alone, by(method));
    const auto lookup = [&](GlobalIndex i, GlobalIndex j) {
      for (auto e = alone.row_begin(static_cast<LocalIndex>(i)); e < alone.row_end(static_cast<LocalIndex>(i)); ++e) {
        if (alone.neighbour()[e] == j) return serial.resistance[at(e)];
      }
      return 0.0;
    };
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
        const auto first = graph.global(i), second = graph.global(graph.neighbour()[e]);
        EXPECT_EQ(lookup(first, second), lookup(second, first));
        EXPECT_NEAR(found.resistance[at(e)], lookup(first, second), 1e-4 * lookup(first, second));
      }
    }
  }
}

TEST(edge_resistance, works_without_edges_and_without_nodes) {
  for (const auto& list :
       {EdgeList{0, {}, {}}, EdgeList{1, {}, {}}, EdgeList{3, {}, {}}, path(2), EdgeList{1, {}, {2.0}}}) {
    const auto graph = distribute(world(), list);
    for (const auto method : {EdgeMethod::estimate, EdgeMethod::columns, EdgeMethod::pairs}) {
      const auto found = resistances_of(graph, by(method));
      EXPECT_TRUE(found.converged);
      EXPECT_NEAR(found.foster_sum, found.foster_exact, 1e-9);
      for (const double r : found.resistance) EXPECT_NEAR(r, 1.0, 1e-9);
      for (std::size_t i = 0; i < found.to_ground.size(); ++i) {
        EXPECT_NEAR(found.to_ground[i], graph.ground()[i] > 0 ? 0.5 : 0.0, 1e-9);
      }
    }
  }
}

TEST(edge_resistance, estimates_are_no_worse_with_modes) {
  // Deflation is exact for any space: Foster's sum holds before it is enforced, as without modes.
  EdgeList list;
  for (std::uint64_t k = 0; k < 4; ++k) list = side_by_side(list, random_graph(30, 5, 0.3, 56 + k));
  for (GlobalIndex k = 0; k < 4; ++k) list.edges.push_back({30 * k, (30 * k + 31) % 120, 0.05});
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  ModesParams mode_params;
  mode_params.count = 4;
  const auto modes = slowest_modes(graph, solver, mode_params);
  EdgeResistanceParams params;
  const auto without = edge_resistances(graph, solver, params);
  params.modes = &modes;
  const auto with = edge_resistances(graph, solver, params);
  EXPECT_LE(with.quality.predicted_error, without.quality.predicted_error);
  EXPECT_NEAR(with.foster_sum, with.foster_exact, 3 * with.quality.predicted_error * with.foster_exact);
  EXPECT_LE(with.quality.checked_mean, 2 * with.quality.predicted_error + 1e-5);
}

}  // namespace synbal::test
