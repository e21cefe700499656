// synbal flow FILE -o TRAJECTORY.h5
#include "synbal/flow/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/command.hpp"
#include "app/flow_report.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/progress.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/flow/rule_flow.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

/// Where a flow begins, for the active neurons.
struct Start {
  double time = 0;
  std::vector<double> h;
};

/// Collective. What cannot move here must not have moved there.
void check_still(const Comm& comm, const FlowOptions& o, const Network& network, const BalanceProblem& problem,
                 std::span<const double> h) {
  auto still = std::vector<double>(h.begin(), h.end());
  for (const auto row : problem.network_row()) still[static_cast<std::size_t>(row)] = 0;
  agreed(comm, [&] {
    const auto moved = std::ranges::find_if(still, [](double v) { return v != 0; });
    if (moved == still.end()) return;
    throw bad_input(fmt::format(
        "{}: h of the neuron at place {} is {:g}, but here it cannot move (pinned, or on no cycle): give the network, "
        "--pinned and --components it was made with",
        o.initial, network.file_index(static_cast<LocalIndex>(moved - still.begin())), *moved));
  });
}

/// Collective.
Start find_start(const Comm& comm, const FlowOptions& o, const Network& network, const BalanceProblem& problem) {
  if (o.initial.empty()) return {0, std::vector<double>(static_cast<std::size_t>(problem.size()), 0.0)};
  Start start;
  std::vector<double> h;
  Provenance made;
  if (is_trajectory(comm, o.initial)) {
    auto end = read_trajectory_end(comm, network, o.initial);
    start.time = end.time, h = std::move(end.h), made = std::move(end.provenance);
  } else {
    auto stored = read_result(comm, network, o.initial);
    h = std::move(stored.h), made = std::move(stored.provenance);
  }
  if (made.input_checksum != network.facts.checksum) {
    log_warning("{} was not made from {} (checksums differ): its h is the start all the same", o.initial, o.input.path);
  }
  check_still(comm, o, network, problem, h);
  start.h = problem.from_network(h);
  return start;
}

/// Collective. Where logarithmic output times begin: a round number some hundred times below the time in which the
/// fastest neuron moves.
double first_output(const BalanceProblem& problem, FusedKernel& kernel, RuleFlow* rule, std::span<const double> h) {
  std::vector<double> rate(h.size());
  if (rule != nullptr) {
    rule->derivative(h, rate);
    for (double& r : rate) r = std::abs(r);
  } else {
    auto delta = std::vector<double>(h.begin(), h.end());
    for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= problem.base()[i];
    NeuronCosts costs;
    evaluate(problem, kernel, delta, costs);
    for (std::size_t i = 0; i < rate.size(); ++i) rate[i] = problem.cost_unit() * (costs.in[i] + costs.out[i]);
  }
  double fastest = 0;
  for (const double r : rate) fastest = std::max(fastest, r);
  fastest = problem.power() * problem.comm().max(fastest);
  const bool usable = fastest > 1e-280 && fastest < 1e280;
  return usable ? std::pow(10.0, std::floor(std::log10(0.01 / fastest))) : 1e-3;
}

/// The run itself, from the start to the end of the integration.
class Run {
 public:
  Run(const Comm& comm, FlowOptions& options, const Loaded& loaded)
      : comm_(comm),
        o_(options),
        loaded_(loaded),
        problem_(comm_, loaded.network, loaded.components, options.input.power),
        kernel_(problem_),
        sums_(problem_),
        start_(find_start(comm_, options, loaded.network, problem_)),
        monitor_(problem_, loaded.network, loaded.components, sums_, start_.h, watched()) {
    o_.params.start_time = start_.time;
    agreed(comm_, [&] {
      if (o_.params.end_time >= start_.time) return;
      throw usage_error(fmt::format("--end-time {:g} lies before the time {:g} at which {} ends: give a later one",
                                    o_.params.end_time, start_.time, o_.initial));
    });
    if (!o_.is_cost_flow()) {
      rule_ = std::make_unique<RuleFlow>(problem_, loaded.network, loaded.components, sums_, local_rule(o_.rule));
    }
    add_companions();
    recording_ = std::make_unique<Recording>(comm_, loaded.network, problem_, o_, monitor_, companions_);
  }

