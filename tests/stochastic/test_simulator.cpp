// The simulator plays what a plain serial loop over all neurons would: the same bits at any rank count.
#include <algorithm>
#include <bit>
#include <tuple>

#include "samples.hpp"
#include "stochastic/greedy_coloring.hpp"
#include "stochastic/simulator.hpp"
#include "synbal/stochastic/schedule_solver.hpp"

namespace synbal::test {
namespace {

/// The rules of schedule.hpp as plain loops over the neurons in the file's order; remembers everything.
class SerialPlay {
 public:
  SerialPlay(const IncidentSynapses& stars, const ScheduleParams& params)
      : stars_(stars),
        rules_(params, stars.size()),
        states_{std::vector<Scaling>(at(stars.size()))},
        tick_(at(stars.size()), 0.0),
        ticks_(at(stars.size()), 0) {
    if (params.kind == ScheduleKind::colored) {
      color_ = greedy_coloring(BlockGraph(stars, std::vector<std::int32_t>(at(stars.size()), 0)), params.seed);
    }
    for (LocalIndex i = 0; i < stars.size(); ++i) wind(i);
  }

  void round() {
    const auto t = static_cast<std::int64_t>(states_.size());
    const auto before = states_.back();
    states_.push_back(before);
    for (std::int64_t s = 0; s < rules_.params().local_sweeps; ++s) {
      for (const auto i : order(t)) {
        if (rules_.active(rules_.block(i), t)) visit(i, t);
      }
    }
    if (rules_.params().damping == 1) return;
    for (LocalIndex i = 0; i < stars_.size(); ++i) {
      if (!rules_.active(rules_.block(i), t)) continue;
      const double way = std::log(states_.back()[at(i)].post / before[at(i)].post);
      states_.back()[at(i)] = moved(before[at(i)], -(rules_.params().damping * way), exponent(i));
    }
  }

  [[nodiscard]] std::vector<double> delta() const {
    std::vector<double> delta;
    for (const auto& s : states_.back()) delta.push_back(-std::log(s.post) / stars_.problem().power());
    return delta;
  }

 private:
  [[nodiscard]] double exponent(LocalIndex i) const { return stars_.exponent().empty() ? 1 : stars_.exponent()[at(i)]; }
  void wind(LocalIndex i) { tick_[at(i)] += rules_.pause(i, ticks_[at(i)]++); }

  [[nodiscard]] std::vector<LocalIndex> order(std::int64_t t) {
    std::vector<std::tuple<double, std::uint64_t, LocalIndex>> visits;
    for (LocalIndex i = 0; i < stars_.size(); ++i) {
      switch (rules_.params().kind) {
        case ScheduleKind::random:
        case ScheduleKind::simulated:
          visits.emplace_back(0, rules_.turn(i, sweep_), i);
          break;
        case ScheduleKind::poisson:
          for (; tick_[at(i)] < static_cast<double>(t); wind(i)) visits.emplace_back(tick_[at(i)], 0, i);
          break;
        default:
          visits.emplace_back(0, color_.empty() ? 0 : static_cast<std::uint64_t>(color_[at(i)]), i);
      }
    }
    ++sweep_;
    std::sort(visits.begin(), visits.end());
    std::vector<LocalIndex> order;
    for (const auto& visit : visits) order.push_back(std::get<2>(visit));
    return order;
  }

  [[nodiscard]] const Scaling& as_seen(LocalIndex i, LocalIndex j, std::int64_t t) const {
    const auto reader = rules_.block(i), source = rules_.block(j);
    if (reader == source) return states_.back()[at(j)];
    const auto age = rules_.age(rules_.reading(reader, t), source);
    return states_[at(std::max<std::int64_t>(t - age, 0))][at(j)];
  }

  void visit(LocalIndex i, std::int64_t t) {
    double in = stars_.from_pinned(i), out = stars_.to_pinned(i);
    const auto from = stars_.incoming(i), to = stars_.outgoing(i);
    for (std::size_t e = 0; e < from.cost.size(); ++e) in += from.cost[e] * as_seen(i, from.neighbour[e], t).pre;
    for (std::size_t e = 0; e < to.cost.size(); ++e) out += to.cost[e] * as_seen(i, to.neighbour[e], t).post;
    auto& own = states_.back()[at(i)];
    const double step = balancing_step({in * own.post, out * own.pre}, exponent(i));
    own = moved(own, rules_.params().step * step, exponent(i));
  }

