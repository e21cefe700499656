// Rules of schedules: who is visited when and what is seen, and sums without an order.
#include <algorithm>
#include <map>
#include <set>

#include "samples.hpp"
#include "stochastic/greedy_coloring.hpp"
#include "stochastic/schedule_agenda.hpp"

namespace synbal::test {
namespace {

ScheduleParams simulated(std::int64_t blocks) {
  ScheduleParams params;
  params.kind = ScheduleKind::simulated;
  params.blocks = blocks;
  return params;
}

TEST(Schedule, blocks_are_contiguous_and_differ_by_one_neuron_at_most) {
  for (const GlobalIndex n : {0, 1, 2, 15, 16, 17, 1000}) {
    for (const std::int64_t blocks : {1, 2, 3, 16, 999, 2000}) {
      const Schedule schedule(simulated(blocks), n);
      std::vector<GlobalIndex> length(static_cast<std::size_t>(blocks), 0);
      std::int32_t last = 0;
      for (GlobalIndex i = 0; i < n; ++i) {
        const auto b = schedule.block(i);
        EXPECT_TRUE(b == last || b == last + 1) << n << " neurons, " << blocks << " blocks, neuron " << i;
        last = b;
        ++length.at(static_cast<std::size_t>(b));
      }
      const auto [least, most] = std::minmax_element(length.begin(), length.end());
      EXPECT_LE(*most - *least, 1) << n << " neurons, " << blocks << " blocks";
    }
  }
}

TEST(Schedule, the_stated_share_of_the_blocks_straggles) {
  for (const std::int64_t blocks : {1, 2, 7, 16, 1024}) {
    for (const double share : {0.0, 0.1, 0.5, 0.9, 1.0}) {
      auto params = simulated(blocks);
      params.stragglers = share;
      const Schedule schedule(params, 10'000);
      std::int64_t slow = 0;
      for (std::int32_t b = 0; b < schedule.blocks(); ++b) slow += schedule.straggles(b);
      EXPECT_EQ(slow, std::llround(share * static_cast<double>(blocks))) << blocks << " blocks, share " << share;
    }
  }
}

TEST(Schedule, a_straggler_is_active_once_in_as_many_rounds_as_it_is_slow) {
  auto params = simulated(10);
  params.stragglers = 0.6;
  params.straggler_factor = 7;
  const Schedule schedule(params, 1000);
  std::set<std::int64_t> phases;
  for (std::int32_t b = 0; b < 10; ++b) {
    std::vector<std::int64_t> active;
    for (std::int64_t r = 1; r <= 70; ++r) {
      if (schedule.active(b, r)) active.push_back(r);
    }
    EXPECT_EQ(active.size(), schedule.straggles(b) ? 10u : 70u);
    for (std::size_t k = 1; k < active.size(); ++k) EXPECT_EQ(active[k] - active[k - 1], schedule.straggles(b) ? 7 : 1);
    if (schedule.straggles(b)) phases.insert(active.front());
  }
  EXPECT_GT(phases.size(), 1u) << "stragglers must not be slow in step";
}

TEST(Schedule, blocks_pause_as_often_as_the_activity_says) {
  auto params = simulated(20);
  params.activity = 0.3;
  const Schedule schedule(params, 1000);
  double active = 0;
  for (std::int32_t b = 0; b < 20; ++b) {
    for (std::int64_t r = 1; r <= 1000; ++r) active += schedule.active(b, r);
  }
  EXPECT_NEAR(active / 20'000, 0.3, 5 * std::sqrt(0.3 * 0.7 / 20'000));
}

TEST(Schedule, ages_spread_evenly_over_one_to_the_bound_and_depend_on_everything) {
  for (const std::int64_t bound : {0, 1, 2, 5, 64}) {
    auto params = simulated(64);
    params.delay = bound;
    const Schedule schedule(params, 1000);
    EXPECT_EQ(schedule.oldest(), std::max<std::int64_t>(bound, 1));
    std::map<std::int64_t, double> seen;
    for (std::int64_t round = 1; round <= 10; ++round) {
      for (std::int32_t reader = 0; reader < 64; ++reader) {
        const auto reading = schedule.reading(reader, round);
        for (std::int32_t source = 0; source < 64; ++source) seen[schedule.age(reading, source)] += 1;
      }
    }
    const double share = 1.0 / static_cast<double>(schedule.oldest()), draws = 10 * 64 * 64;
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(schedule.oldest()));
    EXPECT_EQ(seen.begin()->first, 1);
    EXPECT_EQ(seen.rbegin()->first, schedule.oldest());
    for (const auto& [age, count] : seen) EXPECT_NEAR(count / draws, share, 6 * std::sqrt(share / draws)) << age;
  }
}

TEST(Schedule, clocks_tick_once_a_round_in_the_mean_and_without_memory) {
  const Schedule schedule({.kind = ScheduleKind::poisson}, 100);
  double sum = 0, longer_than_two = 0;
  for (GlobalIndex i = 0; i < 100; ++i) {
    for (std::uint32_t v = 0; v < 1000; ++v) {
      const double pause = schedule.pause(i, v);
      EXPECT_GE(pause, 0);
      sum += pause;
      longer_than_two += pause > 2;
    }
  }
  EXPECT_NEAR(sum / 1e5, 1, 5 / std::sqrt(1e5));
  EXPECT_NEAR(longer_than_two / 1e5, std::exp(-2.0), 5 * std::sqrt(std::exp(-2.0) / 1e5));
}

TEST(Schedule, every_sweep_and_every_seed_draws_another_order) {
  std::set<std::vector<std::pair<std::uint64_t, GlobalIndex>>> orders;
  for (const std::uint64_t seed : {1, 2}) {
    const Schedule schedule({.kind = ScheduleKind::random, .seed = seed}, 8);
    for (std::int64_t sweep = 0; sweep < 5; ++sweep) {
      std::vector<std::pair<std::uint64_t, GlobalIndex>> order;
      for (GlobalIndex i = 0; i < 8; ++i) order.emplace_back(schedule.turn(i, sweep), i);
      std::sort(order.begin(), order.end());
      for (auto& entry : order) entry.first = 0;
      orders.insert(order);
    }
  }
  EXPECT_EQ(orders.size(), 10u);
}

TEST(Schedule, names_are_known_and_unknown_ones_refused) {
  for (const auto& [kind, name] : enum_names<ScheduleKind>) EXPECT_EQ(from_string<ScheduleKind>(to_string(kind)), kind);
  EXPECT_EQ(from_string<ScheduleKind>("sequentially"), std::nullopt);
}

/// The message of the refusal; empty when nothing was refused.
std::string refusal(const ScheduleParams& params) {
  try {
    (void)Schedule(params, 100);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::usage);
    return e.what();
  }
  return "";
}