  /// Collective. Makes the file, integrates, records.
  FlowResult operator()(const TimesWanted& times, const Provenance& about, PhaseTimes& spent) {
    o_.params.outputs =
        output_times(times, start_.time, o_.params.end_time, first_output(problem_, kernel_, rule_.get(), start_.h));
    const auto outputs = o_.params.outputs.count();
    timed(comm_, spent.write, [&] { return recording_->open(o_, outputs ? *outputs + 2 : 0, about), 0; });
    const Timer solving;
    Progress progress("flow");
    const auto found = integrate([&](const FlowMoment& m) { observe(m, progress); });
    spent.write += comm_.max(recording_->writing());
    spent.solve = comm_.max(solving.seconds() - recording_->writing());
    for (const auto& line : monitor_.violations()) log_warning("{}", line);
    return found;
  }

  /// Collective. How far an end at equilibrium is from the minimum of the cost.
  std::optional<Assessment> judged(const FlowResult& found) {
    if (found.end != FlowEnd::equilibrium || !o_.is_cost_flow() || o_.components != "balance") return {};
    problem_.rebase(found.h);
    NeuronCosts costs;
    evaluate(problem_, kernel_, std::vector<double>(found.h.size(), 0.0), costs);
    return assess(problem_, kernel_, costs);
  }

  [[nodiscard]] const BalanceProblem& problem() const { return problem_; }
  [[nodiscard]] const InvariantMonitor& monitor() const { return monitor_; }
  [[nodiscard]] const Companions& companions() const { return companions_; }
  [[nodiscard]] Recording& recording() { return *recording_; }

 private:
  [[nodiscard]] InvariantParams watched() const {
    InvariantParams params;
    params.sum_of_h = local_rule(o_.rule).is_gradient_flow();
    params.cost_falls = o_.is_cost_flow();
    return params;
  }

  void add_companions() {
    const auto& integrator = o_.params.integrator;
    if (o_.heat) {
      heat_kernel_ = std::make_unique<FusedKernel>(problem_);
      companions_.heat_flow = std::make_unique<HeatFlow>(problem_, *heat_kernel_, sums_, start_.h);
      companions_.heat = std::make_unique<HeatCompanion>(*companions_.heat_flow, start_.time, integrator);
    }
    if (o_.weights) {
      companions_.weight_flow =
          std::make_unique<WeightFlow>(problem_, loaded_.network, loaded_.components, local_rule(o_.rule));
      companions_.weights =
          std::make_unique<WeightCompanion>(*companions_.weight_flow, start_.time, start_.h, integrator);
    }
  }

  FlowResult integrate(const FlowObserver& observer) {
    if (rule_) return run_rule_flow(*rule_, problem_, kernel_, start_.h, o_.params, observer);
    CostFlow flow(problem_, kernel_, sums_);
    return run_flow(flow, start_.h, o_.params, observer);
  }

  void observe(const FlowMoment& moment, Progress& progress) {
    monitor_.step(moment.time, moment.h, moment.cost);
    if (moment.output) {
      monitor_.output(moment.time, moment.h);
      recording_->row(moment);
    }
    const double l1 = moment.imbalance.l1;
    const bool ahead = std::isinf(o_.params.end_time) && o_.is_cost_flow() && l1 > o_.params.tolerance;
    const auto target = ahead ? std::optional(o_.params.tolerance) : std::nullopt;
    if (comm_.is_root()) progress.update(moment.statistics.steps, moment.cost, l1, target);
  }