  const IncidentSynapses& stars_;
  Schedule rules_;
  std::vector<std::vector<Scaling>> states_;  // after every round, the start first
  std::vector<double> tick_;
  std::vector<std::uint32_t> ticks_;
  std::vector<std::int64_t> color_;
  std::int64_t sweep_ = 0;
};

/// Collective. The bits of a value per active neuron, in the file's order, on every rank.
std::vector<std::int64_t> bits_in_file(const Comm& comm, const IncidentSynapses& stars,
                                       const std::vector<double>& values) {
  std::vector<std::int64_t> all(at(stars.problem().global_size()), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    all[at(stars.file_rank()[i])] = std::bit_cast<std::int64_t>(values[i]);
  }
  comm.sum(std::span<std::int64_t>(all));
  return all;
}

std::vector<SampleParams> simulated_samples() {
  auto plain = random_sample(150, 6, 3);
  auto pinned = random_sample(120, 7, 9, 1.5);
  pinned.pinned = {0, 5, 17, 40, 41, 60, 77, 90, 119};
  pinned.exponents = {1, 2, 3, 50, 80, 110};
  pinned.gains = true;
  SampleParams ring;
  ring.generator.kind = "ring";
  ring.generator.nodes = 40;
  ring.generator.sigma = 1;
  return {plain, pinned, ring, random_sample(2, 1, 1)};
}

std::vector<ScheduleParams> schedules() {
  return {{.kind = ScheduleKind::sequential},
          {.kind = ScheduleKind::sequential, .step = 0.3, .local_sweeps = 2},
          {.kind = ScheduleKind::colored, .seed = 4},
          {.kind = ScheduleKind::random, .seed = 1},
          {.kind = ScheduleKind::random, .seed = 2, .step = 0.7, .local_sweeps = 3},
          {.kind = ScheduleKind::poisson, .seed = 1},
          {.kind = ScheduleKind::poisson, .seed = 9, .step = 0.5},
          {.kind = ScheduleKind::block, .blocks = 4},
          {.kind = ScheduleKind::block, .blocks = 7, .damping = 0.5, .local_sweeps = 3},
          {.kind = ScheduleKind::simulated, .seed = 3, .blocks = 1},
          {.kind = ScheduleKind::simulated, .seed = 3, .blocks = 5, .delay = 6, .stragglers = 0.4, .step = 0.8},
          {.kind = ScheduleKind::simulated, .seed = 8, .blocks = 64, .delay = 3, .activity = 0.5, .local_sweeps = 2},
          {.kind = ScheduleKind::simulated,
           .blocks = 1000,
           .delay = 20,
           .stragglers = 0.9,
           .straggler_factor = 3,
           .damping = 0.9}};
}

std::string told(const ScheduleParams& p) {
  return to_string(p.kind) + ", seed " + std::to_string(p.seed) + ", blocks " + std::to_string(p.blocks) + ", delay " +
         std::to_string(p.delay);
}

constexpr int kRounds = 9;

/// Collective.
std::vector<std::int64_t> played(const Comm& comm, const Sample& sample, const ScheduleParams& params) {
  const IncidentSynapses stars(sample.problem, sample.network);
  Simulator simulator(stars, params, std::vector<double>(at(stars.size()), 0.0));
  for (int r = 0; r < kRounds; ++r) simulator.round();
  return bits_in_file(comm, stars, simulator.delta());
}

TEST(Simulator, plays_what_a_serial_loop_would_bit_by_bit) {
  const Comm self(MPI_COMM_SELF);
  for (const auto& params : simulated_samples()) {
    const Sample alone(self, params);
    const IncidentSynapses stars(alone.problem, alone.network);
    std::vector<std::vector<std::int64_t>> expected;
    for (const auto& schedule : schedules()) {
      SerialPlay play(stars, schedule);
      for (int r = 0; r < kRounds; ++r) play.round();
      expected.push_back(bits_in_file(self, stars, play.delta()));
    }
    for (const auto spread : kSpreads) {
      const Sample sample(world(), params, spread);
      for (std::size_t k = 0; k < expected.size(); ++k) {
        EXPECT_EQ(played(world(), sample, schedules()[k]), expected[k])
            << told(schedules()[k]) << ", spread " << static_cast<int>(spread);
      }
    }
  }
}

TEST(Simulator, another_seed_is_another_run) {
  const Sample sample(world(), simulated_samples()[0]);
  for (const auto kind : {ScheduleKind::random, ScheduleKind::poisson, ScheduleKind::simulated}) {
    const auto one = played(world(), sample, {.kind = kind, .seed = 1});
    EXPECT_NE(one, played(world(), sample, {.kind = kind, .seed = 2})) << to_string(kind);
  }
}

/// A round's figures without their type.
std::vector<std::int64_t> bits_of(const RoundView& v) {
  std::vector<std::int64_t> bits{v.round, v.visits, v.sweeps};
  for (const double x : {v.l1, v.cost, v.max_step, v.largest_factor}) bits.push_back(std::bit_cast<std::int64_t>(x));
  return bits;
}

/// Collective. All that a simulator tells about its rounds.
std::vector<std::int64_t> told_by(const Sample& sample, const ScheduleParams& params) {
  const IncidentSynapses stars(sample.problem, sample.network);
  Simulator simulator(stars, params, std::vector<double>(at(stars.size()), 0.0));
  std::vector<std::int64_t> all;
  for (int r = 0; r < kRounds; ++r) {
    const auto bits = bits_of(simulator.round());
    all.insert(all.end(), bits.begin(), bits.end());
  }
  const auto present = simulator.present();
  for (const double x : {present.l1, present.cost, present.max_step}) all.push_back(std::bit_cast<std::int64_t>(x));
  const auto reads = simulator.reads_by_age();
  all.insert(all.end(), reads.begin(), reads.end());
  return all;
}

TEST(Simulator, tells_the_same_bits_at_any_rank_count) {
  const Comm self(MPI_COMM_SELF);
  auto all = schedules();
  all.push_back({.kind = ScheduleKind::block, .blocks = 3, .local_sweeps = 0});
  all.push_back({.kind = ScheduleKind::simulated, .blocks = 6, .delay = 4, .activity = 0.5, .local_sweeps = 0});
  const auto params = simulated_samples()[1];
  const Sample alone(self, params);
  for (const auto spread : kSpreads) {
    const Sample sample(world(), params, spread);
    for (const auto& schedule : all) EXPECT_EQ(told_by(sample, schedule), told_by(alone, schedule)) << told(schedule);
  }
}

TEST(Simulator, counts_every_visit_and_every_synapse_that_is_read) {
  const Sample sample(world(), simulated_samples()[0]);
  const IncidentSynapses stars(sample.problem, sample.network);
  const auto n = sample.problem.global_size(), edges = sample.problem.edges();
  const ScheduleParams params{.kind = ScheduleKind::simulated, .blocks = 10, .delay = 5, .local_sweeps = 2};
  Simulator simulator(stars, params, std::vector<double>(at(stars.size()), 0.0));
  for (int r = 0; r < kRounds; ++r) EXPECT_EQ(simulator.round().visits, 2 * n);
  const auto reads = simulator.reads_by_age();
  EXPECT_EQ(reads.size(), 6u);
  std::int64_t total = 0;
  for (const auto count : reads) {
    EXPECT_GT(count, 0);
    total += count;
  }
  EXPECT_EQ(total, 2 * kRounds * 2 * edges);  // a synapse is read by both its ends
}

TEST(Simulator, starts_where_it_is_told_to) {
  const Sample sample(world(), simulated_samples()[1]);
  const IncidentSynapses stars(sample.problem, sample.network);
  std::vector<double> start;
  for (LocalIndex i = 0; i < stars.size(); ++i)
    start.push_back(std::sin(static_cast<double>(stars.file_rank()[at(i)])));
  const Simulator simulator(stars, {.kind = ScheduleKind::block, .blocks = 4}, start);
  const auto back = simulator.delta();
  for (std::size_t i = 0; i < back.size(); ++i) EXPECT_NEAR(back[i], start[i], 1e-15);
  FusedKernel kernel(sample.problem);
  NeuronCosts costs;
  evaluate(sample.problem, kernel, start, costs);
  const auto present = simulator.present();
  EXPECT_NEAR(present.l1, imbalance(sample.problem, costs).l1, 1e-13);
  EXPECT_NEAR(present.cost, costs.total, 1e-13 * costs.total);
}

TEST(Simulator, goes_on_as_before_when_the_base_moves_under_it) {
  const ScheduleParams late{.kind = ScheduleKind::simulated, .blocks = 30, .delay = 9, .damping = 0.8};
  auto params = simulated_samples()[1];
  std::vector<std::vector<double>> ends;
  for (const bool move : {false, true}) {
    Sample sample(world(), params);
    IncidentSynapses stars(sample.problem, sample.network);
    Simulator simulator(stars, late, std::vector<double>(at(stars.size()), 0.0));
    for (int r = 0; r < 12; ++r) {
      simulator.round();
      if (!move || r % 4 != 2) continue;
      auto here = simulator.delta();
      for (std::size_t i = 0; i < here.size(); ++i) here[i] += sample.problem.base()[i];
      sample.problem.rebase(here);
      stars.refresh();
      simulator.rebased();
    }
    ends.push_back(simulator.delta());
    for (std::size_t i = 0; i < ends.back().size(); ++i) ends.back()[i] += sample.problem.base()[i];
  }
  for (std::size_t i = 0; i < ends[0].size(); ++i) EXPECT_NEAR(ends[0][i], ends[1][i], 1e-13);
}

/// Collective. The solver's h in the file's order, and the rounds it took.
std::pair<std::vector<std::int64_t>, std::int64_t> solved(const Comm& comm, Sample& sample,
                                                          const ScheduleParams& params,
                                                          std::int64_t* rebases = nullptr) {
  IncidentSynapses stars(sample.problem, sample.network);
  ScheduleSolver solver(sample.problem, stars,
                        {.stop = {.tolerance = 1e-9, .max_iterations = 3000}, .schedule = params});
  std::vector<double> h(at(stars.size()), 0.0);
  const auto result = solver(h);
  EXPECT_TRUE(result.converged()) << told(params);
  if (rebases != nullptr) *rebases = solver.trace().rebases;
  return {bits_in_file(comm, stars, h), result.iterations};
}

TEST(ScheduleSolver, ends_with_the_same_bits_in_the_same_round_though_the_base_moves) {
  auto params = random_sample(60, 8, 5);
  params.generator.sigma = 30;  // the factors of the costs would leave the doubles if the base did not move
  const Comm self(MPI_COMM_SELF);
  for (const auto& schedule :
       {ScheduleParams{.kind = ScheduleKind::random}, ScheduleParams{.kind = ScheduleKind::poisson},
        ScheduleParams{.kind = ScheduleKind::simulated, .blocks = 12, .delay = 5, .stragglers = 0.3}}) {
    Sample alone(self, params), shared(world(), params, Spread::ptscotch);
    std::int64_t rebases = 0;
    const auto expected = solved(self, alone, schedule, &rebases);
    EXPECT_GT(rebases, 0);
    EXPECT_EQ(solved(world(), shared, schedule), expected) << told(schedule);
  }
}

TEST(Simulator, refuses_together_what_is_impossible_or_does_not_fit) {
  auto params = random_sample(200'000, 1, 1);
  params.generator.kind = "ring";
  params.generator.degree.reset();
  const Sample sample(world(), params);
  const IncidentSynapses stars(sample.problem, sample.network);
  const std::vector<double> start(at(stars.size()), 0.0);
  const auto refusal = [&](const ScheduleParams& schedule) -> std::string {
    try {
      Simulator(stars, schedule, start);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      return e.what();
    }
    return "";
  };
  EXPECT_NE(refusal({.delay = -1}).find("`delay` -1"), std::string::npos);
  const auto much = refusal({.kind = ScheduleKind::simulated, .blocks = 2, .delay = 1 << 20});  // 3 TiB
  EXPECT_NE(much.find("`delay` 1048576"), std::string::npos) << much;
  EXPECT_NE(much.find("GiB"), std::string::npos) << much;
  EXPECT_EQ(refusal({.kind = ScheduleKind::simulated, .blocks = 1, .delay = 1 << 20}), "") << "nothing to remember";
}

TEST(ScheduleSolver, networks_without_anything_to_balance_are_done) {
  const auto empty = assemble(world(), Ownership::even(world(), 0), {}, Duplicates::sum, {});
  GlobalRows loop;
  const auto one = Ownership::even(world(), 1);
  if (one.count() == 1) loop = {{0, 1}, {0}, {2.0}, {}};
  for (const auto& network : {empty, assemble(world(), one, std::move(loop), Duplicates::sum, {})}) {
    Sample sample(world(), Network(network), 2);
    for (const auto& schedule : schedules()) EXPECT_EQ(solved(world(), sample, schedule).second, 0) << told(schedule);
  }
}

}  // namespace
}  // namespace synbal::test
