// Problems whose sums do not depend on where neurons lie: the same bits on these ranks as on one alone.
#include <cstring>

#include "networks.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::test {
namespace {

/// An equilibrium in the order of the network's rows.
struct Found {
  std::vector<double> h;
  double cost = 0;
  Certificate certificate;
  StopReason reason{};
};

Found balanced(const Comm& comm, Network&& network, bool takes_over = false) {
  auto components = strongly_connected_components(comm, network);
  const auto synapses = takes_over ? BalanceProblem::Synapses::taken_over : BalanceProblem::Synapses::stay;
  BalanceProblem problem(comm, network, components, 2, synapses);
  problem.make_reproducible();
  const auto found = balance(problem, {});
  return {problem.to_network(found.h, 0.0), found.costs.total, found.certificate, found.solver.reason};
}

/// Collective. Of this rank's rows out of those of one rank.
void expect_same(const Found& here, const Found& alone, const Ownership& rows) {
  EXPECT_EQ(here.reason, alone.reason);
  EXPECT_EQ(here.cost, alone.cost);
  EXPECT_EQ(here.certificate.gap, alone.certificate.gap);
  EXPECT_EQ(here.certificate.lower_bound, alone.certificate.lower_bound);
  ASSERT_EQ(std::ssize(here.h), rows.count());
  EXPECT_EQ(std::memcmp(here.h.data(), alone.h.data() + rows.first(), here.h.size() * sizeof(double)), 0);
}

GeneratorParams params_of(const char* kind, double coupling = 1e-3) {
  GeneratorParams params;
  params.kind = kind, params.nodes = 600, params.degree = 8, params.seed = 4;
  if (params.kind == "modular") params.modules = 12, params.coupling = coupling;
  return params;
}

TEST(Reproducible, ranks_do_not_change_a_bit) {
  const Comm self(MPI_COMM_SELF);
  for (const auto& params :
       {params_of("random"), params_of("smallworld"), params_of("modular"), params_of("modular", 1e-9)}) {
    for (const bool takes_over : {false, true}) {
      auto network = generate(world(), params);
      const auto rows = network.rows;
      const auto here = balanced(world(), std::move(network), takes_over);
      expect_same(here, balanced(self, generate(self, params), takes_over), rows);
      EXPECT_EQ(here.reason, StopReason::converged) << params.kind;
    }
  }
}

TEST(Reproducible, nor_do_pinned_neurons_and_ranges_that_only_extended_precision_sees) {
  const Comm self(MPI_COMM_SELF);
  const auto make = [](const Comm& comm, double weak) {
    auto weights = random_matrix(60, 0.3, 1, 11);
    for (GlobalIndex i = 0; i < 60; ++i) weights(i, (i + 1) % 60) = i % 7 == 0 ? weak : 0.7;
    auto network = network_of(comm, weights);
    pin(network, {3, 4, 50});
    return network;
  };
  for (const double weak : {0.5, 1e-90}) {
    auto network = make(world(), weak);
    const auto rows = network.rows;
    expect_same(balanced(world(), std::move(network)), balanced(self, make(self, weak)), rows);
  }
}

TEST(Reproducible, the_answer_is_that_of_sums_in_order) {
  for (const auto* kind : {"random", "modular"}) {
    const auto here = balanced(world(), generate(world(), params_of(kind)));
    const Balanced usual(world(), generate(world(), params_of(kind)), 2);
    const auto h = usual.problem.to_network(usual.found.h, 0.0);
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(here.h[i], h[i], 1e-8);
    EXPECT_NEAR(here.cost, usual.found.costs.total, 1e-12 * here.cost);
  }
}

TEST(Reproducible, the_kernel_sums_as_precisely_as_doubles) {
  const auto network = generate(world(), params_of("random"));
  const auto components = strongly_connected_components(world(), network);
  BalanceProblem problem(world(), network, components, 2);
  const auto n = at(problem.size());
  std::vector<double> x, y;
  for (std::size_t i = 0; i < n; ++i) {
    const auto g = static_cast<double>(problem.neurons().first()) + static_cast<double>(i);
    x.push_back(std::exp(2 * std::sin(g))), y.push_back(std::cos(g));
  }
  std::vector<double> in(n), out(n), fixed_in(n), fixed_out(n);
  FusedKernel usual(problem);
  usual(x, y, in, out);
  problem.make_reproducible();
  FusedKernel kernel(problem);
  kernel(x, y, fixed_in, fixed_out);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(fixed_in[i], in[i], 1e-14 * in[i]);
    EXPECT_NEAR(fixed_out[i], out[i], 1e-12 * std::abs(out[i]) + 1e-14 * in[i]);
  }
  const std::vector<double> bad(n, std::numeric_limits<double>::infinity());
  kernel(bad, y, fixed_in, fixed_out);
  for (std::size_t i = 0; i < n; ++i) EXPECT_TRUE(std::isnan(fixed_in[i]));
}