  const Comm& comm_;
  FlowOptions& o_;
  const Loaded& loaded_;
  BalanceProblem problem_;
  FusedKernel kernel_;
  std::unique_ptr<FusedKernel> heat_kernel_;
  ComponentSums sums_;
  Start start_;
  InvariantMonitor monitor_;
  std::unique_ptr<RuleFlow> rule_;
  Companions companions_;
  std::unique_ptr<Recording> recording_;
};

/// Collective. Everything that can be refused without reading the network.
TimesWanted check(const Context& context, FlowOptions& o) {
  const auto& comm = context.world;
  check_flow_options(comm, o);
  auto times = parse_output_times(comm, o.output_times, o.end_time.has_value());
  context.session.refuse_unused_petsc_options("flow_");  // those of the solver can only be judged at the end
  auto others = input_files(o);
  check_output(comm, o.output, OutputKind::trajectory, others);
  others.push_back(o.output);
  if (!o.report.empty()) check_output(comm, o.report, OutputKind::report, others);
  return times;
}

Loaded load_as_told(const Comm& comm, const FlowOptions& o, PhaseTimes& times) {
  if (o.components == "balance") return load(comm, o.input, times);
  Loaded loaded;
  loaded.network = load_network(comm, o.input, times);
  loaded.components = one_component(loaded.network);
  return loaded;
}

/// Collective. What went wrong with the last word in the file: its rows are whole all the same, and the report is due.
std::optional<Error> finish(Recording& recording, const Provenance& about) {
  try {
    recording.finish(about);
  } catch (const Error& e) {  // of all ranks together
    return e;
  }
  return {};
}

ExitCode run(const Context& context, FlowOptions options) {
  const Timer total;
  const auto started = utc_now();
  const auto& comm = context.world;
  const auto wanted = check(context, options);
  const InterruptGuard guard;
  options.params.interrupted = [&] { return guard.requested(); };
  PhaseTimes times;
  const auto loaded = load_as_told(comm, options, times);
  Run flow(comm, options, loaded);
  // The walltime counts from the start of the run; what reading took is gone.
  auto& limit = options.params.max_seconds;
  if (limit > 0) limit = std::max(1e-3, limit - total.seconds());
  auto about = provenance_of(context, options.input, loaded.network, started);
  about.tolerance = options.params.tolerance, about.finished = "", about.exit_code = -1;
  const auto found = flow(wanted, about, times);

  const auto judgement = timed(comm, times.solve, [&] { return flow.judged(found); });
  Flowed done{context,
              options,
              loaded.network,
              loaded.components,
              flow.problem(),
              found,
              judgement,
              flow.monitor().invariants(),
              flow.companions(),
              flow.recording(),
              comm.max(guard.signal()),
              started,
              times};
  about.finished = utc_now(), about.reason = done.reason(), about.exit_code = static_cast<int>(done.code());
  const auto lost = timed(comm, done.times.write, [&] { return finish(flow.recording(), about); });
  done.times.total = comm.max(total.seconds());
  const auto report = flow_report(done);
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (!options.report.empty()) write_report(report, options.report);
    if (context.verbosity >= 0) print_flow_summary(report, options);
  });
  if (lost) throw *lost;
  tell_how_to_go_on(done);
  context.session.refuse_unused_petsc_options();  // last, so that a finished trajectory is not lost over them
  return done.code();
}

}  // namespace

Command add_flow(const OptionSet& root) {
  const auto command = root.add_command("flow", "follow the balancing dynamics over time (Lax flow, by CVODE)");
  auto o = std::make_shared<FlowOptions>();
  add_flow_options(command, *o);
  command.footer(
      "Exit codes: 0 equilibrium or the end time reached, 4 step limit reached or tolerances that cannot be met, 75 "
      "stopped by USR1, TERM, INT or --max-walltime. The trajectory is valid in every case; --initial goes on from "
      "it.\n"
      "PETSc options that begin with -flow_ choose the preconditioner, e.g. -- -flow_pc_type gamg.");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
