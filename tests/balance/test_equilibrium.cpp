// What the equilibrium is: closed forms, invariants, bounds, and the same answer from every method and rank count.
#include <algorithm>

#include "networks.hpp"
#include "synbal/balance/coloring.hpp"
#include "synbal/balance/sweep.hpp"

namespace synbal::test {
namespace {

BalanceParams with(Method method, double tolerance = 1e-12) {
  BalanceParams params;
  params.method = method;
  params.stop.tolerance = tolerance;
  return params;
}

constexpr Method kMethods[] = {Method::automatic, Method::newton, Method::sweep};

TEST(Equilibrium, two_neurons_end_at_the_geometric_mean_of_their_costs) {
  for (const auto method : kMethods) {
    for (const double power : {1.0, 2.0, 3.0}) {
      Dense w(2);
      w(0, 1) = 3, w(1, 0) = -0.2;
      const Balanced b(world(), network_of(world(), w), power, with(method));
      const auto c = costs_at(w, b.h(world()), power);
      const double mean = std::sqrt(std::pow(3, power) * std::pow(0.2, power));
      EXPECT_NEAR(c(0, 1), mean, 1e-10 * mean);
      EXPECT_NEAR(c(1, 0), mean, 1e-10 * mean);
      EXPECT_TRUE(b.found.solver.converged());
    }
  }
}

TEST(Equilibrium, rank_one_costs_balance_in_closed_form) {
  // C = a b^T: e^{2 p h_i} is proportional to a_i / b_i, since then c_ij becomes sqrt(a_i b_i a_j b_j), symmetric.
  const GlobalIndex n = 11;
  Dense w(n);
  std::vector<double> ratio;
  for (GlobalIndex i = 0; i < n; ++i) {
    const double a = 1 + static_cast<double>(i), b = std::exp(std::sin(static_cast<double>(i)));
    ratio.push_back(std::log(a / b) / 4);
    for (GlobalIndex j = 0; j < n; ++j) {
      const double bj = std::exp(std::sin(static_cast<double>(j)));
      w(i, j) = std::sqrt(a * bj);
    }
  }
  double mean = 0;
  for (const double x : ratio) mean += x / static_cast<double>(n);
  for (const auto method : kMethods) {
    const Balanced b(world(), network_of(world(), w), 2, with(method));
    const auto h = b.h(world());
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], ratio[i] - mean, 1e-10);
  }
}

TEST(Equilibrium, symmetric_and_normal_matrices_stay_as_they_are) {
  const GlobalIndex n = 12;
  Dense symmetric(n), circulant(n);
  const auto m = random_matrix(n, 0.7, 1, 4);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) symmetric(i, j) = m(i, j) + m(j, i);
    circulant(i, (i + 1) % n) = 2, circulant(i, (i + 3) % n) = -0.5;
  }
  for (const auto& w : {symmetric, circulant}) {
    const Balanced b(world(), network_of(world(), w), 2, with(Method::automatic));
    for (const double h : b.h(world())) EXPECT_NEAR(h, 0, 1e-12);
  }
}

TEST(Equilibrium, a_chain_between_pinned_ends_spreads_its_cost_evenly) {
  // One neuron a layer (Baldi et al. 2024, appendix B): all costs along the chain become their geometric mean.
  const std::vector<double> weights{3.0, 0.1, 7.0, 0.5, 1.5};
  const auto n = static_cast<GlobalIndex>(weights.size()) + 1;
  Dense w(n);
  double log_mean = 0;
  for (GlobalIndex i = 0; i + 1 < n; ++i) {
    w(i + 1, i) = weights[static_cast<std::size_t>(i)];
    log_mean += 2 * std::log(weights[static_cast<std::size_t>(i)]) / static_cast<double>(weights.size());
  }
  for (const auto method : kMethods) {
    auto network = network_of(world(), w);
    pin(network, {0, n - 1});
    const Balanced b(world(), std::move(network), 2, with(method));
    const auto c = costs_at(w, b.h(world()), 2);
    for (GlobalIndex i = 0; i + 1 < n; ++i) EXPECT_NEAR(std::log(c(i + 1, i)), log_mean, 1e-9);
  }
}

