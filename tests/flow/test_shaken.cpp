// A flow whose synapses change at random: what it takes back of them, and what it leaves alone.
#include <cmath>
#include <vector>

#include "flow_samples.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/log.hpp"
#include "synbal/flow/shaken.hpp"
#include "synbal/network/generate.hpp"

namespace synbal {
namespace {

using test::world;

/// A network at its equilibrium, and the flow of its cost.
struct Shaken {
  Shaken(const Comm& comm, const ShakeParams& params, double end, double tolerance = 1e-6)
      : network(made(comm)),
        components(strongly_connected_components(comm, network)),
        problem(comm, network, components, 2),
        kernel(problem),
        sums(problem),
        flow(problem, kernel, sums),
        before(network.weight) {
    BalanceParams balanced;
    start = balance(problem, balanced).h;
    problem.rebase(start);
    ShakenFlow shaken(flow, problem, network, components, params);
    FlowParams how;
    how.end_time = end;
    how.integrator.relative_tolerance = how.integrator.absolute_tolerance = tolerance;
    how.outputs = OutputTimes::linear(end, 10);
    found = shaken(start, how, [&](const FlowMoment& moment) {
      if (moment.output) outputs.push_back(moment.time);
    });
    result = shaken.result();
  }

  static Network made(const Comm& comm) {
    GeneratorParams params;
    params.nodes = 24;
    params.degree = 4;
    params.sigma = 0.5;
    return generate(comm, params);
  }

  Network network;
  Components components;
  BalanceProblem problem;
  FusedKernel kernel;
  ComponentSums sums;
  Flow flow;
  std::vector<double> before, start, outputs;
  FlowResult found;
  ShakeResult result;
};

TEST(Shaken, what_is_taken_back_is_on_average_what_foster_says) {
  if (!world().is_root()) return;  // thousands of small steps: one rank alone
  const Comm self(MPI_COMM_SELF);
  const Shaken run(self, {0.5, 0.02, 3}, 1200);
  const auto& r = run.result;
  EXPECT_EQ(r.synapses, 24 * 4);
  EXPECT_DOUBLE_EQ(r.expected, 23.0 / 96);
  EXPECT_NEAR(static_cast<double>(r.changes), 600, 100);
  EXPECT_NEAR(static_cast<double>(r.observed), 300, 70);
  EXPECT_NEAR(r.absorbed, r.expected, 4 * r.standard_error);
  EXPECT_LT(r.standard_error, 0.02);
  EXPECT_EQ(run.found.end, FlowEnd::end_time);
  EXPECT_EQ(run.found.time, 1200);
}

TEST(Shaken, every_change_multiplies_one_weight) {
  const Shaken run(world(), {4, 0.1, 5}, 10);
  double changes = 0;
  for (std::size_t e = 0; e < run.before.size(); ++e) changes += std::log(run.network.weight[e] / run.before[e]);
  changes = world().sum(changes) / std::log(1.1);
  EXPECT_NEAR(changes, static_cast<double>(run.result.changes), 1e-9);
  EXPECT_GT(run.result.changes, 20);
}

TEST(Shaken, the_faster_the_farther_from_balance) {
  if (!world().is_root()) return;
  const Comm self(MPI_COMM_SELF);
  double before = 0;
  for (const double rate : {0.5, 5.0, 50.0}) {
    const Shaken run(self, {rate, 0.02, 3}, 20);
    EXPECT_GT(run.result.imbalance, 2 * before);
    before = run.result.imbalance;
  }
}

TEST(Shaken, outputs_are_those_asked_for) {
  const Shaken run(world(), {3, 0.1, 5}, 10);
  std::vector<double> expected{0};
  for (int k = 1; k <= 10; ++k) expected.push_back(k);
  ASSERT_EQ(run.outputs.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_DOUBLE_EQ(run.outputs[k], expected[k]);
}

TEST(Shaken, is_the_same_at_any_rank_count) {
  const Comm self(MPI_COMM_SELF);
  const Shaken alone(self, {2, 0.1, 5}, 4, 1e-9), here(world(), {2, 0.1, 5}, 4, 1e-9);
  EXPECT_EQ(here.result.changes, alone.result.changes);
  const auto whole = world().gather_all(std::span<const double>(here.problem.to_network(here.found.h, 0)));
  const auto truth = alone.problem.to_network(alone.found.h, 0);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], truth[i], 1e-6);
}

TEST(Shaken, impossible_shaking_is_refused) {
  for (const ShakeParams& params : {ShakeParams{0, 0.1, 1}, {-1, 0.1, 1}, {1, -1, 1}, {1, 0, 1}, {1, NAN, 1}}) {
    EXPECT_THROW(Shaken(world(), params, 1), Error);
  }
}

}  // namespace
}  // namespace synbal
