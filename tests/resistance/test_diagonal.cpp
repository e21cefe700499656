// The diagonal of L^+ against dense truths, exact and estimated.
#include <cmath>

#include "graph/graphs.hpp"
#include "synbal/resistance/diagonal.hpp"
#include "synbal/resistance/resistance.hpp"

namespace synbal::test {

namespace {

std::vector<double> dense_diagonal(const ConductanceGraph& graph, const EdgeList& list) {
  const auto inverse = dense_pseudoinverse(list);
  std::vector<double> diagonal;
  for (LocalIndex i = 0; i < graph.size(); ++i) diagonal.push_back(inverse[at(graph.global(i) * (list.n + 1))]);
  return diagonal;
}

std::vector<EdgeList> diagonal_samples() {
  auto grounded = random_graph(70, 4, 1.0, 41);
  grounded.ground.assign(70, 0.0);
  grounded.ground[3] = 1.0;
  auto apart = side_by_side(random_graph(60, 4, 0.5, 42), cycle(9));
  apart.n += 1;  // an isolated node
  return {random_graph(90, 5, 0.5, 43), apart, grounded, EdgeList{1, {}, {}}, EdgeList{0, {}, {}}};
}

}  // namespace

TEST(diagonal, exact_is_that_of_the_dense_pseudoinverse) {
  for (const auto& list : diagonal_samples()) {
    const auto graph = distribute(world(), list);
    LaplacianSolver solver(graph);
    DiagonalParams params;
    params.exact = true;
    const auto found = pseudoinverse_diagonal(graph, solver, params);
    const auto truth = dense_diagonal(graph, list);
    EXPECT_TRUE(found.converged);
    EXPECT_EQ(found.value.size(), truth.size());
    for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_NEAR(found.value[i], truth[i], 1e-9 * truth[i] + 1e-15);
  }
}

TEST(diagonal, exact_is_the_mean_of_all_resistances) {
  // sum_i L+_ii = sum_{i<j} R_ij / N, resistances from elsewhere.
  const auto list = random_graph(36, 4, 1.0, 47);
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  DiagonalParams params;
  params.exact = true;
  const auto found = pseudoinverse_diagonal(graph, solver, params);
  double trace = 0;
  for (const double value : found.value) trace += value;
  std::vector<NodePair> pairs;
  for (GlobalIndex i = world().rank(); i < list.n; i += world().size()) {
    for (GlobalIndex j = i + 1; j < list.n; ++j) pairs.push_back({i, j});
  }
  ResistanceParams sharp;
  sharp.tolerance = 1e-11;
  double resistances = 0;
  for (const auto& pair : ResistanceSolver(graph, solver, sharp)(pairs).pairs) resistances += pair.value;
  trace = world().sum(trace), resistances = world().sum(resistances);
  EXPECT_NEAR(trace, resistances / static_cast<double>(list.n), 1e-9 * trace);
}

TEST(diagonal, estimates_lie_within_two_standard_errors_as_often_as_they_should) {
  // Where one mode makes most of the diagonal all nodes deviate alike, so several seeds are needed. A standard error
  // from 64 squares is itself uncertain, and small where the estimate is: somewhat fewer than 95 % lie within two.
  const Comm self(MPI_COMM_SELF);
  for (const auto& list : diagonal_samples()) {
    const auto graph = distribute(self, list);
    LaplacianSolver solver(graph);
    const auto truth = dense_diagonal(graph, list);
    double within[4] = {};  // one, two, four standard errors, all
    double bias = 0;
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
      DiagonalParams params;
      params.seed = seed, params.checked = 0;
      const auto found = pseudoinverse_diagonal(graph, solver, params);
      EXPECT_TRUE(found.converged);
      for (std::size_t i = 0; i < truth.size(); ++i) {
        if (!(found.error[i] > 1e-12 * truth[i])) {
          EXPECT_NEAR(found.value[i], truth[i], 1e-9 * truth[i] + 1e-15);
          continue;
        }
        const double deviation = (found.value[i] - truth[i]) / found.error[i];
        within[0] += std::abs(deviation) <= 1 ? 1 : 0, within[1] += std::abs(deviation) <= 2 ? 1 : 0;
        within[2] += std::abs(deviation) <= 4 ? 1 : 0, within[3] += 1;
        bias += deviation;
      }
    }
    if (within[3] < 20) continue;
    EXPECT_NEAR(within[0] / within[3], 0.66, 0.15) << list.n;
    EXPECT_NEAR(within[1] / within[3], 0.93, 0.04) << list.n;
    EXPECT_GE(within[2] / within[3], 0.99) << list.n;
    EXPECT_NEAR(bias / within[3], -0.15, 0.25) << list.n;
  }
}

TEST(diagonal, estimates_do_not_depend_on_the_rank_count) {
  const Comm self(MPI_COMM_SELF);
  for (const auto& list : diagonal_samples()) {
    const auto graph = distribute(world(), list), whole = distribute(self, list);
    LaplacianSolver solver(graph), serial(whole);
    const auto found = pseudoinverse_diagonal(graph, solver), same = pseudoinverse_diagonal(whole, serial);
    EXPECT_EQ(found.quality.checked, same.quality.checked);
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      const auto& value = same.value[at(graph.global(i))];
      EXPECT_NEAR(found.value[at(i)], value, 1e-3 * same.error[at(graph.global(i))] + 1e-6 * value);
      EXPECT_NEAR(found.error[at(i)], same.error[at(graph.global(i))], 1e-3 * same.error[at(graph.global(i))] + 1e-9);
    }
  }
}

TEST(diagonal, is_checked_on_nodes_solved_exactly) {
  const auto list = random_graph(90, 5, 0.5, 43);
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  const auto found = pseudoinverse_diagonal(graph, solver);
  EXPECT_GT(found.quality.checked, 5);
  EXPECT_GT(found.quality.checked_mean, 0.0);
  EXPECT_LE(found.quality.checked_mean, 3 * found.quality.predicted_error);
  EXPECT_LE(found.quality.checked_mean, found.quality.checked_max);
}

TEST(diagonal, gains_from_slow_modes_whatever_their_quality) {
  // Five clusters on a ring: four slow modes make most of the diagonal.
  EdgeList list;
  for (std::uint64_t k = 0; k < 5; ++k) list = side_by_side(list, random_graph(20, 5, 0.3, 44 + k));
  for (GlobalIndex k = 0; k < 5; ++k) list.edges.push_back({20 * k, (20 * k + 23) % 100, 0.01});
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph);
  const auto truth = dense_diagonal(graph, list);
  Modes modes;  // indicators of the clusters: near the modes, but none of them
  modes.count = 5;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (int k = 0; k < 5; ++k) modes.vector.push_back(graph.global(i) / 20 == k ? 1.0 : 0.0);
  }
  double errors[2] = {};
  DiagonalParams params;
  for (std::size_t with = 0; with < 2; ++with) {
    params.modes = with == 1 ? &modes : nullptr;
    const auto found = pseudoinverse_diagonal(graph, solver, params);
    for (std::size_t i = 0; i < truth.size(); ++i) errors[with] += std::abs(found.value[i] / truth[i] - 1) / 100;
  }
  world().sum(std::span<double>(errors));
  EXPECT_GT(errors[0], 0.03);
  EXPECT_LT(errors[1], 0.1 * errors[0]);
}

}  // namespace synbal::test
