// From --method to the solver, and what the stochastic methods tell of themselves.
#include "app/balance_methods.hpp"

#include <fmt/format.h>

#include <map>

#include "app/options.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/stochastic/schedule_solver.hpp"

namespace synbal::app {

namespace {

const std::string kAsynchronous = "asynchronous";
const std::vector<std::string> kMethods{"auto", "newton", "sweep", "flow", "stochastic"};
const std::map<std::string, TransportKind> kTransports{{"one-sided", TransportKind::one_sided},
                                                       {"two-sided", TransportKind::two_sided}};
const std::map<std::string, VisitOrder> kOrders{{"permutation", VisitOrder::permutation},
                                                {"independent", VisitOrder::independent}};

/// Which options mean something to whom.
const std::vector<const char*> kOfStochastic{"--schedule", "--step"};
const std::vector<const char*> kOfAsynchronous{
    "--transport",   "--order",       "--sweeps-per-publication", "--publication-threshold",
    "--slow-rank",   "--slow-factor", "--delay-publications",     "--delay-seconds",
    "--stale-sweeps"};
const std::vector<const char*> kOfTwins{"--blocks",   "--delay",   "--stragglers",  "--straggler-factor",
                                        "--activity", "--damping", "--local-sweeps"};

std::vector<std::string> schedules() {
  auto names = schedule_names();
  names.insert(names.begin(), kAsynchronous);
  return names;
}

template <class T>
std::vector<std::string> words(const std::map<std::string, T>& choices) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : choices) names.push_back(name);
  return names;
}

void add_asynchronous_options(CLI::App& command, MethodOptions& o) {
  auto& a = o.asynchronous;
  auto* group = command.add_option_group("Asynchronous balancing", "--method stochastic --schedule asynchronous");
  group->add_option("--transport", o.transport, "one-sided (puts into the peers' memory) or two-sided (messages)")
      ->check(CLI::IsMember(words(kTransports)))
      ->capture_default_str();
  group->add_option("--order", o.order, "every neuron once a sweep, or every visit drawn independently")
      ->check(CLI::IsMember(words(kOrders)))
      ->capture_default_str();
  group
      ->add_option("--sweeps-per-publication", a.sweeps_per_publication,
                   "local sweeps between messages; 0.25: four a sweep")
      ->check(number_between(1e-6, 1e6))
      ->capture_default_str();
  group
      ->add_option("--publication-threshold", a.publication_threshold,
                   "leave out messages that change nothing by more than this share of the imbalance")
      ->check(number_between(0, 1))
      ->capture_default_str();
  auto* faults = command.add_option_group("Faults on purpose", "with asynchronous balancing, for tests and studies");
  faults->add_option("--slow-rank", a.faults.slow_rank, "this rank works slower (-1: none)")
      ->check(CLI::Range(-1, 1 << 30));
  faults->add_option("--slow-factor", a.faults.slow_factor, "by this factor")->check(number_between(1, 1e6));
  faults->add_option("--delay-publications", a.faults.delayed_by, "messages arrive so many messages late")
      ->check(CLI::Range(0, 1 << 20));
  faults->add_option("--delay-seconds", a.faults.delay_seconds, "and so much later")->check(number_between(0, 3600));
  faults->add_option("--stale-sweeps", a.faults.stale_sweeps, "messages are looked at every so many sweeps only")
      ->check(CLI::Range(0, 1 << 20));
}

