// The formulas of the performance model, with values worked out by hand, and its parameters.
#include <cmath>

#include "support/mpi_test.hpp"
#include "synbal/forecast/forecast.hpp"

namespace synbal {
namespace {

PassTime time_of(const Layout& layout, const Machine& machine) {
  return pass_time(layout, machine.family("random"), machine);
}

/// Numbers that are easy to multiply; no machine is like this.
Machine easy_machine() {
  Machine m;
  m.cores = 2, m.memory = 2e6, m.cache = 600;
  m.core_bandwidth = 12, m.node_bandwidth = 12, m.latency = 0.5, m.link_bandwidth = 8, m.collectives = 5;
  m.pass = {.synapse = 2, .far = 4, .neuron = 3, .ghost = 1};
  m.process = 1'000, m.weights = {20, 30, 40}, m.costs_alone = {10, 20, 30};
  m.families["random"] = {.passes = 7, .neuron = 3, .synapse = 0.5, .setup = 0.25, .solver = 2};
  return m;
}

Layout easy_layout() {
  return {
      .ranks = 4, .neurons = 10, .synapses = 100, .synapses_max_over_mean = 1.5, .ghosts = 20, .peers = 3, .far = 0.5};
}

TEST(Forecast, of_a_pass_adds_up_its_parts) {
  const auto time = time_of(easy_layout(), easy_machine());
  EXPECT_DOUBLE_EQ(time.bandwidth, (150 * 12 - 600) / 6.0);  // two ranks share 12 bytes a second
  EXPECT_DOUBLE_EQ(time.compute, 300);
  EXPECT_DOUBLE_EQ(time.gather, 300 * lines_fetched(easy_layout()));
  EXPECT_DOUBLE_EQ(time.neurons, 30);
  EXPECT_DOUBLE_EQ(time.ghosts, 20 * (1 + 2));
  EXPECT_DOUBLE_EQ(time.latency, (6 + 5 * 2) * 0.5);
  EXPECT_DOUBLE_EQ(time.total(), 200 + 300 + time.gather + 30 + 60 + 8);
}

TEST(Forecast, of_a_family_has_its_pace) {
  auto m = easy_machine();
  m.families["random"].pace = 0.5;
  const auto time = time_of(easy_layout(), m), plain = time_of(easy_layout(), easy_machine());
  EXPECT_DOUBLE_EQ(time.compute, 150);
  EXPECT_DOUBLE_EQ(time.gather, plain.gather);
  EXPECT_DOUBLE_EQ(time.neurons, 15);
  EXPECT_DOUBLE_EQ(time.bandwidth + time.ghosts + time.latency, plain.bandwidth + plain.ghosts + plain.latency);
}

TEST(Forecast, of_one_rank_waits_for_nobody) {
  auto layout = easy_layout();
  layout.ranks = 1, layout.ghosts = layout.peers = 0;
  const auto time = time_of(layout, easy_machine());
  EXPECT_EQ(time.latency, 0);
  EXPECT_EQ(time.ghosts, 0);
  EXPECT_DOUBLE_EQ(time.bandwidth, 100);  // all of its core's bandwidth
  layout.synapses = 10;
  EXPECT_EQ(time_of(layout, easy_machine()).bandwidth, 0);  // all of it stays in the cache
}

TEST(Forecast, of_memory_adds_up_what_a_rank_has) {
  const auto m = easy_machine();
  const auto kept = memory_need(easy_layout(), m.family("random"), m, Keeps::weights);
  EXPECT_DOUBLE_EQ(kept.total(), 1'000 + 100 * 20 + 10 * 30 + 20 * 40 + 100 * 2);
  const auto alone = memory_need(easy_layout(), m.family("random"), m, Keeps::costs_alone);
  EXPECT_DOUBLE_EQ(alone.total(), 1'000 + 100 * 10 + 10 * 20 + 20 * 30 + 100 * 2);
}

TEST(Forecast, of_a_solve_is_passes_and_what_is_between) {
  const auto m = easy_machine();
  const auto found = forecast(easy_layout(), m.family("random"), m);
  EXPECT_DOUBLE_EQ(found.solve, 7 * found.pass.total() + 10 * 3 + 150 * 0.5);
  EXPECT_DOUBLE_EQ(found.passes(), found.solve / found.pass.total());
  EXPECT_DOUBLE_EQ(found.setup, 150 * 0.25);
  EXPECT_DOUBLE_EQ(found.total(), found.solve + found.setup);
}

TEST(Forecast, lines_are_fetched_once_a_tile) {
  Layout layout{.neurons = 2 * kFarPlaces, .synapses = 0.4 * kFarPlaces, .ghosts = 0};  // .1 a column of a tile
  EXPECT_NEAR(lines_fetched(layout), 1 / 0.4 * -std::expm1(-0.4), 1e-12);
  layout.synapses *= 1000;
  EXPECT_NEAR(lines_fetched(layout), 1 / 400.0, 1e-12);  // all lines serve many
  layout.synapses = 1;
  EXPECT_NEAR(lines_fetched(layout), 1, 1e-4);  // each needs its own
  EXPECT_EQ(lines_fetched({}), 0);
}

TEST(Forecast, of_nothing_is_nothing) {
  const auto m = easy_machine();
  const auto found = forecast(anywhere_layout(0, 0, 1), m.family("random"), m);
  EXPECT_EQ(found.total(), 0);
  EXPECT_EQ(found.costs_alone.total(), m.process);
}

/// Reading takes 16 s on one rank, and every doubling of the ranks a second: 16, 9, 6, 5, 5, 5.5 s on 1 to 32.
struct Trade {
  Machine machine = easy_machine();
  Trade() {
    machine.core_bandwidth = 12, machine.node_bandwidth = 24, machine.cores = 2;
    machine.latency = 1, machine.collectives = 1, machine.cache = 0, machine.pass = {}, machine.process = 0;
    machine.costs_alone = {.synapse = 1}, machine.memory = 1e9;
    machine.families["random"] = {.passes = 1};
  }
  [[nodiscard]] BestRanks best() const {
    const auto layout_on = [](std::int64_t ranks) {
      return Layout{.ranks = ranks, .synapses = 16 / static_cast<double>(ranks)};
    };
    return best_ranks(layout_on, 32, machine.family("random"), machine);
  }
};

TEST(BestRanks, weigh_speed_against_work) {
  const auto best = Trade().best();
  EXPECT_EQ(best.fewest, 1);
  EXPECT_EQ(best.efficient, 4);  // 4 x 6 s are less than 2 x 16 s, 8 x 5 s are more
  EXPECT_EQ(best.fastest, 8);
}

TEST(BestRanks, begin_where_memory_suffices) {
  Trade trade;
  trade.machine.memory = 2 * 8;  // 8 bytes a rank: two ranks
  EXPECT_EQ(trade.best().fewest, 2);
  EXPECT_EQ(trade.best().efficient, 4);  // 4 x 6 s are less than 2 x 18 s
  trade.machine.memory = 0.1;
  EXPECT_EQ(trade.best().fewest, 0);
  EXPECT_EQ(trade.best().fastest, 0);
}

TEST(BestRanks, keep_local_indices_within_31_bits) {
  const Trade trade;
  const auto layout_on = [](std::int64_t ranks) {
    return Layout{.ranks = ranks, .neurons = 5e9 / static_cast<double>(ranks), .synapses = 1};
  };
  EXPECT_EQ(best_ranks(layout_on, 8, trade.machine.family("random"), trade.machine).fewest, 4);
}

TEST(Machine, that_is_built_in_was_measured) {
  const auto& m = measured_machine();
  EXPECT_GT(m.core_bandwidth, 1e8);
  EXPECT_GT(m.latency, 0);
  EXPECT_GT(m.pass.synapse + m.pass.neuron, 0);
  EXPECT_GT(m.costs_alone.synapse, 8);  // bytes: less than a double is no cost
  EXPECT_LE(m.costs_alone.synapse, m.weights.synapse);
  EXPECT_EQ(&m.family("no such family"), &m.family("random"));
}

TEST(Machine, without_an_entry_is_refused) {
  const auto refused = [](const std::string& json) {
    try {
      (void)machine_of(json, "cluster.json");
    } catch (const Error& e) {
      return e.code() == ExitCode::bad_input && std::string(e.what()).starts_with("cluster.json: ");
    }
    return false;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("{}"));
  EXPECT_TRUE(refused(R"({"measured_on": "x", "cores": 0})"));
  EXPECT_TRUE(refused(R"({"measured_on": "x", "cores": 2, "memory": -1})"));
}

}  // namespace
}  // namespace synbal
