// Asynchronous balancing against synchronous methods: time, relaxations, messages and bytes to four imbalances, with
// all ranks alike and with one that is slower, and a cost model fitted from the run.
//   mpirun -n P benchmark_asynchronous [--kind random] [--nodes N] [--degree K] [--repeats R] [--slow-factor F]
// Several ranks on fewer cores share them: messages, bytes and relaxations are then what they are on a machine of their
// own, times are not, and show no speed-up.
#include "synbal/stochastic/asynchronous.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <functional>

#include "asynchronous_model.hpp"
#include "measure.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/balance/sweep.hpp"
#include "synbal/core/session.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/stochastic/schedule_solver.hpp"

namespace synbal::benchmark {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
  GeneratorParams network;
  int repeats = 10;
  double slow_factor = 4;
  std::vector<double> tolerances{1e-2, 1e-4, 1e-6, 1e-8};
  std::vector<std::string> methods{"newton", "sweep", "block", "one-sided", "two-sided"};
  double max_seconds = 20;  ///< of a single run
};

/// The network under study and all that a method needs of it.
struct Subject {
  const Comm& comm;
  const Network& network;
  BalanceProblem problem;
  FusedKernel kernel{problem};
  ComponentSums components{problem};

  Subject(const Comm& c, const Network& n, const Components& k) : comm(c), network(n), problem(c, n, k, 2) {}
};

/// One run of one method.
struct Outcome {
  double seconds = 0;
  double l1 = 0;                      ///< exact, afterwards
  double relaxations_per_neuron = 0;  ///< in the mean; a Newton method counts its matrix passes
  double messages = 0, bytes = 0;     ///< over all ranks
};

/// A slow rank needs `factor` times as long for every iteration: it waits where the solver tells of its progress, which
/// every rank is told after every iteration.
ProgressCallback slowed(const Comm& comm, double factor) {
  if (factor <= 1 || comm.rank() != comm.size() - 1) return {};
  auto timer = std::make_shared<Timer>();
  return [timer, factor](const SolverProgress&) {
    const double until = factor * timer->seconds();
    while (timer->seconds() < until) {
    }
    *timer = Timer();
  };
}

struct Work {
  std::function<SolverResult(std::vector<double>& h)> run;
  std::function<double(const SolverResult&)> relaxations;  // per neuron
  std::function<Traffic()> traffic;  // of all ranks, beside what goes over the halos of problem and stars
};

Work newton(Subject& s, const StopCriteria& stop, double slow) {
  return {[&s, stop, slow](std::vector<double>& h) {
            return NewtonSolver(s.problem, s.kernel, s.components, {.stop = stop})(h, slowed(s.comm, slow));
          },
          [](const SolverResult& r) { return static_cast<double>(r.matrix_passes); },
          {}};
}

Work sweep(Subject& s, const StopCriteria& stop, std::uint64_t seed, double slow) {
  return {[&s, stop, seed, slow](std::vector<double>& h) {
            return SweepSolver(s.problem, s.kernel, seed)(h, stop, slowed(s.comm, slow));
          },
          [](const SolverResult& r) { return static_cast<double>(r.sweeps); },
          {}};
}

/// Every rank's block in lock step, half the way.
Work block(Subject& s, IncidentSynapses& stars, const StopCriteria& stop, std::uint64_t seed, double slow) {
  ScheduleSolverParams params{.stop = stop, .schedule = {}};
  params.schedule.kind = ScheduleKind::block;
  params.schedule.seed = seed, params.schedule.blocks = s.comm.size(), params.schedule.damping = 0.5;
  return {[&s, &stars, params, slow](std::vector<double>& h) {
            return ScheduleSolver(s.problem, stars, params)(h, slowed(s.comm, slow));
          },
          [](const SolverResult& r) { return static_cast<double>(r.iterations); },
          {}};
}

Work asynchronous(Subject& s, IncidentSynapses& stars, const StopCriteria& stop, TransportKind kind, std::uint64_t seed,
                  double slow) {
  AsynchronousParams params;
  params.stop = stop, params.transport = kind, params.seed = seed;
  if (slow > 1) params.faults.slow_rank = s.comm.size() - 1, params.faults.slow_factor = slow;
  auto solver = std::make_shared<AsynchronousSolver>(s.problem, s.kernel, stars, params);
  return {[solver](std::vector<double>& h) { return (*solver)(h); },
          [solver, &s](const SolverResult&) {
            const auto neurons = static_cast<double>(std::max<GlobalIndex>(s.problem.global_size(), 1));
            return static_cast<double>(solver->asynchrony().relaxations) / neurons;
          },
          [solver] { return solver->asynchrony().traffic; }};
}

