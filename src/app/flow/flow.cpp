// synbal flow FILE -o TRAJECTORY.h5
#include "app/flow/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "app/command.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/watchdog.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

// Parts of the state that is kept, beside that of the flow itself.
constexpr const char* kStart = "start";
constexpr const char* kRecording = "recording";
constexpr const char* kInvariants = "invariants";
constexpr const char* kHeat = "heat";

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

/// Collective. A run that is gone on with began where it says; --force begins at the h of another one.
Start find_start(const FlowOptions& o, const Network& network, const BalanceProblem& problem, RunKeeper& keeper) {
  if (const auto part = keeper.take(kStart)) {
    const auto h = part->values("h");
    return {part->number("time"), {h.begin(), h.end()}, {}};
  }
  if (!keeper.start().empty()) return {0, {keeper.start().begin(), keeper.start().end()}, {}};
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
  FlowRun(const Comm& comm, FlowOptions& options, LoadedNetwork& loaded, Checkpointing& checkpoints,
          const Provenance& about)
      : comm_(comm),
        o_(options),
        loaded_(loaded),
        problem_(comm_, loaded.network, loaded.components, options.input.power),
        kernel_(problem_),
        sums_(problem_),
        keeper_(attached(checkpoints, about)),
        start_(find_start(options, loaded.network, problem_, checkpoints)),
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
    o_.params.keeper = keeper_;
    go_on();
  }

  /// Collective. Makes the file, integrates, records.
  FlowResult operator()(const TimesWanted& times, const Provenance& about, PhaseTimes& spent) {
    o_.params.outputs = output_times(times, start_.time, o_.params.end_time, first_output(*flow_, start_.h));
    const auto outputs = o_.params.outputs.count();
    const auto earlier = keeper_->take(kRecording);
    timed(comm_, spent.write, [&] { recording_->open(o_.output, outputs ? *outputs + 2 : 0, about, earlier); });
    const auto kept = kept_parts();
    enter_phase("solve");
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
  /// Collective. Reads what there is to go on from.
  RunKeeper* attached(Checkpointing& checkpoints, const Provenance& about) {
    checkpoints.attach(loaded_.network, problem_, facts_of(comm_, o_, loaded_.network), about);
    return &checkpoints;
  }

  /// Collective. What is watched and goes along begins where it was.
  void go_on() {
    if (const auto part = keeper_->take(kInvariants)) monitor_.go_on_from(*part);
    if (!companions_.heat) return;
    if (const auto part = keeper_->take(kHeat)) companions_.heat->go_on_from(*part);
  }

  /// The parts of the state that this run tells.
  [[nodiscard]] std::vector<std::unique_ptr<KeptPart>> kept_parts() {
    std::vector<std::unique_ptr<KeptPart>> parts;
    const auto keep = [&](const char* name, KeptPart::Tell tell) {
      parts.push_back(std::make_unique<KeptPart>(keeper_, name, std::move(tell)));
    };
    keep(kStart, [this](RunPart& part) {
      part.put("time", start_.time);
      part.neurons["h"] = start_.h;
    });
    keep(kRecording, [this](RunPart& part) { recording_->tell(part); });
    keep(kInvariants, [this](RunPart& part) { monitor_.tell(part); });
    if (companions_.heat) keep(kHeat, [this](RunPart& part) { companions_.heat->tell(part); });
    return parts;
  }

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
    fault_point("solve");
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
  RunKeeper* keeper_;
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
  const auto kept = o.checkpoint.interval > 0 ? o.checkpoint.path_for(o.output) : std::string();
  check_outputs(context,
                {{o.output, OutputKind::trajectory},
                 {growing_trajectory(o.output), OutputKind::trajectory},
                 {o.report, OutputKind::report},
                 {kept, OutputKind::checkpoint}},
                input_files(o));
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

/// Whether the flow came to where it was to go.
bool is_whole(FlowEnd end) { return end == FlowEnd::equilibrium || end == FlowEnd::end_time; }

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

ExitCode run(const Context& context, FlowOptions& options, const TimesWanted& wanted, const Beginning& beginning,
             Checkpointing& checkpoints) {
  const auto& comm = context.world;
  const auto& guard = context.signals;
  options.params.interrupted = [&] { return guard.requested(); };
  PhaseTimes times;
  std::optional<const TimeLimit> until_solve(time_to_begin(options.params.max_seconds, beginning));
  auto loaded = load_for_flow(comm, options, times);
  refuse_foreign(context);
  auto about = provenance_of(context, options.input, loaded.network, beginning.date);
  about.tolerance = options.params.tolerance, about.finished = "", about.exit_code = -1;
  FlowRun flow(comm, options, loaded, checkpoints, about);
  const HearsSignals hears;
  until_solve.reset();
  options.params.max_seconds = beginning.left_of(options.params.max_seconds);
  const auto found = flow(wanted, about, times);
  const auto assessed = timed(comm, times.solve, [&] { return flow.assessed(found); });
  auto report = report_of(options, loaded, flow, found, assessed, comm.max(guard.signal()));
  about.finished = utc_now(), about.reason = report.reason,
  about.exit_code = static_cast<int>(code_of(found.end, report.cuts));
  agreed(comm, [] { fault_point("write"); });
  const auto lost = timed(comm, times.write, [&] { return finish(flow.recording(), about); });
  if (is_whole(found.end) && !lost) checkpoints.remove();
  report.resumed = checkpoints.resumed();
  if (checkpoints.written().written > 0) report.kept = checkpoints.written();
  if (checkpoints.kept()) report.advice = checkpoints.advice();
  times.total = comm.max(beginning.timer.seconds());
  report.time = times, report.memory = memory_of(comm), report.head = head_of(context, beginning.date);
  tell(context, report, options.report);
  if (lost) throw *lost;
  tell_how_to_go_on(report);
  context.session.refuse_unused_petsc_options();  // last, so that a finished trajectory is not lost over them
  return code_of(found.end, report.cuts);
}

ExitCode run(const Context& context, FlowOptions options) {
  const Beginning beginning;
  const auto wanted = check(context, options);
  Checkpointing checkpoints(context, options.checkpoint, options.output, beginning);
  try {
    return run(context, options, wanted, beginning, checkpoints);
  } catch (const Error& e) {  // of all ranks together
    throw checkpoints.as_stopped(e);
  }
}

}  // namespace

Command add_flow(const OptionSet& root) {
  const auto command = root.add_command("flow", "follow the balancing dynamics over time (Lax flow, by CVODE)");
  auto o = std::make_shared<FlowOptions>();
  add_flow_options(command, *o);
  command.footer(
      "Exit codes: 0 equilibrium or the end time reached, 4 step limit reached, tolerances that cannot be met or a\n"
      "weak cut that is not at its end, 75 stopped by TERM, INT, USR2 or --max-walltime. The trajectory is valid in\n"
      "every case. --resume goes on with it from the checkpoint: rows are those of an undisturbed run to within the\n"
      "integrator's tolerances, and so is the way to the equilibrium, whose h is the same. --initial begins another\n"
      "trajectory at its end.\n"
      "PETSc options that begin with -flow_ choose the preconditioner, e.g. -- -flow_pc_type gamg.");
  command.examples(
      {"synbal flow net.h5 -o way.h5 --heat", "synbal flow net.h5 -o more.h5 --initial way.h5 --end-time 10"});
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