TEST(Schedule, impossible_parameters_are_refused_by_their_names) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto with = [](auto&& change) {
    auto params = simulated(4);
    change(params);
    return params;
  };
  const std::vector<std::pair<std::string, ScheduleParams>> impossible{
      {"`blocks`", with([](auto& p) { p.blocks = -1; })},
      {"`blocks`", with([](auto& p) { p.blocks = std::int64_t{1} << 31; })},
      {"`delay`", with([](auto& p) { p.delay = -1; })},
      {"`delay`", with([](auto& p) { p.delay = std::int64_t{1} << 40; })},
      {"`stragglers`", with([](auto& p) { p.stragglers = -0.1; })},
      {"`stragglers`", with([](auto& p) { p.stragglers = 1.1; })},
      {"`stragglers`", with([&](auto& p) { p.stragglers = nan; })},
      {"`straggler factor`", with([](auto& p) { p.straggler_factor = 0; })},
      {"`activity`", with([](auto& p) { p.activity = 0; })},
      {"`activity`", with([&](auto& p) { p.activity = nan; })},
      {"`step`", with([](auto& p) { p.step = 0; })},
      {"`step`", with([](auto& p) { p.step = 1.5; })},
      {"`step`", with([&](auto& p) { p.step = nan; })},
      {"`damping`", with([](auto& p) { p.damping = 0; })},
      {"`damping`", with([&](auto& p) { p.damping = nan; })},
      {"`local sweeps`", with([](auto& p) { p.local_sweeps = -1; })},
      {"`local sweeps`", with([](auto& p) { p.local_sweeps = 10'001; })},
      {"`blocks`", {.kind = ScheduleKind::sequential, .blocks = 2}},
      {"`delay`", {.kind = ScheduleKind::block, .delay = 2}},
      {"`stragglers`", {.kind = ScheduleKind::block, .stragglers = 0.5}},
      {"`activity`", {.kind = ScheduleKind::random, .activity = 0.5}},
      {"`damping`", {.kind = ScheduleKind::random, .damping = 0.5}},
      {"`local sweeps`", {.kind = ScheduleKind::poisson, .local_sweeps = 2}}};
  for (const auto& [name, params] : impossible) {
    EXPECT_EQ(refusal(params).rfind(name + " ", 0), 0u) << name << ": " << refusal(params);
  }
  EXPECT_EQ(refusal(simulated(1'000'000)), "") << "blocks may be empty";
}

/// Collective. Colours in the file's order, on every rank.
std::vector<std::int64_t> colors_in_file(const Comm& comm, const IncidentSynapses& stars, std::uint64_t seed) {
  const BlockGraph graph(stars, std::vector<std::int32_t>(stars.file_rank().size(), 0));
  const auto color = greedy_coloring(graph, seed);
  std::vector<std::int64_t> all(static_cast<std::size_t>(stars.problem().global_size()), 0);
  for (LocalIndex i = 0; i < stars.size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    all[static_cast<std::size_t>(stars.file_rank()[k])] = color[k];
    graph.for_each_neighbour(i, [&](LocalIndex q) { EXPECT_NE(color[static_cast<std::size_t>(q)], color[k]); });
  }
  comm.sum(std::span<std::int64_t>(all));
  return all;
}

TEST(GreedyColoring, neighbours_differ_and_the_partition_does_not_matter) {
  const Comm self(MPI_COMM_SELF);
  for (const auto& params : {random_sample(150, 6, 3), random_sample(2, 1, 1), random_sample(40, 20, 4)}) {
    const Sample alone(self, params);
    const IncidentSynapses stars(alone.problem, alone.network);
    const auto expected = colors_in_file(self, stars, 5);
    std::size_t most = 0;  // neighbours of a neuron
    for (LocalIndex i = 0; i < stars.size(); ++i) {
      most = std::max(most, stars.incoming(i).neighbour.size() + stars.outgoing(i).neighbour.size());
    }
    for (const auto c : expected) EXPECT_LE(c, static_cast<std::int64_t>(most));
    for (const auto spread : kSpreads) {
      const Sample sample(world(), params, spread);
      EXPECT_EQ(colors_in_file(world(), IncidentSynapses(sample.problem, sample.network), 5), expected);
    }
  }
}

}  // namespace
}  // namespace synbal::test
