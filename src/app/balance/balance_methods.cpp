// From --method to the solver, and what the stochastic methods tell of themselves.
#include "app/balance/balance_methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/costs/cost_terms.hpp"
#include "app/words/help.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/stochastic/schedule_solver.hpp"
#include "synbal/stochastic/visit_solver.hpp"

namespace synbal {

template <>
inline constexpr auto enum_names<app::BalanceMethod> =
    std::to_array<EnumName<app::BalanceMethod>>({{app::BalanceMethod::automatic, "auto"},
                                                 {app::BalanceMethod::newton, "newton"},
                                                 {app::BalanceMethod::sweep, "sweep"},
                                                 {app::BalanceMethod::flow, "flow"},
                                                 {app::BalanceMethod::stochastic, "stochastic"}});

template <>
inline constexpr auto enum_names<app::VisitSchedule> =
    std::to_array<EnumName<app::VisitSchedule>>({{app::VisitSchedule::asynchronous, "asynchronous"},
                                                 {app::VisitSchedule::sequential, "sequential"},
                                                 {app::VisitSchedule::colored, "colored"},
                                                 {app::VisitSchedule::random, "random"},
                                                 {app::VisitSchedule::poisson, "poisson"},
                                                 {app::VisitSchedule::block, "block"},
                                                 {app::VisitSchedule::simulated, "simulated"},
                                                 {app::VisitSchedule::greedy, "greedy"},
                                                 {app::VisitSchedule::subset, "subset"}});

}  // namespace synbal

