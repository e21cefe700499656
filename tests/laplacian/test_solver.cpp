// Properties of x = L^+ b.
#include <cmath>

#include "graph/graphs.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal {
namespace {

using namespace test;

/// Ways of solving: chosen by itself and by name, with and without elimination. Multigrid is for larger graphs.
std::vector<LaplacianSolverParams> all_ways() {
  return {{},
          {Preconditioner::jacobi, false},
          {Preconditioner::incomplete, true},
          {Preconditioner::incomplete, false},
          {Preconditioner::direct, true},
          {Preconditioner::direct, false}};
}

/// Collective. x_i - x_j for L x = e_i - e_j.
double resistance(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex i, GlobalIndex j) {
  std::vector<double> b(at(graph.size()), 0.0), x(b.size());
  const auto& nodes = graph.nodes();
  if (nodes.owns(i)) b[at(i - nodes.first())] += 1;
  if (nodes.owns(j)) b[at(j - nodes.first())] -= 1;
  const auto result = solver.solve(b, x, 1, {1e-12});
  EXPECT_TRUE(result.converged);
  double difference = 0;
  for (std::size_t k = 0; k < b.size(); ++k) difference += b[k] * x[k];
  return graph.comm().sum(difference);
}

struct ClosedForm {
  const char* name;
  EdgeList list;
  GlobalIndex i, j;
  double resistance;
};

TEST(LaplacianSolver, resistances_have_their_closed_forms) {
  const std::vector<ClosedForm> forms{{"path", path(50), 3, 41, 38},
                                      {"cycle", cycle(60), 5, 25, 20.0 * 40 / 60},
                                      {"complete", complete(30), 2, 17, 2.0 / 30},
                                      {"star", star(40), 3, 9, 2},
                                      {"star, to the hub", star(40), 0, 9, 1},
                                      {"bipartite, one side", complete_bipartite(6, 9), 1, 4, 2.0 / 9},
                                      {"bipartite, across", complete_bipartite(6, 9), 1, 10, 14.0 / 54},
                                      {"binary tree", binary_tree(127), 63, 126, 12},
                                      {"beside another component", side_by_side(complete(8), cycle(12)), 9, 12, 2.25}};
  for (const auto& form : forms) {
    const auto graph = distribute(world(), form.list);
    for (const auto& way : all_ways()) {
      LaplacianSolver solver(graph, way);
      EXPECT_NEAR(resistance(graph, solver, form.i, form.j), form.resistance, 1e-11 * form.resistance) << form.name;
    }
  }
}

/// Collective. Compares with the dense pseudoinverse, for three right-hand sides that are not in the range of L.
void expect_dense_solution(const EdgeList& list, const LaplacianSolverParams& way, double tolerance) {
  const auto graph = distribute(world(), list);
  const auto inverse = dense_pseudoinverse(list);
  const auto n = at(list.n);
  constexpr std::size_t m = 3;
  const auto all = noise(n * m, 17);
  const auto b = own_part(graph, all, m);
  std::vector<double> x(b.size());
  LaplacianSolver solver(graph, way);
  const auto result = solver.solve(b, x, m, {1e-13});
  for (std::size_t k = 0; k < m; ++k) {
    double largest = 0, worst = 0;
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      double expected = 0;
      for (std::size_t j = 0; j < n; ++j) expected += inverse[at(graph.nodes().first() + i) * n + j] * all[j * m + k];
      worst = std::max(worst, std::abs(x[at(i) * m + k] - expected));
      largest = std::max(largest, std::abs(expected));
    }
    EXPECT_LE(worst, tolerance * world().max(largest));
  }
}

TEST(LaplacianSolver, equals_the_dense_pseudoinverse_on_small_random_graphs) {
  auto grounded = random_graph(80, 3, 1.0, 6);
  grounded.ground.assign(80, 0.0);
  grounded.ground[3] = 1, grounded.ground[60] = 0.01;
  auto partly = side_by_side(random_graph(40, 2, 1.0, 1), random_graph(30, 3, 1.0, 2));
  partly.ground.assign(70, 0.0);
  partly.ground[50] = 2;
  for (const auto& way : all_ways()) {
    expect_dense_solution(random_graph(90, 4, 1.0, 5), way, 1e-10);
    expect_dense_solution(grounded, way, 1e-10);
    expect_dense_solution(partly, way, 1e-10);
    expect_dense_solution(random_graph(100, 1, 1.0, 9), way, 1e-10);
  }
}

