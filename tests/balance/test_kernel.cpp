// The fused kernel, the costs and their derivatives against dense arithmetic.
#include "networks.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/balance/hessian.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::test {
namespace {

struct Setting {
  Dense weights;
  Network network;
  Components components;
  BalanceProblem problem;
  FusedKernel kernel;

  explicit Setting(const Dense& w, double power = 2)
      : weights(w),
        network(network_of(world(), w)),
        components(strongly_connected_components(world(), network)),
        problem(world(), network, components, power),
        kernel(problem) {}
};

/// Ring edges make any matrix one component.
Dense connected(GlobalIndex n, std::uint64_t seed) {
  auto m = random_matrix(n, 0.3, 1, seed);
  for (GlobalIndex i = 0; i < n; ++i) m(i, (i + 1) % n) = 0.5 + 0.1 * static_cast<double>(i);
  return m;
}

std::vector<double> own_part(const BalanceProblem& problem, const std::vector<double>& all) {
  const auto first = all.begin() + problem.neurons().first();
  return {first, first + problem.size()};
}

TEST(FusedKernel, both_products_equal_the_dense_ones) {
  for (const GlobalIndex n : {2, 3, 17, 40, 400}) {  // 400: rows so long that their sums stay in registers
    Setting s(connected(n, 3));
    const auto c = costs_at(s.weights, std::vector<double>(static_cast<std::size_t>(n), 0.0), 2);
    std::vector<double> x(static_cast<std::size_t>(n)), y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = 1 + 0.1 * static_cast<double>(i), y[i] = 2 - static_cast<double>(i) / static_cast<double>(n);
    const auto own_x = own_part(s.problem, x), own_y = own_part(s.problem, y);
    std::vector<double> in(own_x.size()), out(own_x.size());
    s.kernel(own_x, own_y, in, out);
    for (std::size_t k = 0; k < in.size(); ++k) {
      const auto i = s.problem.neurons().first() + static_cast<GlobalIndex>(k);
      double row = 0, column = 0;
      for (GlobalIndex j = 0; j < n; ++j) {
        row += c(i, j) * x[static_cast<std::size_t>(j)];
        column += c(j, i) * y[static_cast<std::size_t>(j)];
      }
      EXPECT_NEAR(in[k], row, 1e-14 * static_cast<double>(n) * row);
      EXPECT_NEAR(out[k], column, 1e-14 * static_cast<double>(n) * column);
    }
  }
}

// More columns than a run has, and many entries of a row in each.
TEST(FusedKernel, long_rows_over_several_runs_are_summed_like_one_entry_after_another) {
  GeneratorParams params;
  params.nodes = 40'000, params.degree = 70;
  const auto network = generate(world(), params);
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 2);
  FusedKernel kernel(problem);
  const auto n = at(problem.size());
  std::vector<double> x(n), y(n), in(n), out(n), row(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) x[i] = 1 + 1e-3 * static_cast<double>(i % 97), y[i] = 1 / x[i];
  kernel(x, y, in, out);
  const auto all = with_ghosts<double>(problem, x);
  std::vector<double> column(all.size(), 0.0);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    row[at(i)] += c * all[at(j)], column[at(j)] += c * y[at(i)];
  });
  HaloExchange<double> exchange(problem.halo());
  exchange.reverse_begin([&](LocalIndex g) { return column[n + at(g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { column[at(i)] += value; });
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_NEAR(in[i], row[i], 1e-13 * row[i]);
    ASSERT_NEAR(out[i], column[i], 1e-13 * column[i]);
  }
}

TEST(FusedKernel, costs_at_a_base_and_at_a_delta_agree) {
  Setting s(connected(23, 5));
  std::vector<double> h(23);
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = std::sin(static_cast<double>(i));
  const auto own = own_part(s.problem, h);
  NeuronCosts at_delta, at_base;
  evaluate(s.problem, s.kernel, own, at_delta);
  s.problem.rebase(own);
  evaluate(s.problem, s.kernel, std::vector<double>(own.size(), 0.0), at_base);
  for (std::size_t i = 0; i < own.size(); ++i) {
    EXPECT_NEAR(at_delta.in[i], at_base.in[i], 1e-13 * at_base.in[i]);
    EXPECT_NEAR(at_delta.out[i], at_base.out[i], 1e-13 * at_base.out[i]);
  }
}

TEST(Costs, gradient_is_the_slope_of_the_cost) {
  Setting s(connected(9, 6), 1.5);
  std::vector<double> zero(static_cast<std::size_t>(s.problem.size()), 0.0), g(zero);
  NeuronCosts costs;
  evaluate(s.problem, s.kernel, zero, costs);
  gradient(s.problem, costs, g);
  for (GlobalIndex i = 0; i < 9; ++i) {
    const double eps = 1e-5;
    double slope = 0;
    for (const double sign : {1.0, -1.0}) {
      std::vector<double> h(9, 0.0);
      h[static_cast<std::size_t>(i)] = sign * eps;
      evaluate(s.problem, s.kernel, own_part(s.problem, h), costs);
      slope += sign * costs.total / (2 * eps);
    }
    if (s.problem.neurons().owns(i)) {
      const double expected = -1.5 * g[static_cast<std::size_t>(i - s.problem.neurons().first())];
      EXPECT_NEAR(slope, expected, 1e-6 * (1 + std::abs(expected)));
    }
  }
}

TEST(Costs, a_half_step_of_all_neurons_never_raises_the_cost) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Setting s(connected(14, seed), seed % 2 == 0 ? 2.0 : 1.0);
    std::vector<double> d(static_cast<std::size_t>(s.problem.size()));
    Iterate iterate(s.problem, s.kernel, std::vector<double>(d.size(), 0.0));
    for (int k = 0; k < 15; ++k) {
      const double before = iterate.costs().total;
      half_step(s.problem, iterate.costs(), d);
      iterate.move(d, 1);
      EXPECT_LE(iterate.costs().total, before * (1 + 1e-14));
    }
  }
}

TEST(HessianSolver, every_preconditioner_solves_the_laplacian_system) {
  Setting s(connected(30, 9));
  const ComponentSums sums(s.problem);
  std::vector<double> zero(static_cast<std::size_t>(s.problem.size()), 0.0), g(zero), d(zero);
  NeuronCosts costs;
  evaluate(s.problem, s.kernel, zero, costs);
  gradient(s.problem, costs, g);
  const auto c = costs_at(s.weights, std::vector<double>(30, 0.0), 2);
  for (const auto kind : {Preconditioner::jacobi, Preconditioner::multigrid, Preconditioner::direct}) {
    HessianSolver solver(s.problem, s.kernel, sums);
    PreconditionerChoice choice(solver, kind);
    solver.set_point(costs);
    EXPECT_TRUE(choice.renew()) << to_string(kind);
    const auto result = solver.solve(g, d, {1e-12, 500}, choice);
    EXPECT_TRUE(result.converged) << to_string(kind);
    const auto all = world().gather_all(std::span<const double>(d));
    for (std::size_t k = 0; k < g.size(); ++k) {
      const auto i = s.problem.neurons().first() + static_cast<GlobalIndex>(k);
      double product = 0;
      for (GlobalIndex j = 0; j < 30; ++j) {
        product += (c(i, j) + c(j, i)) * (all[static_cast<std::size_t>(i)] - all[static_cast<std::size_t>(j)]);
      }
      EXPECT_NEAR(product, g[k], 1e-8 * costs.total) << to_string(kind);
    }
  }
}

}  // namespace
}  // namespace synbal::test