Work work_of(Subject& s, IncidentSynapses& stars, const std::string& method, const StopCriteria& stop,
             std::uint64_t seed, double slow) {
  if (method == "newton") return newton(s, stop, slow);
  if (method == "sweep") return sweep(s, stop, seed, slow);
  if (method == "block") return block(s, stars, stop, seed, slow);
  const auto kind = method == "one-sided" ? TransportKind::one_sided : TransportKind::two_sided;
  return asynchronous(s, stars, stop, kind, seed, slow);
}

/// Collective. From h = 0; what a method sets up for itself counts, the problem and the stars do not.
Outcome run_once(Subject& s, IncidentSynapses& stars, const std::string& method, const StopCriteria& stop,
                 std::uint64_t seed, double slow) {
  std::vector<double> h(static_cast<std::size_t>(s.problem.size()), 0.0);
  s.problem.rebase(h);
  stars.refresh();
  auto before = s.problem.halo().traffic();
  const auto stars_before = stars.halo().traffic();
  s.comm.barrier();
  const Timer timer;
  auto work = work_of(s, stars, method, stop, seed, slow);
  const auto result = work.run(h);
  s.comm.barrier();
  Outcome outcome;
  outcome.seconds = s.comm.max(timer.seconds());
  outcome.relaxations_per_neuron = work.relaxations(result);
  const auto problem_after = s.problem.halo().traffic(), stars_after = stars.halo().traffic();
  outcome.messages = static_cast<double>(
      s.comm.sum(problem_after.messages - before.messages + stars_after.messages - stars_before.messages));
  outcome.bytes =
      static_cast<double>(s.comm.sum(problem_after.bytes - before.bytes + stars_after.bytes - stars_before.bytes));
  const auto published = work.traffic ? work.traffic() : Traffic{};
  outcome.messages += static_cast<double>(published.messages);
  outcome.bytes += static_cast<double>(published.bytes);
  s.problem.rebase(h);
  NeuronCosts costs;
  const std::vector<double> origin(h.size(), 0.0);
  evaluate(s.problem, s.kernel, origin, costs);
  outcome.l1 = imbalance(s.problem, costs).l1;
  return outcome;
}

struct Quartiles {
  double low = 0, median = 0, high = 0;
};

template <class Value>
Quartiles quartiles(const std::vector<Outcome>& runs, Value&& value) {
  std::vector<double> v;
  for (const auto& r : runs) v.push_back(value(r));
  std::sort(v.begin(), v.end());
  const auto at = [&](double share) {
    return v[static_cast<std::size_t>(share * static_cast<double>(v.size() - 1) + 0.5)];
  };
  return {at(0.25), at(0.5), at(0.75)};
}

Json json_of(const Quartiles& q) { return {{"quartile_1", q.low}, {"median", q.median}, {"quartile_3", q.high}}; }

struct Measured {
  Json json;
  double median_seconds = 0, relaxations = 0, bytes = 0, messages = 0;
  bool right = true;
};

Measured measure_method(Subject& s, IncidentSynapses& stars, const std::string& method, double tolerance, double slow,
                        const Options& o) {
  const StopCriteria stop{.tolerance = tolerance, .step_tolerance = 1e15, .max_seconds = o.max_seconds};
  std::vector<Outcome> runs;
  for (int k = 0; k < o.repeats; ++k) {
    runs.push_back(run_once(s, stars, method, stop, static_cast<std::uint64_t>(k) + 1, slow));
    if (runs.back().seconds > o.max_seconds) break;  // it will not do better the next time
  }
  const auto seconds = quartiles(runs, [](const Outcome& r) { return r.seconds; });
  const auto relaxations = quartiles(runs, [](const Outcome& r) { return r.relaxations_per_neuron; });
  const auto messages = quartiles(runs, [](const Outcome& r) { return r.messages; });
  const auto bytes = quartiles(runs, [](const Outcome& r) { return r.bytes; });
  double worst = 0;
  for (const auto& r : runs) worst = std::max(worst, r.l1);
  const bool reached = worst <= tolerance;
  const Json json{{"method", method},
                  {"tolerance", tolerance},
                  {"slow_factor", slow},
                  {"runs", runs.size()},
                  {"seconds", json_of(seconds)},
                  {method == "newton" ? "matrix_passes" : "relaxations_per_neuron", json_of(relaxations)},
                  {"messages", json_of(messages)},
                  {"bytes", json_of(bytes)},
                  {"worst_l1", worst},
                  {"reached", reached}};
  return {json, seconds.median, relaxations.median, bytes.median, messages.median, reached};
}