TEST(Equilibrium, exponents_follow_the_corrected_single_neuron_formula) {
  // One free neuron between pinned ones: lambda = (k out/in)^{1/(p(k+1))}, e^{-h} = lambda (Baldi eq. 6.6 with the
  // 1/p).
  for (const double k : {0.5, 1.0, 3.0}) {
    for (const double power : {1.0, 2.0}) {
      Dense w(3);
      w(1, 0) = 4, w(2, 1) = 0.3;
      auto network = network_of(world(), w);
      pin(network, {0, 2});
      network.nodes.exponent.assign(static_cast<std::size_t>(network.local_size()), k);
      for (const auto method : {Method::newton, Method::sweep}) {
        auto copy = network_of(world(), w);
        copy.nodes = network.nodes;
        const Balanced b(world(), std::move(copy), power, with(method));
        const double in = std::pow(4, power), out = std::pow(0.3, power);
        EXPECT_NEAR(-b.h(world())[1], std::log(k * out / in) / (power * (k + 1)), 1e-10);
      }
    }
  }
}

TEST(Equilibrium, exponents_without_a_pinned_neuron_are_refused) {
  Dense w(2);
  w(0, 1) = w(1, 0) = 1;
  auto network = network_of(world(), w);
  network.nodes.exponent.assign(static_cast<std::size_t>(network.local_size()), 2.0);
  const auto components = strongly_connected_components(world(), network);
  EXPECT_THROW(BalanceProblem(world(), network, components, 2), Error);
}

TEST(Equilibrium, gains_weigh_what_leaves_a_neuron) {
  Dense w(2);
  w(0, 1) = 1, w(1, 0) = 1;
  auto network = network_of(world(), w);
  for (LocalIndex i = 0; i < network.local_size(); ++i)
    network.nodes.gain.push_back(network.rows.first() + i == 0 ? 3.0 : 1.0);
  const Balanced b(world(), std::move(network), 2, with(Method::newton));
  const auto h = b.h(world());
  // 9 e^{2(h0-h1)} = e^{2(h1-h0)}
  EXPECT_NEAR(h[1] - h[0], std::log(9.0) / 4, 1e-10);
}

TEST(Equilibrium, all_methods_and_rank_counts_give_the_same_h) {
  const auto w = random_matrix(60, 0.1, 1.5, 8);
  const Comm self(MPI_COMM_SELF);
  const Balanced serial(self, network_of(self, w), 2, with(Method::newton));
  const auto truth = serial.h(self);
  for (const auto method : kMethods) {
    const Balanced b(world(), network_of(world(), w), 2, with(method));
    EXPECT_TRUE(b.found.solver.converged()) << to_string(method);
    const auto h = b.h(world());
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], truth[i], 1e-9) << to_string(method);
  }
}

TEST(Equilibrium, every_component_is_balanced_by_itself) {
  // Two cycles joined one way: the joining synapse counts for nothing, and each cycle has zero mean.
  Dense w(7);
  w(0, 1) = 2, w(1, 2) = 3, w(2, 0) = 0.1;
  w(3, 4) = 5, w(4, 3) = 0.5;
  w(3, 0) = 1e6;  // from the first cycle to the second
  w(5, 3) = 7, w(6, 5) = 1;
  const Balanced b(world(), network_of(world(), w), 2, with(Method::automatic));
  const auto h = b.h(world());
  EXPECT_NEAR(h[0] + h[1] + h[2], 0, 1e-12);
  EXPECT_NEAR(h[3] + h[4], 0, 1e-12);
  EXPECT_EQ(h[5], 0);
  EXPECT_EQ(h[6], 0);
  EXPECT_NEAR(h[4] - h[3], std::log(0.5 / 5) / 2, 1e-10);
  EXPECT_EQ(b.problem.edges(), 5);
  EXPECT_EQ(b.problem.edges_between(), 3);
  EXPECT_NEAR(b.problem.cost_between(), 1e12 + 49 + 1, 1e-3);
}