TEST(Reproducible, units_from_sums_hold_as_much_as_those_from_costs) {
  const auto network = generate(world(), params_of("random"));
  const auto components = strongly_connected_components(world(), network);
  BalanceProblem by_sums(world(), network, components, 2), by_costs(world(), network, components, 2);
  by_sums.make_reproducible(), by_costs.make_reproducible();
  const auto n = at(by_sums.size());
  std::vector<double> h;
  for (std::size_t i = 0; i < n; ++i) {
    h.push_back(1.5 * std::sin(static_cast<double>(by_sums.neurons().first()) + static_cast<double>(i)));
  }
  FusedKernel kernel(by_sums), usual(by_costs);
  NeuronCosts there, exact;
  evaluate(by_sums, kernel, h, there);
  const KnownSums sums{there.in, there.out};
  EXPECT_TRUE(units_from_sums(by_sums, sums, h).has_value());
  const std::vector<double> far(n, 20);
  EXPECT_FALSE(units_from_sums(by_sums, sums, far).has_value());  // of which integers might have lost all
  by_sums.rebase(h, sums), by_costs.rebase(h);
  const std::vector<double> here(n, 0.0);
  evaluate(by_sums, kernel, here, there), evaluate(by_costs, usual, here, exact);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(there.in[i], exact.in[i], 1e-15 * exact.in[i]);
    EXPECT_NEAR(there.out[i], exact.out[i], 1e-15 * exact.out[i]);
    const double unit = by_sums.units().row[i];
    EXPECT_LT(exact.in[i], std::ldexp(unit, CostUnits::kSumBits));
    EXPECT_GT(exact.in[i], std::ldexp(unit, CostUnits::kSumBits - 4));
  }
}

/// h of leaf i above its hub's, once the star is balanced.
double planted(GlobalIndex i) { return 4.8 * std::cos(static_cast<double>(i)); }

/// Collective. Neuron 0 and the others around it, of as many synapses each way.
Network star(const Comm& comm, GlobalIndex neurons) {
  const auto rows = Ownership::even(comm, neurons);
  const auto size = [](GlobalIndex i) { return 1 + 0.5 * std::sin(3.0 * static_cast<double>(i)); };
  GlobalRows own;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    const auto g = rows.first() + i;
    for (GlobalIndex leaf = g == 0 ? 1 : g; leaf < (g == 0 ? neurons : g + 1); ++leaf) {
      own.column.push_back(g == 0 ? leaf : 0);
      own.weight.push_back(size(leaf) * std::exp(g == 0 ? -planted(leaf) : planted(leaf)));
    }
    own.row_ptr.push_back(std::ssize(own.column));
  }
  return assemble(comm, rows, std::move(own), Duplicates::sum, {});
}

TEST(Reproducible, a_hub_that_moves_far_gets_its_units_from_costs) {
  constexpr GlobalIndex neurons = 40'000;
  const auto network = star(world(), neurons);
  const auto components = strongly_connected_components(world(), network);
  BalanceProblem problem(world(), network, components, 2);
  problem.make_reproducible();
  FusedKernel kernel(problem);
  std::vector<double> h(at(problem.size()), 0.0);
  NeuronCosts costs;
  evaluate(problem, kernel, h, costs);
  EXPECT_TRUE(units_from_sums(problem, {costs.in, costs.out}, h).has_value());
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto g = problem.neurons().first() + i;
    h[at(i)] = g == 0 ? 0 : planted(g);
  }
  EXPECT_FALSE(units_from_sums(problem, {costs.in, costs.out}, h).has_value());
  problem.rebase(h, {costs.in, costs.out});
  const std::vector<double> here(h.size(), 0.0);
  evaluate(problem, kernel, here, costs);
  for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(costs.in[i], costs.out[i], 1e-13 * costs.in[i]);
  const auto found = balanced(world(), star(world(), neurons));
  const double hub = world().broadcast(found.h.empty() ? 0.0 : found.h.front(), 0);
  EXPECT_EQ(found.reason, StopReason::converged);
  for (LocalIndex i = world().rank() == 0 ? 1 : 0; i < network.local_size(); ++i) {
    EXPECT_NEAR(found.h[at(i)] - hub, planted(network.rows.first() + i), 1e-9);
  }
}

}  // namespace
}  // namespace synbal::test