int run(const Comm& comm, const Options& o) {
  const auto network = generate(comm, o.network);
  const auto components = strongly_connected_components(comm, network);
  Subject subject(comm, network, components);
  IncidentSynapses stars(subject.problem, network);
  Json rows = Json::array(), slow_rows = Json::array();
  bool right = true;
  Measured sweep_at_end;
  for (const auto& method : o.methods) {
    double unhindered = 0;
    for (const double tolerance : o.tolerances) {
      auto m = measure_method(subject, stars, method, tolerance, 1, o);
      rows.push_back(m.json);
      right = right && (m.right || m.median_seconds > o.max_seconds);
      unhindered = m.median_seconds;
      if (method == "sweep") sweep_at_end = m;
    }
    if (comm.size() < 2 || o.slow_factor <= 1) continue;
    auto m = measure_method(subject, stars, method, o.tolerances.back(), o.slow_factor, o);
    m.json["times_slower"] = m.median_seconds / unhindered;
    slow_rows.push_back(m.json);
    right = right && (m.right || m.median_seconds > o.max_seconds);
  }
  const auto ghosts = comm.sum(static_cast<std::int64_t>(stars.halo().ghost_count()));
  const auto peers = comm.max(static_cast<std::int64_t>(stars.halo().receives().size()));
  const auto model = fit_model(subject.problem, sweep_at_end.median_seconds, sweep_at_end.relaxations);
  if (comm.is_root()) {
    const Json result{{"benchmark", "asynchronous"},
                      {"machine", machine(comm)},
                      {"kind", o.network.kind},
                      {"neurons", subject.problem.global_size()},
                      {"synapses", subject.problem.edges()},
                      {"ghosts_per_rank", static_cast<double>(ghosts) / comm.size()},
                      {"most_peers", peers},
                      {"alike", rows},
                      {"one_rank_slower", slow_rows},
                      {"model", json_of(model, subject.problem)},
                      {"cores_can_show", comm.size() <= static_cast<int>(std::thread::hardware_concurrency())
                                             ? "times, messages, bytes and relaxations"
                                             : "messages, bytes and relaxations: ranks share cores, so times say "
                                               "nothing of speed-up"},
                      {"correct", right}};
    fmt::print("{}\n", result.dump(2));
  }
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Asynchronous against synchronous balancing", "benchmark_asynchronous"};
  Options o;
  o.network.nodes = 20000, o.network.degree = 20;
  app.add_option("--kind", o.network.kind, "family of networks")->capture_default_str();
  app.add_option("--nodes", o.network.nodes, "neurons (20000)");
  app.add_option("--degree", o.network.degree, "in-degree (20)");
  app.add_option("--modules", o.network.modules, "of the kind modular");
  app.add_option("--coupling", o.network.coupling, "weights between modules, relative")->capture_default_str();
  app.add_option("--repeats", o.repeats, "runs of each")->capture_default_str();
  app.add_option("--slow-factor", o.slow_factor, "how much slower the last rank is in the second part (1: left out)")
      ->capture_default_str();
  app.add_option("--tolerances", o.tolerances, "imbalances to reach")->delimiter(',');
  app.add_option("--methods", o.methods, "of newton, sweep, block, one-sided, two-sided")
      ->delimiter(',')
      ->check(CLI::IsMember({"newton", "sweep", "block", "one-sided", "two-sided"}));
  app.add_option("--max-seconds", o.max_seconds, "that one run may take")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Session session("benchmark_asynchronous");
  return run(session.world(), o);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