TEST(LaplacianSolver, what_is_outside_the_range_is_projected_and_reported) {
  const auto graph = distribute(world(), complete(16));
  LaplacianSolver solver(graph);
  std::vector<double> all(16, 3.0);
  all[2] += 1, all[5] -= 1;  // constant part 3 * sqrt(16) = 12, the rest sqrt(2)
  const auto b = own_part(graph, all);
  std::vector<double> x(b.size());
  const auto result = solver.solve(b, x, 1);
  EXPECT_TRUE(result.converged);
  EXPECT_NEAR(result.columns[0].projected, 12 / std::sqrt(146.0), 1e-14);
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto g = graph.nodes().first() + i;
    EXPECT_NEAR(x[at(i)], g == 2 ? 1.0 / 16 : g == 5 ? -1.0 / 16 : 0.0, 1e-9);
  }
  const std::vector<double> constant(b.size(), 0.7);
  const auto nothing = solver.solve(constant, x, 1);
  EXPECT_TRUE(nothing.converged);
  EXPECT_EQ(nothing.columns[0].residual, 0.0);
  for (const double value : x) EXPECT_EQ(value, 0.0);
}

TEST(LaplacianSolver, many_columns_are_solved_as_each_alone) {
  const auto list = random_graph(300, 4, 1.5, 3);
  const auto graph = distribute(world(), list);
  constexpr std::size_t m = 21;  // more than one block
  auto all = noise(300 * m, 8);
  for (std::size_t i = 0; i < 300; ++i) all[i * m + 4] = 0;  // one has nothing to solve
  for (std::size_t i = 0; i < 300; ++i) all[i * m + 7] *= 1e-30;
  const auto b = own_part(graph, all, m);
  std::vector<double> x(b.size());
  LaplacianSolver solver(graph, {Preconditioner::jacobi, true});
  const auto together = solver.solve(b, x, m, {1e-9});
  EXPECT_TRUE(together.converged);
  EXPECT_EQ(together.columns.size(), m);
  EXPECT_EQ(together.columns[4].iterations, 0);
  for (std::size_t k = 0; k < m; ++k) {
    std::vector<double> one, alone(at(graph.size()));
    for (std::size_t i = 0; i < at(graph.size()); ++i) one.push_back(b[i * m + k]);
    const auto result = solver.solve(one, alone, 1, {1e-9});
    EXPECT_NEAR(static_cast<double>(result.iterations), static_cast<double>(together.columns[k].iterations), 1.0);
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < alone.size(); ++i) {
      worst = std::max(worst, std::abs(alone[i] - x[i * m + k])), largest = std::max(largest, std::abs(alone[i]));
    }
    EXPECT_LE(worst, 1e-7 * world().max(largest));
  }
}

TEST(LaplacianSolver, residual_reported_is_the_true_one) {
  const auto graph = distribute(world(), random_graph(500, 3, 3.0, 12));
  const auto b = own_part(graph, noise(500, 2));
  for (const double tolerance : {1e-2, 1e-6, 1e-11}) {
    LaplacianSolver solver(graph);
    std::vector<double> x(b.size()), y(b.size());
    const auto result = solver.solve(b, x, 1, {tolerance});
    EXPECT_TRUE(result.converged);
    LaplacianOperator(graph).apply(x, y, 1);
    // The graph may fall into components; take their means out of the difference.
    std::vector<double> r(b.size());
    for (std::size_t i = 0; i < r.size(); ++i) r[i] = b[i] - y[i];
    const ComponentSums components(graph);
    auto inside = b;
    components.project(r, 1), components.project(inside, 1);
    double squares[2] = {};
    for (std::size_t i = 0; i < r.size(); ++i) squares[0] += r[i] * r[i], squares[1] += inside[i] * inside[i];
    world().sum(std::span<double>(squares));
    const double residual = std::sqrt(squares[0] / squares[1]);
    EXPECT_LE(residual, tolerance);
    EXPECT_NEAR(residual, result.columns[0].residual, 1e-3 * residual + 1e-15);
  }
}