namespace synbal::app {

namespace {

void add_asynchronous_options(const OptionSet& command, AsynchronousParams& a) {
  using A = AsynchronousParams;
  const auto group = command.add_group("Asynchronous balancing", "--method stochastic --schedule asynchronous");
  group.add_choice("--transport", a.transport, "one-sided (puts into the peers' memory) or two-sided (messages)");
  group.add_choice("--order", a.order, "every neuron once a sweep, or every visit drawn independently");
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
  const auto group = command.add_group(kFaultsGroup, "with asynchronous balancing, for tests and studies");
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

MethodRun run_asynchronously(const MethodOptions& o, BalanceProblem& problem, const Network& network,
                             const BalanceParams& params, const ProgressCallback& report) {
  auto a = o.asynchronous;
  a.step = o.step.value_or(a.step);
  a.stop = params.stop, a.seed = params.seed;
  auto run = balance_asynchronously(problem, network, a, report);
  return {std::move(run.equilibrium), AsynchronySection{run.asynchrony, a.transport, a.order}};
}

/// What a schedule's calls before the present one came to, kept with the state of a run.
class KeptCounts {
 public:
  KeptCounts(const StopCriteria& stop, ScheduleSection& section)
      : kept_(stop.keeper, kPart, [&section](RunPart& part) {
          part.put("relaxations", static_cast<double>(section.relaxations));
          part.put("rebases", static_cast<double>(section.rebases));
          part.numbers["reads"].assign(section.reads_by_age.begin(), section.reads_by_age.end());
        }) {
    const auto begun = taken_part(stop, kPart);
    if (!begun) return;
    section.relaxations = begun->count("relaxations"), section.rebases = begun->count("rebases");
    for (const double reads : begun->numbers.at("reads")) {
      section.reads_by_age.push_back(static_cast<std::int64_t>(reads));
    }
  }

 private:
  static constexpr const char* kPart = "schedule.calls";
  KeptPart kept_;
};

/// Rounds of a reference schedule until balanced, judged and certified like every other method.
MethodRun run_reference(const MethodOptions& o, BalanceProblem& problem, const Network& network,
                        const BalanceParams& params, const ProgressCallback& report) {
  ScheduleSolverParams reference{.stop = params.stop, .schedule = o.schedule_params(params.seed)};
  ScheduleSection section{.name = to_string(reference.schedule.kind), .seed = params.seed};
  const KeptCounts kept(params.stop, section);
  FusedKernel kernel(problem);
  IncidentSynapses stars(problem, network);
  const auto solve = [&](std::vector<double>& h, const StopCriteria& stop) {
    reference.stop = stop;
    ScheduleSolver solver(problem, stars, reference);
    auto result = solver(h, report);
    section.relaxations += solver.trace().visits, section.rebases += solver.trace().rebases;
    const auto& reads = solver.trace().reads_by_age;
    section.reads_by_age.resize(std::max(section.reads_by_age.size(), reads.size()), 0);
    for (std::size_t age = 0; age < reads.size(); ++age) section.reads_by_age[age] += reads[age];
    return result;
  };
  auto found = balance_by(problem, kernel, params.stop, "stochastic (" + section.name + ")", solve,
                          {.often = true, .reproducible = true});
  return {std::move(found), {}, std::move(section)};
}

/// Greedy visits, or those of a subset, likewise.
MethodRun run_visits(const MethodOptions& o, BalanceProblem& problem, const Network& network,
                     const BalanceParams& params, const ProgressCallback& report) {
  ScheduleSection section{.name = to_string(o.schedule), .seed = params.seed, .reference = false};
  FusedKernel kernel(problem);
  IncidentSynapses stars(problem, network);
  VisitSolver solver(problem, stars, o.schedule == VisitSchedule::greedy ? Visiting::greedy : Visiting::subset,
                     params.seed);
  const auto solve = [&](std::vector<double>& h, const StopCriteria& stop) { return solver(h, stop, report); };
  const bool all = o.schedule == VisitSchedule::greedy;  // of a subset, the others stay where they are
  auto found =
      balance_by(problem, kernel, params.stop, "stochastic (" + section.name + ")", solve, {.any = all, .often = all});
  section.relaxations = solver.relaxations();
  return {std::move(found), {}, std::move(section)};
}

/// A sum of costs has sweeps of its own, and no certificate. Its costs are told in the unit of the problem, which is
/// that of the first of the terms.
MethodRun run_mixed(const MethodOptions& o, const BalanceProblem& problem, const Network& network,
                    const Components& components, const BalanceParams& params, const ProgressCallback& report) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  auto mixed = MixedBalancer(problem.comm(), network, components, o.terms)({params.stop, params.seed}, report);
  Equilibrium found;
  found.h = std::move(mixed.h);
  found.costs.total = mixed.cost / problem.cost_unit();
  found.initial_cost = mixed.initial_cost, found.initial_log10_cost = std::log10(mixed.initial_cost);
  found.imbalance = {mixed.gradient_l1, none, none, none};
  found.solver = std::move(mixed.solver);
  found.solver.method = "mixed sweeps";
  return {std::move(found)};
}

MethodRun run_deterministically(Method method, BalanceProblem& problem, BalanceParams params,
                                const ProgressCallback& report) {
  params.method = method;
  return {balance(problem, params, report)};
}

struct Extremes {
  std::int64_t least, most;
};

void describe(ReportWriter& report, const Extremes& e) { report("least", e.least)("most", e.most); }

void describe_detection(ReportWriter& report, const AsynchronyReport& a) {
  report("reductions", a.reductions)("false_alarms", a.false_alarms)("seconds", a.detection_seconds);
  report("relaxations", a.detection_relaxations);
}

void print_asynchrony(const AsynchronyReport& a) {
  fmt::print(
      "asynchrony   {} relaxations, {} to {} per neuron; {} messages, {}; values read were {:.2g} messages old in the "
      "mean, {} at most\n",
      a.relaxations, a.least_per_neuron, a.most_per_neuron, a.traffic.messages,
      human_bytes(static_cast<double>(a.traffic.bytes)), a.staleness.mean, a.staleness.oldest);
  fmt::print(
      "detection    {:.3g} s from the first good sign to the stop, {} false alarm(s); {:.3g} s to empty the network, "
      "{:.3g} s to verify\n",
      a.detection_seconds, a.false_alarms, a.quiesce_seconds, a.verification_seconds);
}

}  // namespace

std::optional<ScheduleKind> MethodOptions::reference_kind() const {
  return from_string<ScheduleKind>(to_string(schedule));
}

ScheduleParams MethodOptions::schedule_params(std::uint64_t seed) const {
  auto params = reference;
  params.kind = *reference_kind(), params.seed = seed;
  params.step = step.value_or(params.step);
  return params;
}

void add_method_options(const OptionSet& command, MethodOptions& o) {
  command.add_choice("--method", o.method,
                     "how: auto picks the fastest, flow integrates the dynamics, stochastic visits neurons at random");
  command.add_choice(
      "--schedule", o.schedule,
      "of the visits of --method stochastic; greedy: who takes most off the cost first; subset: those of "
      "--subset alone move");
  command.add("--subset", o.subset, "the neurons that may move with --schedule subset: ids I,J,... or a file of ids")
      .shown_as("IDS");
  command.add("--step", o.step, "share of the way to its optimum that a visited neuron goes (1)")
      .within(ScheduleParams::kStep);
  add_asynchronous_options(command, o.asynchronous);
  add_fault_options(command, o.asynchronous.faults);
  add_reference_options(command, o.reference);
}

void check_method_options(const OptionSet& command, const MethodOptions& o) {
  const bool stochastic = o.method == BalanceMethod::stochastic;
  const bool asynchronous = stochastic && o.schedule == VisitSchedule::asynchronous;
  const bool reference = stochastic && o.reference_kind().has_value();
  if (!stochastic) refuse_given(command, {"--schedule", "--step", "--subset"}, "--method stochastic");
  if (!asynchronous) {
    refuse_given(command,
                 {"--transport", "--order", "--sweeps-per-publication", "--publication-threshold", "--slow-rank",
                  "--slow-factor", "--delay-publications", "--delay-seconds", "--stale-sweeps"},
                 "--method stochastic with --schedule asynchronous");
  }
  if (!asynchronous && !reference) refuse_given(command, {"--step"}, "the other schedules (visits go all the way)");
  if (!reference) {
    refuse_given(
        command,
        {"--blocks", "--delay", "--stragglers", "--straggler-factor", "--activity", "--damping", "--local-sweeps"},
        "--method stochastic with --schedule block or simulated");
  } else {
    check(o.schedule_params(o.reference.seed));
  }
  if (!o.is_subset()) refuse_given(command, {"--subset"}, "--schedule subset");
  if (o.is_subset() && o.subset.empty()) {
    throw usage_error("--schedule subset moves some neurons and keeps the others: name those in --subset");
  }
}

RunFacts method_facts(const MethodOptions& o) {
  RunFacts facts{{"--method", to_string(o.method)}};
  if (!o.terms.empty()) facts.emplace_back("--cost", text_of_terms(o.terms));
  if (o.method != BalanceMethod::stochastic) return facts;
  facts.emplace_back("--schedule", to_string(o.schedule));
  if (o.step) facts.emplace_back("--step", fmt::format("{}", *o.step));
  if (!o.reference_kind()) return facts;
  const auto& s = o.reference;
  facts.emplace_back("--blocks, --delay, --stragglers, --straggler-factor, --activity, --damping, --local-sweeps",
                     fmt::format("{} {} {} {} {} {} {}", s.blocks, s.delay, s.stragglers, s.straggler_factor,
                                 s.activity, s.damping, s.local_sweeps));
  return facts;
}

MethodRun run_method(const MethodOptions& o, BalanceProblem& problem, const Network& network,
                     const Components& components, BalanceParams params, const ProgressCallback& report) {
  if (!o.terms.empty()) return run_mixed(o, problem, network, components, params, report);
  switch (o.method) {
    case BalanceMethod::automatic:
      return run_deterministically(Method::automatic, problem, params, report);
    case BalanceMethod::newton:
      return run_deterministically(Method::newton, problem, params, report);
    case BalanceMethod::sweep:
      return run_deterministically(Method::sweep, problem, params, report);
    case BalanceMethod::flow:
      return {balance_by_flow(problem, params.stop, {}, report)};
    case BalanceMethod::stochastic:
      break;
  }
  if (o.schedule == VisitSchedule::asynchronous) return run_asynchronously(o, problem, network, params, report);
  return (o.reference_kind() ? run_reference : run_visits)(o, problem, network, params, report);
}

void describe(ReportWriter& report, const Staleness& s) {
  report("mean", s.mean)("oldest", s.oldest)("reads_by_log2", s.reads);
}

void describe(ReportWriter& report, const AsynchronySection& asynchrony) {
  const auto& a = asynchrony.did;
  report("transport", to_string(asynchrony.transport))("order", to_string(asynchrony.order));
  report("relaxations", a.relaxations);
  report("relaxations_per_neuron", Extremes{a.least_per_neuron, a.most_per_neuron});
  report("sweeps_per_rank", Extremes{a.least_sweeps, a.most_sweeps});
  report("messages", a.traffic.messages)("bytes", a.traffic.bytes)("publications_coalesced", a.skipped);
  report("publications_left_out", a.left_out)("staleness", a.staleness);
  report.object("detection", [&](ReportWriter& r) { describe_detection(r, a); });
  report("rebases", a.rebases)("resumptions", a.resumptions);
  report.object("seconds", [&](ReportWriter& r) {
    r("solver", a.seconds)("quiesce", a.quiesce_seconds)("verification", a.verification_seconds);
  });
}

void describe(ReportWriter& report, const ScheduleSection& schedule) {
  report("name", schedule.name)("seed", schedule.seed)("relaxations", schedule.relaxations);
  if (schedule.reference) report("reads_by_age", schedule.reads_by_age)("rebases", schedule.rebases);
}

void print_method(const MethodRun& run) {
  if (run.asynchrony) print_asynchrony(run.asynchrony->did);
  if (run.schedule) {
    fmt::print("schedule     {}: {} relaxations{}\n", run.schedule->name, run.schedule->relaxations,
               run.schedule->reference ? ", the same at any rank count" : "");
  }
}

}  // namespace synbal::app