void add_twin_options(CLI::App& command, ScheduleParams& t) {
  auto* group = command.add_option_group("Reproducible schedules",
                                         "--method stochastic --schedule NAME: the same bits at any rank count");
  group->add_option("--blocks", t.blocks, "virtual ranks of block and simulated (0: 16)")
      ->check(CLI::NonNegativeNumber);
  group->add_option("--delay", t.delay, "simulated: other blocks are seen up to so many rounds old")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  group->add_option("--stragglers", t.stragglers, "simulated: share of the blocks that are slow")
      ->check(number_between(0, 1))
      ->capture_default_str();
  group->add_option("--straggler-factor", t.straggler_factor, "simulated: how much slower")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  group->add_option("--activity", t.activity, "simulated: chance that a block works in a round")
      ->check(number_between(1e-6, 1))
      ->capture_default_str();
  group->add_option("--damping", t.damping, "block, simulated: share of a round's way that a block keeps")
      ->check(number_between(1e-6, 1))
      ->capture_default_str();
  group->add_option("--local-sweeps", t.local_sweeps, "sweeps of a block in a round (0: until balanced inside)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void refuse(const CLI::App& command, const std::vector<const char*>& names, const std::string& belongs_to) {
  for (const auto* name : names) {
    if (command.count(name) == 0) continue;
    throw usage_error(fmt::format("{} belongs to {}: leave it out, or choose that", name, belongs_to));
  }
}

Json asynchrony_section(const AsynchronyReport& a, const MethodOptions& o) {
  return {
      {"transport", o.transport},
      {"order", o.order},
      {"relaxations", a.relaxations},
      {"relaxations_per_neuron", {{"least", a.least_per_neuron}, {"most", a.most_per_neuron}}},
      {"sweeps_per_rank", {{"least", a.least_sweeps}, {"most", a.most_sweeps}}},
      {"messages", a.traffic.messages},
      {"bytes", a.traffic.bytes},
      {"publications_coalesced", a.skipped},
      {"publications_left_out", a.left_out},
      {"staleness", {{"mean", a.staleness.mean}, {"oldest", a.staleness.oldest}, {"reads_by_log2", a.staleness.reads}}},
      {"detection",
       {{"reductions", a.reductions},
        {"false_alarms", a.false_alarms},
        {"seconds", a.detection_seconds},
        {"relaxations", a.detection_relaxations}}},
      {"rebases", a.rebases},
      {"resumptions", a.resumptions},
      {"seconds", {{"solver", a.seconds}, {"quiesce", a.quiesce_seconds}, {"verification", a.verification_seconds}}}};
}

Solved run_asynchronously(const MethodOptions& o, BalanceProblem& problem, const Network& network,
                          const BalanceParams& params, const ProgressCallback& report) {
  auto a = o.asynchronous;
  a.stop = params.stop;
  a.seed = params.seed;
  a.transport = kTransports.at(o.transport);
  a.order = kOrders.at(o.order);
  auto run = balance_asynchronously(problem, network, a, report);
  return {std::move(run.equilibrium), {{"asynchrony", asynchrony_section(run.asynchrony, o)}}};
}

/// Rounds of a reproducible schedule until balanced, judged and certified like every other method.
Solved run_twin(const MethodOptions& o, BalanceProblem& problem, const Network& network, const BalanceParams& params,
                const ProgressCallback& report) {
  ScheduleSolverParams twin{.stop = params.stop, .schedule = o.twin};
  twin.schedule.kind = schedule_named(o.schedule);
  twin.schedule.seed = params.seed;
  FusedKernel kernel(problem);
  NeuronStars stars(problem, network);
  std::int64_t visits = 0, rebases = 0;
  std::vector<std::int64_t> ages;
  auto found = balance_by(problem, kernel, params.stop, "stochastic (" + o.schedule + ")",
                          [&](std::vector<double>& h, const StopCriteria& stop) {
                            twin.stop = stop;
                            ScheduleSolver solver(problem, stars, twin);
                            auto result = solver(h, report);
                            visits += solver.trace().visits, rebases += solver.trace().rebases;
                            ages = solver.trace().reads_by_age;
                            return result;
                          });
  const Json section{{"name", o.schedule},
                     {"seed", params.seed},
                     {"relaxations", visits},
                     {"reads_by_age", ages},
                     {"rebases", rebases}};
  return {std::move(found), {{"schedule", section}}};
}

Method method_of(const std::string& name) {
  if (name == "newton") return Method::newton;
  if (name == "sweep") return Method::sweep;
  return Method::automatic;
}

}  // namespace

void add_method_options(CLI::App& command, MethodOptions& o) {
  command
      .add_option("--method", o.method,
                  "how: auto picks the fastest, flow integrates the dynamics, stochastic "
                  "visits neurons at random")
      ->check(CLI::IsMember(kMethods))
      ->capture_default_str();
  command.add_option("--schedule", o.schedule, "of the visits of --method stochastic")
      ->check(CLI::IsMember(schedules()))
      ->capture_default_str();
  command
      .add_option_function<double>(
          "--step", [&o](const double& step) { o.asynchronous.step = o.twin.step = step; },
          "share of the way to its optimum that a visited neuron goes (1)")
      ->check(number_between(1e-6, 1));
  add_asynchronous_options(command, o);
  add_twin_options(command, o.twin);
}

void check_method_options(const CLI::App& command, const MethodOptions& o) {
  const bool stochastic = o.method == "stochastic";
  if (!stochastic) refuse(command, kOfStochastic, "--method stochastic");
  if (!stochastic || o.schedule != kAsynchronous) {
    refuse(command, kOfAsynchronous, "--method stochastic with --schedule asynchronous");
  }
  if (!stochastic || o.schedule == kAsynchronous) {
    refuse(command, kOfTwins, "--method stochastic with --schedule block or simulated");
  }
}

Solved solve(const MethodOptions& o, BalanceProblem& problem, const Network& network, BalanceParams params,
             const ProgressCallback& report) {
  if (o.method == "flow") return {balance_by_flow(problem, params.stop, {}, report)};
  if (o.method == "stochastic" && o.schedule == kAsynchronous) {
    return run_asynchronously(o, problem, network, params, report);
  }
  if (o.method == "stochastic") return run_twin(o, problem, network, params, report);
  params.method = method_of(o.method);
  return {balance(problem, params, report)};
}

void print_method_summary(const Json& r) {
  if (r.contains("asynchrony")) {
    const auto& a = r["asynchrony"];
    fmt::print(
        "asynchrony   {} relaxations, {} to {} per neuron; {} messages, {}; values read were {:.2g} messages old in "
        "the mean, {} at most\n",
        a["relaxations"].get<std::int64_t>(), a["relaxations_per_neuron"]["least"].get<std::int64_t>(),
        a["relaxations_per_neuron"]["most"].get<std::int64_t>(), a["messages"].get<std::int64_t>(),
        human_bytes(a["bytes"].get<double>()), a["staleness"]["mean"].get<double>(),
        a["staleness"]["oldest"].get<std::int64_t>());
    fmt::print(
        "detection    {:.3g} s from the first good sign to the stop, {} false alarm(s); {:.3g} s to empty the "
        "network, {:.3g} s to verify\n",
        a["detection"]["seconds"].get<double>(), a["detection"]["false_alarms"].get<std::int64_t>(),
        a["seconds"]["quiesce"].get<double>(), a["seconds"]["verification"].get<double>());
  }
  if (r.contains("schedule")) {
    fmt::print("schedule     {}: {} relaxations, the same at any rank count\n",
               r["schedule"]["name"].get<std::string>(), r["schedule"]["relaxations"].get<std::int64_t>());
  }
}

}  // namespace synbal::app
