// synbal flow FILE -o TRAJECTORY.h5
#include "app/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/command.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

/// Where a flow begins.
struct Start {
  double time = 0;
  std::vector<double> h;  // [network rows] as it is read, [active neurons] as it is used
  std::string checksum;   // of the network that it was made from
};

/// Collective.
Start read_start(const Comm& comm, const Network& network, const std::string& path) {
  if (is_trajectory(comm, path)) {
    auto end = read_trajectory_end(comm, network, path);
    return {end.time, std::move(end.h), end.provenance.input_checksum};
  }
  auto stored = read_result(comm, network, path);
  return {0, std::move(stored.h), stored.provenance.input_checksum};
}

/// Collective.
Start find_start(const FlowOptions& o, const Network& network, const BalanceProblem& problem) {
  if (o.initial.empty()) return {0, std::vector<double>(at(problem.size()), 0.0), {}};
  auto start = read_start(problem.comm(), network, o.initial);
  warn_of_other_input(o.initial, start.checksum, network, "its h is the start");
  check_still(o.initial, network, problem, start.h, ", --pinned and --components");
  start.h = problem.from_network(start.h);
  return start;
}

/// Collective. Where logarithmic output times begin: a round number some hundred times below the time in which the
/// fastest neuron moves.
double first_output(Flow& flow, std::span<const double> h) {
  const double fastest = flow.fastest_rate(h);
  const bool usable = fastest > 1e-280 && fastest < 1e280;  // far enough inside the range of doubles
  return usable ? std::pow(10.0, std::floor(std::log10(0.01 / fastest))) : 1e-3;
}

/// The run itself, from the start to the end of the integration.
class FlowRun {
 public:
  /// Collective. All must outlive it; the weights of a network that is shaken change.
  FlowRun(const Comm& comm, FlowOptions& options, LoadedNetwork& loaded)
      : comm_(comm),
        o_(options),
        loaded_(loaded),
        problem_(comm_, loaded.network, loaded.components, options.input.power),
        kernel_(problem_),
        sums_(problem_),
        start_(find_start(options, loaded.network, problem_)),
        monitor_(problem_, loaded.network, loaded.components, sums_, start_.h, watched()) {
    o_.params.start_time = start_.time;
    agreed(comm_, [&] { check_end(); });
    if (o_.is_cost_flow()) {
      flow_ = std::make_unique<Flow>(problem_, kernel_, sums_);
    } else {
      flow_ = std::make_unique<Flow>(problem_, kernel_, sums_, loaded.network, loaded.components, local_rule(o_.rule));
    }
    if (o_.shaken) {
      shaken_ = std::make_unique<ShakenFlow>(*flow_, problem_, loaded.network, loaded.components, *o_.shaken);
    }
    add_companions();
    recording_ = std::make_unique<Recording>(comm_, loaded.network, problem_, o_, monitor_, companions_);
  }

  /// Collective. Makes the file, integrates, records.
  FlowResult operator()(const TimesWanted& times, const Provenance& about, PhaseTimes& spent) {
    o_.params.outputs = output_times(times, start_.time, o_.params.end_time, first_output(*flow_, start_.h));
    const auto outputs = o_.params.outputs.count();
    timed(comm_, spent.write, [&] { recording_->open(o_.output, outputs ? *outputs + 2 : 0, about); });
    const Timer solving;
    Progress progress("flow");
    const FlowObserver observer = [&](const FlowMoment& m) { observe(m, progress); };
    const auto found = shaken_ ? (*shaken_)(start_.h, o_.params, observer) : (*flow_)(start_.h, o_.params, observer);
    spent.write += comm_.max(recording_->writing());
    spent.solve = comm_.max(solving.seconds() - recording_->writing());
    for (const auto& line : monitor_.violations()) log_warning("{}", line);
    return found;
  }

  /// Collective. How far an end at equilibrium is from the minimum of the cost.
  std::optional<Assessment> assessed(const FlowResult& found) {
    if (found.end != FlowEnd::equilibrium || !o_.is_cost_flow() || o_.all_components) return {};
    problem_.rebase(found.h);
    NeuronCosts costs;
    evaluate(problem_, kernel_, std::vector<double>(found.h.size(), 0.0), costs);
    return assess(problem_, kernel_, costs);
  }

  [[nodiscard]] const BalanceProblem& problem() const { return problem_; }
  [[nodiscard]] const InvariantMonitor& monitor() const { return monitor_; }
  [[nodiscard]] const Companions& companions() const { return companions_; }
  [[nodiscard]] std::optional<ShakeResult> shake() const {
    return shaken_ ? std::optional(shaken_->result()) : std::nullopt;
  }
  [[nodiscard]] Recording& recording() { return *recording_; }

 private:
  void check_end() const {
    if (o_.params.end_time >= start_.time) return;
    throw usage_error(fmt::format("--end-time {:g} lies before the time {:g} at which {} ends: give a later one",
                                  o_.params.end_time, start_.time, o_.initial));
  }

  [[nodiscard]] InvariantParams watched() const {
    InvariantParams params;
    params.sum_of_h = local_rule(o_.rule).is_gradient_flow();
    params.cost_falls = o_.is_cost_flow() && !o_.shaken;
    return params;
  }

  void add_companions() {
    const auto& integrator = o_.params.integrator;
    if (o_.heat) {
      companions_.heat = std::make_unique<HeatCompanion>(problem_, sums_, start_.h, start_.time, integrator);
    }
    if (o_.weights) {
      companions_.weights = std::make_unique<WeightCompanion>(problem_, loaded_.network, loaded_.components,
                                                              local_rule(o_.rule), start_.time, start_.h, integrator);
    }
  }

