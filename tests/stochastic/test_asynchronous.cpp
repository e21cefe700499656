// Asynchronous balancing ends where every other method ends, whatever the order, the transport and the delays.
#include <algorithm>
#include <map>

#include "samples.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal::test {
namespace {

constexpr TransportKind kTransports[] = {TransportKind::one_sided, TransportKind::two_sided};

/// With a time limit, so that what does not converge ends with a reason.
AsynchronousParams params_for(TransportKind transport, std::uint64_t seed = 1) {
  AsynchronousParams params;
  params.transport = transport;
  params.seed = seed;
  params.stop.tolerance = 1e-11;
  params.stop.max_seconds = 40;
  return params;
}

/// A small network by its synapses, onto `post` from `pre`.
struct Synapses {
  struct Entry {
    GlobalIndex post, pre;
    double weight;
  };
  GlobalIndex n = 0;
  std::vector<Entry> entries;
};

/// Collective. Rows spread evenly.
Network network_of(const Comm& comm, const Synapses& w) {
  const auto rows = Ownership::even(comm, w.n);
  GlobalRows own;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    for (const auto& entry : w.entries) {
      if (entry.post != rows.first() + i) continue;
      own.column.push_back(entry.pre);
      own.weight.push_back(entry.weight);
    }
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  return assemble(comm, rows, std::move(own), Duplicates::sum, {});
}

/// Collective. h of all neurons in the file's order, on every rank.
std::vector<double> in_file_order(const Comm& comm, const Sample& sample, std::span<const double> h) {
  std::vector<double> all(static_cast<std::size_t>(sample.network.size()), 0.0);
  const auto own = sample.problem.to_network(h, 0.0);
  for (std::size_t i = 0; i < own.size(); ++i) {
    all[static_cast<std::size_t>(sample.network.file_index(static_cast<LocalIndex>(i)))] = own[i];
  }
  comm.sum(std::span<double>(all));
  return all;
}

/// The serial truth, by Newton.
std::vector<double> truth(const SampleParams& params) {
  const Comm self(MPI_COMM_SELF);
  Sample sample(self, params);
  BalanceParams newton;
  newton.stop.tolerance = 1e-13;
  const auto found = balance(sample.problem, newton);
  return in_file_order(self, sample, found.h);
}

/// Collective. Balances and compares.
AsynchronyReport expect_truth(const SampleParams& network, const AsynchronousParams& params,
                              Spread spread = Spread::even) {
  Sample sample(world(), network, spread);
  const auto found = balance_asynchronously(sample.problem, sample.network, params);
  EXPECT_TRUE(found.equilibrium.solver.converged()) << to_string(found.equilibrium.solver.reason);
  const auto h = in_file_order(world(), sample, found.equilibrium.h);
  const auto exact = truth(network);
  double worst = 0;
  for (std::size_t i = 0; i < h.size(); ++i) worst = std::max(worst, std::abs(h[i] - exact[i]));
  EXPECT_LE(worst, 1e-8);
  return found.asynchrony;
}

std::map<std::string, SampleParams> networks() {
  std::map<std::string, SampleParams> all;
  all["random"] = random_sample(200, 6, 3);
  all["p = 1"] = random_sample(150, 5, 4, 1);
  SampleParams ring;
  ring.generator.kind = "ring";
  ring.generator.nodes = 24;
  ring.generator.sigma = 1;
  all["ring"] = ring;
  SampleParams modular;
  modular.generator.kind = "modular";
  modular.generator.nodes = 60;
  modular.generator.modules = 3;
  modular.generator.coupling = 1;
  all["modular"] = modular;
  SampleParams layered;
  layered.generator.kind = "layered";
  layered.generator.layers = "13,9,5,8";
  all["layered"] = layered;
  auto special = random_sample(120, 7, 9);
  special.pinned = {0, 5, 17, 40, 41, 60, 77, 90, 119};
  special.exponents = {1, 2, 3, 50, 80, 110};
  special.gains = true;
  all["pinned, exponents, gains"] = special;
  return all;
}

/// All that a test may vary at once.
struct Variant {
  std::string name;
  AsynchronousParams params;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const auto transport : kTransports) {
    const auto with = [&](const char* name, auto&& change) {
      auto params = params_for(transport, all.size());
      change(params);
      all.push_back({std::string(name) + ", " + to_string(transport), params});
    };
    with("partial steps", [](auto& p) { p.step = 0.6; });
    with("independent visits", [](auto& p) { p.order = VisitOrder::independent; });
    with("several publications a sweep", [](auto& p) { p.sweeps_per_publication = 0.2; });
    with("several sweeps a publication", [](auto& p) { p.sweeps_per_publication = 3; });
    with("threshold", [](auto& p) { p.publication_threshold = 1e-2; });
    with("slow rank, busy", [](auto& p) { p.faults.slow_rank = 0, p.faults.slow_factor = 4; });
    with("slow rank, asleep",
         [](auto& p) { p.faults.slow_rank = 1, p.faults.slow_factor = 10, p.faults.slow_busy = false; });
    with("late publications", [](auto& p) { p.faults.delayed_by = 5, p.step = 0.5; });
    with("late by seconds", [](auto& p) { p.faults.delay_seconds = 1e-3, p.step = 0.1; });
    with("stale values", [](auto& p) { p.faults.stale_sweeps = 4, p.step = 0.5; });
  }
  return all;
}

