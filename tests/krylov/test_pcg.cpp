// Conjugate gradients: what the measures promise, singular operators, blocks, and ends.
#include <algorithm>
#include <array>

#include "krylov/operators.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/krylov/pcg.hpp"

namespace synbal::test {
namespace {

/// One solve with one column or more.
struct Solve {
  std::vector<double> r, x;
  PcgOutcome outcome;

  Solve(BlockPcg& pcg, std::vector<double> right, int columns, PcgNorm measure, double aim,
        BlockPreconditioner* preconditioner = nullptr, std::int64_t most = 1000, const PcgObserver& observer = {})
      : r(std::move(right)), x(r.size()) {
    PcgTask task{r, {}, measure};
    for (int k = 0; k < columns; ++k) task.columns.push_back({aim, most, 1.0, 0.0, k});
    task.observer = &observer;
    outcome = pcg.run(task, x, preconditioner);
  }
};

std::vector<double> residual(Chains& a, const Solve& solve, int columns) {
  std::vector<double> left(solve.x.size()), dots(at(columns));
  a.apply(solve.x, left, columns, dots);
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = solve.r[i] - left[i];
  return left;
}

/// |W r| over all ranks.
double size_of(const std::vector<double>& r, std::span<const double> weight = {}) {
  double squares = 0;
  for (std::size_t i = 0; i < r.size(); ++i) squares += std::pow(weight.empty() ? r[i] : weight[i] * r[i], 2);
  return std::sqrt(world().sum(squares));
}

std::vector<double> inverse_roots(std::span<const double> diagonal) {
  std::vector<double> roots;
  for (const double d : diagonal) roots.push_back(1 / std::sqrt(d));
  return roots;
}

TEST(BlockPcg, is_left_by_all_ranks_where_one_wants_its_end) {
  struct Watch final : SolveWatch {
    void tell(const SolveStatus& status) override { told = status; }
    bool wants_end() override { return world().rank() == world().size() - 1 && told.iteration >= 4; }
    SolveStatus told;
  };
  Chains a(world(), 1, 60, 4, true);
  BlockPcg pcg(a);
  const auto b = a.own(noise(60, 1));
  {
    const Watch watch;
    EXPECT_THROW(Solve(pcg, b, 1, PcgNorm::euclidean, 1e-3), LeftEarly);
    EXPECT_EQ(watch.told.iteration, 4);
    EXPECT_EQ(watch.told.target, 1e-3);
  }
  EXPECT_EQ(Solve(pcg, b, 1, PcgNorm::euclidean, 1e-3).outcome.end[0], PcgEnd::reached);
}

TEST(BlockPcg, every_measure_is_that_of_the_true_residual) {
  Chains a(world(), 1, 60, 4, true);
  BlockPcg pcg(a);
  const auto b = a.own(noise(60, 1));
  const Solve plain(pcg, b, 1, PcgNorm::euclidean, 1e-3);
  EXPECT_EQ(plain.outcome.end[0], PcgEnd::reached);
  EXPECT_LE(size_of(residual(a, plain, 1)), 1.001e-3);

  const auto roots = inverse_roots(a.diagonal());
  const Solve natural(pcg, b, 1, PcgNorm::natural, 1e-4);
  EXPECT_EQ(natural.outcome.end[0], PcgEnd::reached);
  const double left = size_of(residual(a, natural, 1), roots), start = size_of(b, roots);
  EXPECT_LE(left, 1.001e-4 * start);
  EXPECT_NEAR(natural.outcome.residual[0], left / start, 1e-6 * 1e-4);
  // No product is made that nobody uses.
  EXPECT_LT(natural.outcome.iterations[0], 100);
}

TEST(BlockPcg, one_iteration_costs_one_product) {
  Chains a(world(), 1, 30, 2, true);
  BlockPcg pcg(a);
  for (const auto measure : {PcgNorm::euclidean, PcgNorm::natural}) {
    a.products = 0;
    const Solve solve(pcg, a.own(noise(30, 2)), 1, measure, 1e-9);
    EXPECT_EQ(solve.outcome.end[0], PcgEnd::reached);
    EXPECT_LE(a.products, solve.outcome.iterations[0] + 1);
  }
}

TEST(BlockPcg, the_constants_of_every_component_stay_out) {
  constexpr GlobalIndex chains = 5, length = 9;
  Chains a(world(), chains, length, 3, true);
  BlockPcg pcg(a);
  auto b = a.own(noise(chains * length, 3));
  const auto before = b;
  pcg.project(b);
  const auto sums = a.components().sum(b);
  for (LocalIndex l = 0; l < a.components().count(); ++l) {
    if (a.components().grounded(l)) continue;
    EXPECT_NEAR(sums[at(l)], 0, 1e-12);
  }
  // In proportion to the diagonal, and not at all where the operator is regular.
  const auto label = a.components().label();
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (a.components().grounded(label[i])) {
      EXPECT_EQ(b[i], before[i]);
    }
    if (i == 0 || label[i] != label[i - 1]) continue;
    const double here = (b[i] - before[i]) / a.diagonal()[i], there = (b[i - 1] - before[i - 1]) / a.diagonal()[i - 1];
    EXPECT_NEAR(here, there, 1e-14);
  }
  const Solve solve(pcg, b, 1, PcgNorm::natural, 1e-10);
  EXPECT_EQ(solve.outcome.end[0], PcgEnd::reached);
  EXPECT_LE(size_of(residual(a, solve, 1)), 1e-8 * size_of(b));
}

TEST(BlockPcg, a_block_gives_what_its_columns_give_alone) {
  Chains a(world(), 2, 20, 2, false);
  BlockPcg pcg(a);
  constexpr int columns = 5;
  std::vector<std::vector<double>> alone;
  std::vector<double> block(at(a.rows().count()) * columns);
  for (int k = 0; k < columns; ++k) {
    auto b = a.own(noise(40, k));
    if (k == 3) std::fill(b.begin(), b.end(), 0.0);
    a.components().center(b);
    for (std::size_t i = 0; i < b.size(); ++i) block[i * columns + at(k)] = b[i];
    alone.push_back(Solve(pcg, b, 1, PcgNorm::euclidean, 1e-9).x);
  }
  const Solve together(pcg, block, columns, PcgNorm::euclidean, 1e-9);
  for (int k = 0; k < columns; ++k) {
    EXPECT_EQ(together.outcome.end[at(k)], PcgEnd::reached);
    std::vector<double> difference;
    for (std::size_t i = 0; i < alone[at(k)].size(); ++i) {
      difference.push_back(together.x[i * columns + at(k)] - alone[at(k)][i]);
    }
    a.components().center(difference);
    for (const double d : difference) EXPECT_NEAR(d, 0, 1e-7);
  }
}

TEST(BlockPcg, limits_observers_and_advisers_end_it) {
  Chains a(world(), 1, 50, 3, true);
  BlockPcg pcg(a);
  const auto b = a.own(noise(50, 4));
  EXPECT_EQ(Solve(pcg, b, 1, PcgNorm::euclidean, 1e-12, nullptr, 7).outcome.end[0], PcgEnd::limit);
  std::vector<double> energies;
  double foretold[2] = {};
  const Solve stopped(pcg, b, 1, PcgNorm::euclidean, 1e-12, nullptr, 1000, [&](const PcgIteration& iteration) {
    EXPECT_EQ(iteration.iteration, std::ssize(energies));
    if (!energies.empty()) {
      EXPECT_EQ(iteration.rho[0], foretold[0]);
      EXPECT_EQ(iteration.alpha[0], foretold[1]);
    }
    foretold[0] = iteration.next_rho[0], foretold[1] = iteration.next_alpha[0];
    energies.push_back(iteration.energy[0]);
    if (iteration.iteration == 9) iteration.stop[0] = 1;
  });
  EXPECT_EQ(stopped.outcome.end[0], PcgEnd::stopped);
  EXPECT_EQ(stopped.outcome.iterations[0], 10);
  EXPECT_TRUE(std::is_sorted(energies.begin(), energies.end()));
  // x^T A x of the exact solution bounds them.
  const Solve exact(pcg, b, 1, PcgNorm::euclidean, 1e-12);
  double energy = 0;
  for (std::size_t i = 0; i < b.size(); ++i) energy += b[i] * exact.x[i];
  EXPECT_LE(energies.back(), world().sum(energy) * (1 + 1e-12));
}

TEST(BlockPcg, a_preconditioner_that_is_not_definite_is_a_breakdown_on_all_ranks) {
  class Negative final : public BlockPreconditioner {
   public:
    void apply(std::span<const double> r, std::span<double> u, int) override {
      for (std::size_t i = 0; i < r.size(); ++i) u[i] = -r[i];
    }
  } negative;
  Chains a(world(), 1, 20, 1, true);
  BlockPcg pcg(a);
  for (const auto measure : {PcgNorm::euclidean, PcgNorm::natural}) {
    const Solve solve(pcg, a.own(noise(20, 6)), 1, measure, 1e-9, &negative);
    EXPECT_EQ(solve.outcome.end[0], PcgEnd::breakdown);
    EXPECT_EQ(solve.outcome.iterations[0], 0);
    for (const double x : solve.x) EXPECT_EQ(x, 0.0);
  }
}

TEST(BlockPcg, works_without_places_and_with_one) {
  for (const GlobalIndex n : {0, 1}) {
    Chains a(world(), n, 1, 1, true);
    BlockPcg pcg(a);
    const Solve solve(pcg, a.own(std::vector<double>(at(n), 3.0)), 1, PcgNorm::euclidean, 1e-12);
    EXPECT_EQ(solve.outcome.end[0], PcgEnd::reached);
    for (const double x : solve.x) EXPECT_NEAR(x, 6, 1e-12);
  }
}

}  // namespace
}  // namespace synbal::test