TEST(LaplacianSolver, a_tolerance_that_rounding_does_not_allow_is_said_not_to_be_met) {
  const auto graph = distribute(world(), random_graph(150, 4, 4.0, 7));
  const auto b = own_part(graph, noise(150, 2));
  for (const auto& way : all_ways()) {
    LaplacianSolver solver(graph, way);
    std::vector<double> x(b.size());
    const auto result = solver.solve(b, x, 1, {1e-22});
    EXPECT_FALSE(result.converged);
    EXPECT_FALSE(result.columns[0].converged);
    EXPECT_LT(result.columns[0].residual, 1e-8);  // but it is as good as it gets
    EXPECT_GT(result.columns[0].residual, 1e-22);
    LaplacianSolveParams content{1e-22};
    content.acceptable = 1e-8;
    EXPECT_TRUE(solver.solve(b, x, 1, content).converged);
    content.acceptable = 1e-21;
    EXPECT_FALSE(solver.solve(b, x, 1, content).converged);
  }
}

TEST(LaplacianSolver, goes_on_from_what_it_is_given) {
  const auto graph = distribute(world(), random_graph(2'000, 3, 2.0, 31));
  const auto b = own_part(graph, noise(2'000, 2));
  for (const bool eliminate : {true, false}) {
    LaplacianSolver solver(graph, {Preconditioner::jacobi, eliminate});
    std::vector<double> x(b.size()), cold(b.size());
    solver.solve(b, x, 1, {1e-6});
    const auto all = solver.solve(b, cold, 1, {1e-10});
    LaplacianSolveParams params{1e-10};
    params.warm = true;
    const auto rest = solver.solve(b, x, 1, params);
    EXPECT_TRUE(rest.converged);
    EXPECT_LE(rest.columns[0].residual, 1e-10);
    EXPECT_LT(rest.iterations, all.iterations);
    EXPECT_NEAR(rest.columns[0].energy, all.columns[0].energy, 1e-9 * all.columns[0].energy);
    const auto nothing = solver.solve(b, x, 1, params);  // it is there already
    EXPECT_TRUE(nothing.converged);
    EXPECT_EQ(nothing.iterations, 0);
    const std::vector<double> zero(b.size(), 0.0);
    EXPECT_TRUE(solver.solve(zero, x, 1, params).converged);
    for (const double v : x) EXPECT_EQ(v, 0.0);
  }
}

TEST(LaplacianSolver, the_limit_of_iterations_is_kept) {
  const auto graph = distribute(world(), random_graph(2'000, 2, 2.0, 7));
  const auto b = own_part(graph, noise(2'000, 2));
  LaplacianSolver solver(graph, {Preconditioner::jacobi, false});
  std::vector<double> x(b.size());
  const auto result = solver.solve(b, x, 1, {1e-10, 5});
  EXPECT_FALSE(result.converged);
  EXPECT_EQ(result.iterations, 5);
  EXPECT_LT(result.columns[0].residual, 1.0);
}

TEST(LaplacianSolver, observer_sees_lower_bounds_of_the_energy_that_rise_to_it) {
  auto list = random_graph(600, 2, 1.0, 4);
  const auto graph = distribute(world(), list);
  constexpr std::size_t m = 4;
  const auto b = own_part(graph, noise(600 * m, 6), m);
  for (const bool eliminate : {true, false}) {
    LaplacianSolver solver(graph, {Preconditioner::jacobi, eliminate});
    std::vector<double> x(b.size());
    std::vector<std::vector<double>> energies(m);
    std::int64_t calls = 0;
    const auto result = solver.solve(b, x, m, {1e-10}, [&](const PcgIteration& now) {
      EXPECT_EQ(now.cycle, 0);
      EXPECT_EQ(now.iteration, calls++);
      EXPECT_TRUE(now.jacobi);
      for (std::size_t k = 0; k < now.column.size(); ++k) {
        energies[at(now.column[k])].push_back(now.energy[k]);
        EXPECT_EQ(now.beta[k] == 0, now.iteration == 0);
      }
    });
    EXPECT_TRUE(result.converged);
    for (std::size_t k = 0; k < m; ++k) {
      double energy = 0;
      for (std::size_t i = k; i < x.size(); i += m) energy += b[i] * x[i];
      energy = world().sum(energy);
      for (std::size_t t = 1; t < energies[k].size(); ++t) {
        EXPECT_GE(energies[k][t], energies[k][t - 1]);
        EXPECT_LE(energies[k][t], energy * (1 + 1e-12));
      }
      EXPECT_NEAR(energies[k].back(), energy, 1e-12 * energy);
      EXPECT_NEAR(result.columns[k].energy, energy, 1e-12 * energy);
    }
  }
}

TEST(LaplacianSolver, coefficients_seen_give_the_energy_through_their_tridiagonal_matrix) {
  const auto graph = distribute(world(), random_graph(200, 4, 1.0, 4));
  const auto b = own_part(graph, noise(200, 6));
  LaplacianSolver solver(graph, {Preconditioner::jacobi, true});
  std::vector<double> x(b.size()), diagonal, side;  // T = tridiag of the Lanczos process
  double rho = 0, energy = 0, alpha = 0, offset = 0;
  solver.solve(b, x, 1, {1e-12}, [&](const PcgIteration& now) {
    if (now.iteration == 0) rho = now.rho[0], offset = now.offset[0];
    diagonal.push_back(1 / now.alpha[0] + (now.iteration > 0 ? now.beta[0] / alpha : 0.0));
    if (now.iteration > 0) side.push_back(std::sqrt(now.beta[0]) / alpha);
    alpha = now.alpha[0], energy = now.energy[0];
  });
  // e_1^T T^-1 e_1 by the continued fraction from the end.
  double pivot = diagonal.back();
  for (auto k = diagonal.size() - 1; k-- > 0;) pivot = diagonal[k] - side[k] * side[k] / pivot;
  EXPECT_NEAR(offset + rho / pivot, energy, 1e-11 * energy);
}

TEST(LaplacianSolver, observer_can_end_a_column) {
  const auto graph = distribute(world(), random_graph(800, 3, 1.0, 4));
  const auto b = own_part(graph, noise(1'600, 6), 2);
  LaplacianSolver solver(graph, {Preconditioner::jacobi, true});
  std::vector<double> x(b.size());
  const auto result = solver.solve(b, x, 2, {1e-10}, [](const PcgIteration& now) {
    for (std::size_t k = 0; k < now.column.size(); ++k) now.stop[k] = now.column[k] == 1 && now.iteration == 4 ? 1 : 0;
  });
  EXPECT_TRUE(result.converged);
  EXPECT_TRUE(result.columns[1].stopped);
  EXPECT_FALSE(result.columns[1].converged);
  EXPECT_EQ(result.columns[1].iterations, 5);
  EXPECT_GT(result.columns[1].residual, 1e-10);
  EXPECT_TRUE(result.columns[0].converged);
}

TEST(LaplacianSolver, clusters_that_hang_on_a_thread_are_placed) {
  // Two complete graphs joined by an edge far weaker: the residual hardly knows of it, the solution does.
  for (const double thread : {1e-6, 1e-9}) {
    auto list = side_by_side(complete(12), complete(12));
    list.edges.push_back({3, 15, thread});
    const auto graph = distribute(world(), list);
    for (const auto& way : all_ways()) {
      LaplacianSolver solver(graph, way);
      std::vector<double> ends(24, 0.0);
      ends[4] = 1, ends[16] = -1;
      const auto b = own_part(graph, ends);
      std::vector<double> x(b.size());
      const auto result = solver.solve(b, x, 1, {1e-13});
      double energy = 0;
      for (std::size_t i = 0; i < b.size(); ++i) energy += b[i] * x[i];
      const double expected = 1 / thread + 4.0 / 12;
      // x carries 1 / thread, so its rounding makes differences inside the clusters uncertain by eps / thread.
      EXPECT_NEAR(world().sum(energy), expected, 1e-15 / thread * expected) << result.columns[0].residual;
    }
  }
}

TEST(LaplacianSolver, iterations_do_not_grow_with_the_ranks) {
  const auto list = random_graph(4'000, 5, 2.0, 31);
  const Comm self(MPI_COMM_SELF);
  const auto all = noise(4'000, 3);
  const std::vector<LaplacianSolverParams> ways{
      {}, {Preconditioner::jacobi}, {Preconditioner::multigrid}, {Preconditioner::incomplete}};
  for (const auto& way : ways) {
    std::int64_t iterations[2] = {};
    const Comm* comms[2] = {&self, &world()};
    for (int k = 0; k < 2; ++k) {
      const auto graph = distribute(*comms[k], list);
      LaplacianSolver solver(graph, way);
      std::vector<double> x(at(graph.size()));
      const auto result = solver.solve(own_part(graph, all), x, 1);
      EXPECT_TRUE(result.converged);
      if (way.preconditioner) {
        EXPECT_EQ(result.preconditioner, to_string(*way.preconditioner));
      }
      iterations[k] = result.iterations;
    }
    EXPECT_LE(10 * iterations[1], 11 * iterations[0] + 5);
  }
}

TEST(LaplacianSolver, incomplete_cholesky_is_the_same_at_any_rank_count) {
  // A ring of near neighbours with a few chords: triangles across the borders of the ranks' parts.
  EdgeList list{1'200, {}, {}};
  for (GlobalIndex i = 0; i < list.n; ++i) {
    for (GlobalIndex reach = 1; reach <= 5; ++reach) list.edges.push_back({i, (i + reach) % list.n});
    if (i % 100 == 0) list.edges.push_back({i, (i * 7 + 350) % list.n});
  }
  const Comm self(MPI_COMM_SELF);
  const auto all = noise(1'200, 3);
  std::vector<double> energies[2];
  const Comm* comms[2] = {&self, &world()};
  for (int k = 0; k < 2; ++k) {
    const auto graph = distribute(*comms[k], list);
    LaplacianSolver solver(graph, {Preconditioner::incomplete});
    std::vector<double> x(at(graph.size()));
    const auto result = solver.solve(own_part(graph, all), x, 1, {1e-8}, [&](const PcgIteration& now) {
      EXPECT_FALSE(now.jacobi);
      energies[k].push_back(now.energy[0]);
    });
    EXPECT_EQ(result.preconditioner, "incomplete cholesky");
  }
  EXPECT_LT(energies[0].size(), 30U);
  EXPECT_EQ(energies[0].size(), energies[1].size());
  for (std::size_t t = 0; t < std::min(energies[0].size(), energies[1].size()); ++t) {
    EXPECT_NEAR(energies[1][t], energies[0][t], 1e-9 * energies[0][t]);
  }
}

TEST(LaplacianSolver, empty_single_and_isolated_nodes_are_solved) {
  for (const GlobalIndex n : {0, 1, 2, 5}) {
    for (const auto& way : all_ways()) {
      EdgeList list{n, {}, {}};
      const auto graph = distribute(world(), list);
      LaplacianSolver solver(graph, way);
      std::vector<double> x(at(graph.size()), 5.0);
      const std::vector<double> b(x.size(), 1.0);
      const auto result = solver.solve(b, x, 1);
      EXPECT_TRUE(result.converged);
      EXPECT_EQ(solver.nullity(), n);
      for (const double value : x) EXPECT_EQ(value, 0.0);
    }
  }
  EdgeList one{1, {}, {4.0}};
  const auto graph = distribute(world(), one);
  LaplacianSolver solver(graph);
  std::vector<double> x(at(graph.size()));
  const std::vector<double> b(x.size(), 2.0);
  EXPECT_TRUE(solver.solve(b, x, 1).converged);
  for (const double value : x) EXPECT_EQ(value, 0.5);
}

TEST(LaplacianSolver, more_ranks_than_nodes_work) {
  const auto graph = distribute(world(), complete(3));
  for (const auto& way : all_ways()) {
    LaplacianSolver solver(graph, way);
    EXPECT_NEAR(resistance(graph, solver, 0, 2), 2.0 / 3, 1e-14);
  }
}

}  // namespace
}  // namespace synbal
