// Brackets of b^T L^+ b and the eigenvalue bound that they rest on, against dense truths.
#include <cmath>

#include "graph/graphs.hpp"
#include "resistance/quadrature.hpp"
#include "spectral/spectra.hpp"

namespace synbal::test {

using namespace detail;

namespace {

LaplacianSolverParams with(Preconditioner preconditioner) {
  LaplacianSolverParams params;
  params.preconditioner = preconditioner;
  return params;
}

/// The smallest positive eigenvalue of D^-1 L, from all the dense ones.
double smallest_normalised(const EdgeList& list) {
  for (const double value : normalised_spectrum(list)) {
    if (value > 1e-12) return value;
  }
  return 0;
}

std::vector<EdgeList> quadrature_samples() {
  auto grounded = random_graph(80, 3, 1.0, 5);
  grounded.ground.assign(80, 0.0);
  grounded.ground[3] = 0.5, grounded.ground[40] = 1e-3;
  return {random_graph(120, 4, 0.0, 1),
          random_graph(90, 3, 1.5, 2),
          cycle(60),
          complete(20),
          side_by_side(random_graph(50, 4, 0.5, 3), cycle(30)),
          grounded};
}

}  // namespace

TEST(eigenvalue_bound, lies_below_the_smallest_eigenvalue_and_not_far_below) {
  for (const auto& list : quadrature_samples()) {
    if (normalised_spectrum(list).size() < 65) continue;  // Krylov spaces that are exhausted exclude nothing
    const auto graph = distribute(world(), list);
    auto params = with(Preconditioner::jacobi);
    params.eliminate = false;
    LaplacianSolver solver(graph, params);
    const double truth = smallest_normalised(list);
    for (const std::uint64_t seed : {1, 2, 3}) {
      const auto bound = smallest_eigenvalue_bound(graph, solver, 1e-12, seed);
      EXPECT_TRUE(bound.certified);
      EXPECT_TRUE(bound.jacobi);
      EXPECT_LE(bound.value, truth * (1 + 1e-9));
      EXPECT_GE(bound.value, 0.3 * truth) << list.n;
    }
  }
}

TEST(eigenvalue_bound, excludes_no_eigenvalue_that_the_vectors_can_have_missed) {
  // Two iterations from a vector that has next to nothing of the slowest mode: the Ritz values lie far above it, and
  // the column must not be taken for proof.
  LanczosColumn column{1.0, {1.0, 1.0}, {0.0, 0.01}};
  const std::vector<LanczosColumn> few(2, column);
  EXPECT_EQ(excluded_below(few, 1e-12), 0.0);
  EXPECT_EQ(excluded_below({}, 1e-12), 0.0);
}

TEST(eigenvalue_bound, asks_more_of_the_vectors_for_less_risk) {
  const auto list = random_graph(100, 4, 0.5, 4);
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph, with(Preconditioner::jacobi));
  const auto risky = smallest_eigenvalue_bound(graph, solver, 1e-3, 1, 1e-4);
  const auto safe = smallest_eigenvalue_bound(graph, solver, 1e-15, 1, 1e-4);
  EXPECT_GT(risky.value, safe.value);
  EXPECT_GT(safe.value, 0.0);
}

TEST(eigenvalue_bound, is_the_same_for_any_rank_count) {
  const auto list = random_graph(150, 4, 1.0, 6);
  const auto graph = distribute(world(), list);
  LaplacianSolver solver(graph, with(Preconditioner::jacobi));
  const Comm self(MPI_COMM_SELF);
  const auto alone = distribute(self, list);
  LaplacianSolver own(alone, with(Preconditioner::jacobi));
  const auto bound = smallest_eigenvalue_bound(graph, solver), serial = smallest_eigenvalue_bound(alone, own);
  EXPECT_NEAR(bound.value, serial.value, 1e-6 * serial.value);
}

TEST(energy_bracket, contains_the_energy_at_every_iteration_for_every_preconditioner) {
  for (const auto preconditioner : {Preconditioner::jacobi, Preconditioner::direct}) {
    for (const auto& list : quadrature_samples()) {
      const auto graph = distribute(world(), list);
      LaplacianSolver solver(graph, with(preconditioner));
      const auto inverse = dense_pseudoinverse(list);
      const auto n = static_cast<std::size_t>(list.n);
      std::vector<double> all(n, 0.0);
      all[0] = 1, all[n / 3] = -1;  // within the first component of every sample
      double truth = 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) truth += all[i] * inverse[i * n + j] * all[j];
      }
      const auto bound = smallest_eigenvalue_bound(graph, solver);
      EnergyBracket bracket(bound);
      double last_lower = 0;
      std::int64_t steps = 0;
      const auto b = own_part(graph, all);
      std::vector<double> x(b.size());
      LaplacianSolveParams params;
      params.tolerance = 1e-12;
      solver.solve(b, x, 1, params, [&](const PcgIteration& step) {
        step.stop[0] = bracket.relative_error() <= 1e-11 ? 1 : 0;
        if (step.cycle > 0) return;
        bracket.update(step, 0);
        ++steps;
        EXPECT_LE(bracket.lower(), truth * (1 + 1e-10));
        EXPECT_GE(bracket.upper(), truth * (1 - 1e-10));
        EXPECT_GE(bracket.lower(), last_lower);
        last_lower = bracket.lower();
      });
      // Where elimination, or a step in the only eigenspace there is, leaves nothing to iterate on, nothing narrows.
      EXPECT_TRUE(steps <= 1 || bound.value == 0 || bracket.relative_error() <= 1e-10)
          << to_string(preconditioner) << " n " << list.n;
    }
  }
}

TEST(energy_bracket, says_nothing_above_without_an_eigenvalue_bound) {
  EnergyBracket bracket;
  EXPECT_TRUE(std::isinf(bracket.upper()));
  const double one = 1, half = 0.5, none = 0;
  PcgIteration step;
  step.rho = std::span(&one, 1), step.alpha = step.energy = std::span(&half, 1);
  step.beta = step.next_rho = step.next_alpha = std::span(&none, 1);
  bracket.update(step, 0);
  EXPECT_TRUE(std::isinf(bracket.upper()));
  EXPECT_TRUE(std::isinf(bracket.relative_error()));
  EXPECT_NEAR(bracket.lower(), 0.5, 1e-12);
}

}  // namespace synbal::test