TEST(Asynchronous, ends_at_the_equilibrium_of_every_network) {
  for (const auto& [name, network] : networks()) {
    for (const auto transport : kTransports) {
      SCOPED_TRACE(name + ", " + to_string(transport));
      expect_truth(network, params_for(transport));
    }
  }
}

TEST(Asynchronous, ends_there_under_any_partition_and_seed) {
  const auto network = networks().at("pinned, exponents, gains");
  for (const auto spread : kSpreads) {
    for (const std::uint64_t seed : {7, 8}) expect_truth(network, params_for(TransportKind::one_sided, seed), spread);
  }
}

TEST(Asynchronous, ends_there_whatever_is_late_slow_partial_or_random) {
  const auto network = networks().at("random");
  for (const auto& variant : variants()) {
    SCOPED_TRACE(variant.name);
    expect_truth(network, variant.params);
  }
}

TEST(Asynchronous, partial_steps_and_exponents_go_together) {
  auto params = params_for(TransportKind::two_sided);
  params.step = 0.5;
  expect_truth(networks().at("pinned, exponents, gains"), params);
}

TEST(Asynchronous, a_false_alarm_is_found_out_and_the_work_goes_on) {
  for (const auto transport : kTransports) {
    auto params = params_for(transport);
    params.margin = 1e7;  // far too easily content
    const auto report = expect_truth(networks().at("random"), params);
    EXPECT_GE(report.false_alarms, 1);
  }
}

TEST(Asynchronous, messages_under_way_do_not_raise_alarm_after_alarm) {
  if (world().size() == 2) return;  // with equal delays two ranks may swap their errors for very long, see `step`
  auto params = params_for(TransportKind::two_sided);
  params.faults.delay_seconds = 1e-3;  // in which every rank settles completely, many times over
  EXPECT_LE(expect_truth(networks().at("random"), params).false_alarms, 4);
}

TEST(Asynchronous, a_loose_tolerance_is_sharpened_until_the_step_is_small) {
  Sample sample(world(), networks().at("random"));
  auto params = params_for(TransportKind::one_sided);
  params.stop.tolerance = 1e-3;
  params.stop.step_tolerance = 1e-9;
  const auto found = balance_asynchronously(sample.problem, sample.network, params);
  EXPECT_TRUE(found.equilibrium.solver.converged());
  EXPECT_LE(found.equilibrium.solver.newton_step_inf.value_or(1), 1e-9);
  EXPECT_GE(found.asynchrony.resumptions, 1);
  expect_truth(networks().at("random"), params);
}

TEST(Asynchronous, two_neurons_on_two_ranks_settle_though_lock_step_would_swap_them_for_ever) {
  // Each rank solves its own neuron exactly: h0 <- h1 + c and h1 <- h0 - c. At the same time, these exchange the two
  // errors (eigenvalue -1); one after the other, they end at once.
  Synapses w;
  w.n = 2;
  w.entries = {{0, 1, 3.0}, {1, 0, 0.2}};
  for (const auto transport : kTransports) {
    for (const double step : {1.0, 0.5}) {
      Sample sample(world(), network_of(world(), w), 2);
      auto params = params_for(transport);
      params.step = step;
      const auto found = balance_asynchronously(sample.problem, sample.network, params);
      EXPECT_TRUE(found.equilibrium.solver.converged());
      const auto h = in_file_order(world(), sample, found.equilibrium.h);
      EXPECT_NEAR(h[0] - h[1], std::log(3.0 / 0.2) / 2, 1e-9);
    }
  }
}