TEST(Equilibrium, networks_without_anything_to_balance_give_zeros) {
  Dense chain(5);
  for (GlobalIndex i = 0; i + 1 < 5; ++i) chain(i + 1, i) = 2;
  Dense loops(3);
  for (GlobalIndex i = 0; i < 3; ++i) loops(i, i) = 5;
  for (const auto& w : {Dense(0), Dense(1), Dense(4), chain, loops}) {
    for (const auto method : kMethods) {
      const Balanced b(world(), network_of(world(), w), 2, with(method));
      EXPECT_TRUE(b.found.solver.converged());
      EXPECT_EQ(b.found.costs.total, 0);
      EXPECT_EQ(b.found.imbalance.l1, 0);
      for (const double h : b.h(world())) EXPECT_EQ(h, 0);
    }
  }
  auto pinned = network_of(world(), random_matrix(4, 0.9, 1, 1));
  pin(pinned, {0, 1, 2, 3});
  const Balanced b(world(), std::move(pinned), 2);
  for (const double h : b.h(world())) EXPECT_EQ(h, 0);
}

TEST(Equilibrium, extreme_weights_neither_overflow_nor_cut_the_graph) {
  // Costs of 1e-360 and 1e360 do not exist in double; the balanced ones do.
  Dense w(3);
  w(0, 1) = 1e180, w(1, 2) = 1e-180, w(2, 0) = 1;
  const Balanced b(world(), network_of(world(), w), 2, with(Method::newton));
  const auto h = b.h(world());
  EXPECT_NEAR(std::log(1e180) + h[1] - h[0], 0, 1e-8);
  EXPECT_NEAR(std::log(1e-180) + h[2] - h[1], 0, 1e-8);
  EXPECT_LE(b.found.imbalance.max_log_ratio, 1e-8);
}

TEST(Equilibrium, limits_are_reported_and_leave_a_usable_result) {
  auto params = with(Method::newton);
  params.stop.max_iterations = 2;
  const Balanced b(world(), network_of(world(), random_matrix(40, 0.2, 2, 3)), 2, params);
  EXPECT_EQ(b.found.solver.reason, StopReason::iteration_limit);
  EXPECT_LT(b.found.costs.total, b.found.initial_cost);
}

TEST(Equilibrium, a_limit_of_as_many_iterations_as_it_takes_is_no_limit) {
  const auto w = random_matrix(40, 0.2, 1, 3);
  for (const auto method : kMethods) {
    auto params = with(method, 1e-10);
    const Balanced free(world(), network_of(world(), w), 2, params);
    params.stop.max_iterations = free.found.solver.iterations;
    const Balanced limited(world(), network_of(world(), w), 2, params);
    EXPECT_TRUE(limited.found.solver.converged()) << to_string(method);
    EXPECT_EQ(limited.found.solver.iterations, free.found.solver.iterations);
    params.stop.max_iterations = 3;
    const Balanced stopped(world(), network_of(world(), w), 2, params);
    EXPECT_EQ(stopped.found.solver.reason, StopReason::iteration_limit);
    EXPECT_EQ(stopped.found.solver.iterations, 3);
  }
}

TEST(Equilibrium, the_history_tells_every_iteration_once_and_in_order) {
  const auto w = random_matrix(40, 0.2, 2, 3);
  for (const auto method : kMethods) {
    for (const std::int64_t limit : {0, 3, 12}) {
      auto params = with(method);
      params.stop.max_iterations = limit;
      const Balanced b(world(), network_of(world(), w), 2, params);
      const auto& history = b.found.solver.history;
      EXPECT_EQ(std::ssize(history), b.found.solver.iterations + 1) << to_string(method);
      for (std::size_t k = 0; k < history.size(); ++k) {
        EXPECT_EQ(history[k].iteration, static_cast<std::int64_t>(k)) << to_string(method);
        if (k > 0) {
          EXPECT_GE(history[k].seconds, history[k - 1].seconds);
        }
      }
      EXPECT_NEAR(history.front().cost, b.found.initial_cost, 1e-13 * b.found.initial_cost);
      EXPECT_NEAR(history.back().cost, b.found.costs.total, 1e-13 * b.found.costs.total);
    }
  }
}