  void observe(const FlowMoment& moment, Progress& progress) {
    monitor_.step(moment.time, moment.h, moment.cost);
    if (moment.output) {
      monitor_.output(moment.time, moment.h);
      recording_->row(moment);
    }
    const bool foreseeable = std::isinf(o_.params.end_time) && o_.is_cost_flow();
    const double target = foreseeable ? o_.params.tolerance : std::numeric_limits<double>::infinity();
    progress_of(progress, comm_, target)({moment.statistics.steps, moment.cost, moment.imbalance.l1, 0});
  }

  const Comm& comm_;
  FlowOptions& o_;
  const LoadedNetwork& loaded_;
  BalanceProblem problem_;
  FusedKernel kernel_;
  ComponentSums sums_;
  Start start_;
  InvariantMonitor monitor_;
  std::unique_ptr<Flow> flow_;
  std::unique_ptr<ShakenFlow> shaken_;
  Companions companions_;
  std::unique_ptr<Recording> recording_;
};

/// Collective. Everything that can be refused without reading the network.
TimesWanted check(const Context& context, FlowOptions& o) {
  const auto& comm = context.world;
  check_flow_options(comm, o);
  auto times = parse_output_times(comm, o);
  context.session.refuse_unused_petsc_options("flow_");  // those of the solver can only be judged at the end
  check_outputs(context, {{o.output, OutputKind::trajectory}, {o.report, OutputKind::report}}, input_files(o));
  return times;
}

/// Collective.
LoadedNetwork load_for_flow(const Comm& comm, const FlowOptions& o, PhaseTimes& times) {
  if (!o.all_components) return load(comm, o.input, times);
  LoadedNetwork loaded;
  loaded.network = load_network(comm, o.input, times);
  refuse_ties(comm, loaded.network);
  if (FreeSynapses(comm, loaded.network).any()) {
    throw bad_input(fmt::format(
        "{}: has synapses that cost nothing (a gain or alpha of 0), and --components all lets every synapse "
        "drive: leave one of them out",
        o.input.path));
  }
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

/// Collective. All of the report but head, time and memory.
FlowReport report_of(const FlowOptions& o, const LoadedNetwork& loaded, FlowRun& run, const FlowResult& found,
                     const std::optional<Assessment>& assessed, int signal) {
  const auto& problem = run.problem();
  const auto& comm = problem.comm();
  FlowReport report{o, found, run.recording(), run.monitor().invariants(), reason_of(found.end, signal)};
  report.input = input_of(comm, loaded.network);
  report.components = components_of(loaded.components, problem, found.initial_cost);
  report.cost = {problem.power(), found.initial_cost, found.final_cost, {}, {}};
  if (assessed) report.cost.bound_by(assessed->certificate, problem), report.newton_step = assessed->newton_step_inf;
  if (assessed) report.cuts = assessed->cuts;
  if (found.end == FlowEnd::equilibrium && code_of(found.end, report.cuts) != ExitCode::done) {
    report.reason = "single neurons balanced, a weak cut not";
  }
  report.heat = heat_of(comm, run.companions(), found), report.weights = weights_of(run.companions());
  report.shake = run.shake();
  report.h = h_of(problem, found.h), report.parallel = parallel_of(loaded.network, problem);
  return report;
}

ExitCode run(const Context& context, FlowOptions options) {
  const Beginning beginning;
  const auto& comm = context.world;
  const auto wanted = check(context, options);
  const auto& guard = context.signals;
  options.params.interrupted = [&] { return guard.requested(); };
  PhaseTimes times;
  auto loaded = load_for_flow(comm, options, times);
  FlowRun flow(comm, options, loaded);
  refuse_foreign(context);
  options.params.max_seconds = beginning.left_of(options.params.max_seconds);
  auto about = provenance_of(context, options.input, loaded.network, beginning.date);
  about.tolerance = options.params.tolerance, about.finished = "", about.exit_code = -1;
  const HearsSignals hears;
  const auto found = flow(wanted, about, times);
  const auto assessed = timed(comm, times.solve, [&] { return flow.assessed(found); });
  auto report = report_of(options, loaded, flow, found, assessed, comm.max(guard.signal()));
  about.finished = utc_now(), about.reason = report.reason,
  about.exit_code = static_cast<int>(code_of(found.end, report.cuts));
  const auto lost = timed(comm, times.write, [&] { return finish(flow.recording(), about); });
  times.total = comm.max(beginning.timer.seconds());
  report.time = times, report.memory = memory_of(comm), report.head = head_of(context, beginning.date);
  tell(context, report, options.report);
  if (lost) throw *lost;
  tell_how_to_go_on(report);
  context.session.refuse_unused_petsc_options();  // last, so that a finished trajectory is not lost over them
  return code_of(found.end, report.cuts);
}

}  // namespace

Command add_flow(const OptionSet& root) {
  const auto command = root.add_command("flow", "follow the balancing dynamics over time (Lax flow, by CVODE)");
  auto o = std::make_shared<FlowOptions>();
  add_flow_options(command, *o);
  command.footer(
      "Exit codes: 0 equilibrium or the end time reached, 4 step limit reached, tolerances that cannot be met or a\n"
      "weak cut that is not at its end, 75 stopped by TERM, INT, USR2 or --max-walltime (USR1 only asks to save, and\n"
      "rows are safe). The trajectory is valid in every case; --initial goes on from it.\n"
      "PETSc options that begin with -flow_ choose the preconditioner, e.g. -- -flow_pc_type gamg.");
  command.examples(
      {"synbal flow net.h5 -o way.h5 --heat", "synbal flow net.h5 -o more.h5 --initial way.h5 --end-time 10"});
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