TEST(Asynchronous, factors_beyond_the_range_move_the_base) {
  Synapses w;
  w.n = 3;
  w.entries = {{0, 1, 1e60}, {1, 2, 1}, {2, 0, 1e-60}};
  for (const auto transport : kTransports) {
    Sample sample(world(), network_of(world(), w), 2);
    const auto found = balance_asynchronously(sample.problem, sample.network, params_for(transport));
    EXPECT_TRUE(found.equilibrium.solver.converged());
    EXPECT_GE(found.asynchrony.rebases, 1);
    const auto h = in_file_order(world(), sample, found.equilibrium.h);
    EXPECT_NEAR(h[0] - h[1], 60 * std::log(10.0), 1e-9);  // all costs become 1
    EXPECT_NEAR(h[1] - h[2], 0, 1e-9);
  }
}

TEST(Asynchronous, limits_end_it_on_all_ranks_with_their_reason) {
  const auto network = networks().at("ring");
  const auto reason = [&](auto&& change) {
    Sample sample(world(), network);
    auto params = params_for(TransportKind::two_sided);
    change(params);
    const auto found = balance_asynchronously(sample.problem, sample.network, params);
    EXPECT_GT(found.equilibrium.imbalance.l1, params.stop.tolerance);
    EXPECT_TRUE(
        std::all_of(found.equilibrium.h.begin(), found.equilibrium.h.end(), [](double h) { return std::isfinite(h); }));
    return found.equilibrium.solver;
  };
  const auto few = reason([](auto& p) { p.stop.max_iterations = 3; });
  EXPECT_EQ(few.reason, StopReason::iteration_limit);
  EXPECT_LE(few.iterations, 3);
  EXPECT_EQ(reason([](auto& p) { p.stop.max_seconds = 1e-4; }).reason, StopReason::walltime);
  EXPECT_EQ(reason([](auto& p) { p.interrupted = [] { return world().rank() == world().size() - 1; }; }).reason,
            StopReason::interrupted);
}

TEST(Asynchronous, an_unreachable_tolerance_ends_at_what_rounding_allows) {
  Sample sample(world(), networks().at("random"));
  auto params = params_for(TransportKind::one_sided);
  params.stop.tolerance = 1e-25;
  const auto found = balance_asynchronously(sample.problem, sample.network, params);
  EXPECT_EQ(found.equilibrium.solver.reason, StopReason::stagnated);
  EXPECT_LE(found.equilibrium.imbalance.l1, 1e-13);
}

TEST(Asynchronous, networks_smaller_than_the_ranks_and_empty_ones_do_not_hang) {
  for (const auto transport : kTransports) {
    for (const GlobalIndex n : {0, 1, 2, 3}) {
      Synapses w;
      w.n = n;
      for (GlobalIndex i = 0; i < n; ++i) {
        for (GlobalIndex j = 0; j < n; ++j) w.entries.push_back({i, j, 1.0 + static_cast<double>(i + 2 * j)});
      }
      Sample sample(world(), network_of(world(), w), 2);
      const auto found = balance_asynchronously(sample.problem, sample.network, params_for(transport));
      EXPECT_TRUE(found.equilibrium.solver.converged());
      EXPECT_EQ(found.equilibrium.solver.newton_step_inf.has_value(), true);
    }
  }
}

TEST(Asynchronous, components_that_do_not_cross_ranks_cost_no_message) {
  const GlobalIndex each = 3;
  Synapses w;
  w.n = each * world().size();
  for (GlobalIndex i = 0; i < w.n; ++i) {
    const auto next = i / each * each + (i + 1) % each;
    w.entries.push_back({i, next, 1.0 + static_cast<double>(i)});
  }
  for (const auto transport : kTransports) {
    Sample sample(world(), network_of(world(), w), 2);
    const auto found = balance_asynchronously(sample.problem, sample.network, params_for(transport));
    EXPECT_TRUE(found.equilibrium.solver.converged());
    EXPECT_EQ(found.asynchrony.traffic.messages, 0);
    EXPECT_TRUE(found.asynchrony.staleness.reads.empty());
  }
}