TEST(Equilibrium, costs_far_below_one_are_balanced_like_others) {
  // Each in a unit of its own: the answer may depend on ratios only.
  const auto w = random_matrix(25, 0.2, 1, 6);
  const Balanced truth(world(), network_of(world(), w), 2, with(Method::newton));
  const auto expected = truth.h(world());
  for (const double factor : {1e-80, 1e-130}) {
    auto network = network_of(world(), w);
    network.nodes.gain.assign(static_cast<std::size_t>(network.local_size()), factor);
    const Balanced b(world(), std::move(network), 2, with(Method::newton));
    EXPECT_TRUE(b.found.solver.converged());
    const auto h = b.h(world());
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-9) << factor;
    const double cost = b.found.costs.total * b.problem.cost_unit() / (factor * factor);
    EXPECT_NEAR(cost, truth.found.costs.total, 1e-10 * cost);
  }
}

TEST(Equilibrium, a_long_cycle_of_nearly_vanishing_costs_reaches_its_geometric_mean) {
  // One cost of 2^-399, the others of 2^-1050: all end at less than smallest_cost() in the user's unit.
  const GlobalIndex n = 50;
  Dense w(n);
  double log_mean = 0;
  for (GlobalIndex i = 0; i < n; ++i) {
    w(i, (i + 1) % n) = i == 0 ? std::exp2(-199.5) : std::exp2(-525) * static_cast<double>(i);
    log_mean += std::log(w(i, (i + 1) % n)) / static_cast<double>(n);
  }
  const Balanced b(world(), network_of(world(), w), 2, with(Method::automatic));
  const auto h = b.h(world());
  for (GlobalIndex i = 0; i < n; ++i) {
    const auto j = (i + 1) % n;
    EXPECT_NEAR(std::log(w(i, j)) + h[static_cast<std::size_t>(j)] - h[static_cast<std::size_t>(i)], log_mean, 1e-8);
  }
}

TEST(Equilibrium, the_cost_between_components_is_in_the_users_unit) {
  Dense w(4);
  w(0, 1) = 1, w(1, 0) = 2, w(2, 3) = 1, w(3, 2) = 1, w(2, 0) = 3;
  for (auto& x : w.entries) x *= 1e-80;
  const Balanced b(world(), network_of(world(), w), 2);
  EXPECT_NEAR(b.problem.cost_between() * 1e160, 9, 1e-10);
}

TEST(Certificate, bounds_hold_on_a_thousand_random_networks) {
  const Comm self(MPI_COMM_SELF);
  // Every rank takes its share of the thousand, each network serial.
  for (int seed = world().rank(); seed < 1000; seed += world().size()) {
    const auto n = 2 + seed % 13;
    const auto w = random_matrix(n, 0.2 + 0.05 * (seed % 10), 0.3 * (1 + seed % 6), static_cast<std::uint64_t>(seed));
    auto network = network_of(self, w);
    const auto components = strongly_connected_components(self, network);
    BalanceProblem problem(self, network, components, 1 + seed % 3);
    const double reciprocal = reciprocal_bound(problem);
    FusedKernel kernel(problem);
    NeuronCosts costs;
    const std::vector<double> zero(static_cast<std::size_t>(problem.size()), 0.0);
    evaluate(problem, kernel, zero, costs);
    std::vector<double> g(zero);
    gradient(problem, costs, g);
    double square = 0;
    for (const double x : g) square += x * x;
    const auto early = assess(problem, kernel, costs).certificate;
    const auto best = balance(problem, with(Method::newton));
    EXPECT_LE(reciprocal, best.costs.total * (1 + 1e-12)) << seed;
    if (costs.total > 0) {
      EXPECT_LE(best.costs.total, costs.total - square / (8 * costs.total) + 1e-12 * costs.total) << seed;
    }
    if (early.lower_bound) {
      EXPECT_LE(*early.lower_bound, best.costs.total * (1 + 1e-12)) << seed;
    }
    EXPECT_TRUE(best.certificate.lower_bound.has_value()) << seed;
    if (best.certificate.lower_bound && costs.total > 0) {
      EXPECT_LE(*best.certificate.lower_bound, best.costs.total) << seed;
      EXPECT_LE(*best.certificate.gap, 1e-9 * best.costs.total) << seed;
    }
  }
}

