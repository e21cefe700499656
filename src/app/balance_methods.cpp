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
const std::vector<const char*> kOfReferences{"--blocks",   "--delay",   "--stragglers",  "--straggler-factor",
                                             "--activity", "--damping", "--local-sweeps"};

std::vector<std::string> schedules() {
  std::vector<std::string> names{kAsynchronous};
  for (const auto& [kind, name] : enum_names<ScheduleKind>) names.emplace_back(name);
  return names;
}

template <class T>
std::vector<std::string> words(const std::map<std::string, T>& choices) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : choices) names.push_back(name);
  return names;
}

void add_asynchronous_options(const OptionSet& command, MethodOptions& o) {
  using A = AsynchronousParams;
  auto& a = o.asynchronous;
  const auto group = command.add_group("Asynchronous balancing", "--method stochastic --schedule asynchronous");
  group.add_choice("--transport", o.transport, words(kTransports),
                   "one-sided (puts into the peers' memory) or two-sided (messages)");
  group.add_choice("--order", o.order, words(kOrders), "every neuron once a sweep, or every visit drawn independently");
  group.add("--sweeps-per-publication", a.sweeps_per_publication, "local sweeps between messages; 0.25: four a sweep")
      .within(A::kSweepsPerPublication)
      .with_default();
  group
      .add("--publication-threshold", a.publication_threshold,
           "leave out messages that change nothing by more than this share of the imbalance")
      .within(A::kPublicationThreshold)
      .with_default();
}

void add_fault_options(const OptionSet& command, FaultParams& f) {
  using F = FaultParams;
  const auto group = command.add_group("Faults on purpose", "with asynchronous balancing, for tests and studies");
  group.add("--slow-rank", f.slow_rank, "this rank works slower (-1: none)").within(F::kSlowRank);
  group.add("--slow-factor", f.slow_factor, "by this factor").within(F::kSlowFactor);
  group.add("--delay-publications", f.delayed_by, "messages arrive so many messages late").within(F::kDelay);
  group.add("--delay-seconds", f.delay_seconds, "and so much later").within(F::kDelaySeconds);
  group.add("--stale-sweeps", f.stale_sweeps, "messages are looked at every so many sweeps only").within(F::kDelay);
}

void add_reference_options(const OptionSet& command, ScheduleParams& s) {
  using S = ScheduleParams;
  const auto group = command.add_group("Reproducible schedules",
                                       "--method stochastic --schedule NAME: the same bits at any rank count");
  group.add("--blocks", s.blocks, "virtual ranks of block and simulated (0: 16)").within(S::kBlocks);
  const auto add = [&](const char* name, auto& value, const Range& range, const char* help) {
    group.add(name, value, help).within(range).with_default();
  };
  add("--delay", s.delay, S::kDelay, "simulated: other blocks are seen up to so many rounds old");
  add("--stragglers", s.stragglers, S::kStragglers, "simulated: share of the blocks that are slow");
  add("--straggler-factor", s.straggler_factor, S::kStragglerFactor, "simulated: how much slower");
  add("--activity", s.activity, S::kActivity, "simulated: chance that a block works in a round");
  add("--damping", s.damping, S::kDamping, "block, simulated: share of a round's way that a block keeps");
  add("--local-sweeps", s.local_sweeps, S::kLocalSweeps, "sweeps of a block in a round (0: until balanced inside)");
}

void refuse(const OptionSet& command, const std::vector<const char*>& names, const std::string& belongs_to) {
  for (const auto* name : names) {
    if (!command.given(name)) continue;
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
  a.step = o.step.value_or(a.step), a.stop = params.stop;
  a.seed = params.seed;
  a.transport = kTransports.at(o.transport);
  a.order = kOrders.at(o.order);
  auto run = balance_asynchronously(problem, network, a, report);
  return {std::move(run.equilibrium), {{"asynchrony", asynchrony_section(run.asynchrony, o)}}};
}

ScheduleParams schedule_of(const MethodOptions& o) {
  auto params = o.reference;
  params.kind = from_string<ScheduleKind>(o.schedule).value(), params.step = o.step.value_or(params.step);
  return params;
}

/// Rounds of a reproducible schedule until balanced, judged and certified like every other method.
Solved run_reference(const MethodOptions& o, BalanceProblem& problem, const Network& network,
                     const BalanceParams& params, const ProgressCallback& report) {
  ScheduleSolverParams reference{.stop = params.stop, .schedule = schedule_of(o)};
  reference.schedule.seed = params.seed;
  FusedKernel kernel(problem);
  NeuronStars stars(problem, network);
  std::int64_t visits = 0, rebases = 0;
  std::vector<std::int64_t> ages;
  auto found = balance_by(problem, kernel, params.stop, "stochastic (" + o.schedule + ")",
                          [&](std::vector<double>& h, const StopCriteria& stop) {
                            reference.stop = stop;
                            ScheduleSolver solver(problem, stars, reference);
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

void add_method_options(const OptionSet& command, MethodOptions& o) {
  command.add_choice("--method", o.method, kMethods,
                     "how: auto picks the fastest, flow integrates the dynamics, stochastic "
                     "visits neurons at random");
  command.add_choice("--schedule", o.schedule, schedules(), "of the visits of --method stochastic");
  command.add("--step", o.step, "share of the way to its optimum that a visited neuron goes (1)")
      .within(ScheduleParams::kStep);
  add_asynchronous_options(command, o);
  add_fault_options(command, o.asynchronous.faults);
  add_reference_options(command, o.reference);
}

void check_method_options(const OptionSet& command, const MethodOptions& o) {
  const bool stochastic = o.method == "stochastic";
  if (!stochastic) refuse(command, kOfStochastic, "--method stochastic");
  if (!stochastic || o.schedule != kAsynchronous) {
    refuse(command, kOfAsynchronous, "--method stochastic with --schedule asynchronous");
  }
  if (!stochastic || o.schedule == kAsynchronous) {
    refuse(command, kOfReferences, "--method stochastic with --schedule block or simulated");
  } else {
    check(schedule_of(o));
  }
}

Solved solve(const MethodOptions& o, BalanceProblem& problem, const Network& network, BalanceParams params,
             const ProgressCallback& report) {
  if (o.method == "flow") return {balance_by_flow(problem, params.stop, {}, report)};
  if (o.method == "stochastic" && o.schedule == kAsynchronous) {
    return run_asynchronously(o, problem, network, params, report);
  }
  if (o.method == "stochastic") return run_reference(o, problem, network, params, report);
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