/// Collective. Values that a sweep of all ranks reads of other ranks.
double foreign_reads(const Sample& sample) {
  const IncidentSynapses stars(sample.problem, sample.network);
  double reads = 0;
  for (LocalIndex i = 0; i < stars.size(); ++i) {
    for (const auto& star : {stars.incoming(i), stars.outgoing(i)}) {
      reads += static_cast<double>(
          std::count_if(star.neighbour.begin(), star.neighbour.end(), [&](LocalIndex j) { return j >= stars.size(); }));
    }
  }
  return world().sum(reads);
}

TEST(Asynchronous, every_read_of_another_rank_has_its_age_counted) {
  for (const auto transport : kTransports) {
    Sample sample(world(), networks().at("random"));
    const auto report = balance_asynchronously(sample.problem, sample.network, params_for(transport)).asynchrony;
    double counted = 0;
    for (const double r : report.staleness.reads) counted += r;
    const auto in_a_sweep = foreign_reads(sample);
    EXPECT_GE(counted, 0.999 * in_a_sweep * static_cast<double>(report.least_sweeps));
    EXPECT_LE(counted, 1.001 * in_a_sweep * static_cast<double>(report.most_sweeps + 1));
    EXPECT_EQ(report.most_per_neuron >= report.most_sweeps, true);
    EXPECT_GE(report.relaxations, report.least_per_neuron * sample.problem.global_size());
    EXPECT_LE(report.relaxations, report.most_per_neuron * sample.problem.global_size());
  }
}

/// Share of the reads at an age below 2^bins.
double share_younger(const Staleness& staleness, std::size_t bins) {
  double young = 0, all = 0;
  for (std::size_t bin = 0; bin < staleness.reads.size(); ++bin) {
    all += staleness.reads[bin];
    if (bin <= bins) young += staleness.reads[bin];
  }
  return all > 0 ? young / all : 0.0;
}

TEST(Asynchronous, values_that_are_held_back_are_read_that_old) {
  constexpr int bins = 4;
  const auto staleness = [&](int late) {
    Sample sample(world(), networks().at("random"));
    auto params = params_for(TransportKind::one_sided);
    params.faults.delayed_by = late;
    params.step = 0.1;
    return balance_asynchronously(sample.problem, sample.network, params).asynchrony.staleness;
  };
  const auto prompt = staleness(0), late = staleness(1 << bins);
  if (world().size() == 1) return;
  EXPECT_GE(share_younger(prompt, bins), 0.5);
  EXPECT_LE(share_younger(late, bins), 0.3);  // until there have been so many publications
  EXPECT_GE(late.oldest, 1 << bins);
}

TEST(Asynchronous, the_same_stops_are_told_on_all_ranks) {
  Sample sample(world(), networks().at("random"));
  std::int64_t calls = 0, last = 0;
  double last_l1 = 1;
  const auto found = balance_asynchronously(sample.problem, sample.network, params_for(TransportKind::one_sided),
                                            [&](const SolverProgress& line) {
                                              EXPECT_GE(line.iteration, last);
                                              last = line.iteration;
                                              last_l1 = line.imbalance;
                                              ++calls;
                                            });
  EXPECT_EQ(world().max(calls), world().min(calls));
  EXPECT_GE(calls, found.asynchrony.reductions);
  const auto& history = found.equilibrium.solver.history;
  EXPECT_EQ(history.back().imbalance, last_l1);
  EXPECT_LE(history.back().imbalance, 1e-11);
  EXPECT_GT(history.front().imbalance, 1e-2);
  EXPECT_EQ(history.front().iteration, 0);
  EXPECT_GE(found.equilibrium.solver.sweeps, history.back().iteration);
}

TEST(Asynchronous, senseless_parameters_are_refused_on_all_ranks) {
  Sample sample(world(), networks().at("ring"));
  const auto refused = [&](auto&& change) {
    auto params = params_for(TransportKind::one_sided);
    change(params);
    EXPECT_THROW(balance_asynchronously(sample.problem, sample.network, params), Error);
  };
  refused([](auto& p) { p.step = 0; });
  refused([](auto& p) { p.step = 1.5; });
  refused([](auto& p) { p.sweeps_per_publication = 0; });
  refused([](auto& p) { p.publication_threshold = std::nan(""); });
  refused([](auto& p) { p.margin = -1; });
  refused([](auto& p) { p.faults.slow_factor = 0.5; });
  refused([](auto& p) { p.faults.delayed_by = -1; });
}

}  // namespace
}  // namespace synbal::test