TEST(Certificate, the_reciprocal_bound_is_the_sum_over_opposite_synapses) {
  const auto w = random_matrix(25, 0.4, 1, 12);
  const auto network = network_of(world(), w);
  const auto components = strongly_connected_components(world(), network);
  const BalanceProblem problem(world(), network, components, 2);
  double expected = 0;
  for (GlobalIndex i = 0; i < 25; ++i) {
    for (GlobalIndex j = 0; j < 25; ++j) {
      if (i != j) expected += std::abs(w(i, j) * w(j, i));
    }
  }
  EXPECT_NEAR(reciprocal_bound(problem), expected, 1e-12 * expected);
}

TEST(Sweep, no_two_neighbours_share_a_color) {
  const auto w = random_matrix(70, 0.2, 1, 21);
  const Comm self(MPI_COMM_SELF);
  const auto colors_on = [&](const Comm& comm) {
    const auto network = network_of(comm, w);
    const auto components = strongly_connected_components(comm, network);
    const BalanceProblem problem(comm, network, components, 2);
    const auto coloring = color(problem, CostRows(problem), 5);
    std::vector<std::int32_t> own(coloring.color.begin(), coloring.color.begin() + problem.size());
    return comm.gather_all(std::span<const std::int32_t>(own));
  };
  const auto colors = colors_on(world());
  EXPECT_EQ(colors, colors_on(self));
  for (GlobalIndex i = 0; i < 70; ++i) {
    for (GlobalIndex j = 0; j < 70; ++j) {
      if (i == j || w(i, j) == 0) continue;
      EXPECT_NE(colors[static_cast<std::size_t>(i)], colors[static_cast<std::size_t>(j)]);
    }
  }
}

TEST(Sweep, is_gauss_seidel_with_the_same_iterates_at_any_rank_count) {
  const auto w = random_matrix(50, 0.15, 1, 31);
  const Comm self(MPI_COMM_SELF);
  const auto after = [&](const Comm& comm, int sweeps) {
    const auto network = network_of(comm, w);
    const auto components = strongly_connected_components(comm, network);
    const BalanceProblem problem(comm, network, components, 2);
    Sweeper sweeper(problem, 5);
    sweeper.start(std::vector<double>(static_cast<std::size_t>(problem.size()), 0.0));
    for (int k = 0; k < sweeps; ++k) sweeper.sweep();
    const auto own = problem.to_network(sweeper.delta(), 0.0);
    return comm.gather_all(std::span<const double>(own));
  };
  for (const int sweeps : {1, 7}) {
    const auto here = after(world(), sweeps), truth = after(self, sweeps);
    for (std::size_t i = 0; i < here.size(); ++i) EXPECT_NEAR(here[i], truth[i], 1e-12);
  }
}

TEST(Sweep, a_dense_network_gets_enough_colors) {
  const auto w = random_matrix(60, 1.1, 0.5, 2);
  const Balanced b(world(), network_of(world(), w), 2, with(Method::sweep));
  EXPECT_TRUE(b.found.solver.converged());
  EXPECT_LE(b.found.imbalance.l1, 1e-12);
}

}  // namespace
}  // namespace synbal::test
