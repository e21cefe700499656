// synbal simulate FILE -o OUT.h5
#include "app/simulate/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "app/command.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::app {

namespace {

constexpr std::int64_t kMostRecorded = std::int64_t{1} << 30;  // values a rank: 8 GiB
constexpr double kMostKept = 1 << 26;                          // recorded values in a checkpoint: 512 MiB on every rank

/// Steps until the next look at the clock and for signals, so that those come about five times a second.
class Listener {
 public:
  Listener(const Comm& comm, std::int64_t steps) : comm_(&comm), last_(steps), next_(steps + 1) {}
  /// Whether it is time to look, after `steps` steps.
  [[nodiscard]] bool is_due(std::int64_t steps) const { return steps >= next_; }
  /// Collective. The largest wish of all ranks.
  Wish heard(Wish own, std::int64_t steps) {
    std::array<double, 2> most{static_cast<double>(own), timer_.seconds()};
    comm_->max(std::span<double>(most));
    const double a_step = most[1] / static_cast<double>(std::max<std::int64_t>(steps - last_, 1));
    next_ = steps + std::clamp<std::int64_t>(std::llround(0.2 / std::max(a_step, 1e-6)), 1, 1000);
    last_ = steps;
    timer_.restart();
    return static_cast<Wish>(std::llround(most[0]));
  }

 private:
  const Comm* comm_;
  Timer timer_;
  std::int64_t last_, next_;
};

/// Collective. Keeps the state of an experiment; does not come back from Wish::stop.
void keep(StateFile& file, const Network& network, const Experiment& experiment, Wish agreed) {
  Checkpoint state;
  state.h.assign(at(network.local_size()), 0.0);
  experiment.keep(state);
  file.write(std::move(state), agreed);
}

/// Collective. Makes steps until the end, or until the time is up. @return whether it is the end.
bool run_steps(StateFile& file, const Network& network, Experiment& experiment, const Comm& comm, const TimeGrid& grid,
               double seconds) {
  const Timer timer;
  const auto before = experiment.steps();  // by earlier runs
  CountProgress progress("simulate", grid.count - before, before > 0 ? "steps that are left" : "steps");
  Listener listener(comm, before);
  while (!experiment.is_over()) {
    experiment.advance();
    progress.update(experiment.steps() - before);
    if (!listener.is_due(experiment.steps())) continue;
    fault_point("solve");
    const bool late = seconds > 0 && timer.seconds() > seconds;
    const auto wish = listener.heard(std::max(file.wish(), late ? Wish::late : Wish::go_on), experiment.steps());
    if (wish != Wish::go_on) keep(file, network, experiment, wish);
    if (wish == Wish::late) return experiment.is_over();
  }
  return true;
}

/// Collective. The owned neurons whose states are recorded.
std::vector<LocalIndex> chosen(const Comm& comm, const Network& network, const SimulateOptions& o,
                               const Setting& setting) {
  const auto marked = select_neurons(comm, network, "--record", o.record);
  std::vector<LocalIndex> neurons;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] != 0) neurons.push_back(static_cast<LocalIndex>(i));
  }
  agreed(comm, [&] {
    const auto times = setting.grid.count / o.every, runs = setting.ensemble.runs();
    const double values = static_cast<double>(times) * static_cast<double>(runs) * static_cast<double>(neurons.size());
    if (values <= static_cast<double>(kMostRecorded)) return;
    throw usage_error(
        fmt::format("--record of {} neurons in {} runs at {} times are {:.3g} numbers on a rank, which must "
                    "fit in memory: name fewer, or give --every more steps",
                    neurons.size(), runs, times, values));
  });
  return neurons;
}

void warn(const SimulateOptions& o, const DynamicsParams& dynamics, const Network& network) {
  if (!dynamics.phi.is_homogeneous()) {
    log_warning("{} is not homogeneous: gains are measured, but no scaling keeps what such a network computes", o.phi);
  }
  const auto& exponent = network.nodes.exponent;
  const auto differs = [&](double k) { return k != dynamics.phi.power; };
  if (std::ranges::any_of(exponent, differs) && dynamics.phi.is_homogeneous()) {
    log_warning("{} has neurons whose /exponent is not the {:g} of {}", network.facts.path, dynamics.phi.power, o.phi);
  }
}

/// Networks of (rectified) linear neurons may grow for ever.
void warn_of_growth(double output_power) {
  constexpr double large = 1e12;
  const double size = std::sqrt(output_power);
  if (!(size > large)) return;
  log_warning(
      "the outputs have grown to {:.0e} (root mean square): this network has no bound, and errors by noise tell how "
      "it grows, not how it computes; try a smaller --coupling, or a shorter --end-time",
      size);
}

/// Collective. The largest difference of gains, neuron by neuron in the order of the file.
double gain_difference(const Comm& comm, const Network& a, const Gains& of_a, const Network& b, const Gains& of_b) {
  const auto rows = Ownership::even(comm, a.size());
  double largest = 0;
  for (const auto field : {&Gains::mean, &Gains::mean_square}) {
    const auto x = to_file_order<double>(comm, a, rows, of_a.*field);
    const auto y = to_file_order<double>(comm, b, rows, of_b.*field);
    for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  }
  return comm.max(largest);
}

/// A network that is run, and the one beside it.
struct Loaded {
  Network network;
  std::optional<Network> other;
  DrawnArrays drawn;
};

/// Collective.
Loaded load_for_simulation(const Comm& comm, const SimulateOptions& o, PhaseTimes& times) {
  Loaded loaded;
  loaded.network = load_network(comm, o.input, times);
  for (auto& weight : loaded.network.weight) weight *= o.coupling;
  loaded.drawn = complete(comm, o, loaded.network);
  if (!o.against.empty()) loaded.other = read_against(comm, o, loaded.network, times);
  return loaded;
}

/// Collective. What was found of both.
void tell_findings(const Comm& comm, const Experiment& experiment, const Loaded& loaded, SimulateReport& report) {
  report.steps = experiment.steps(), report.clean = experiment.clean_level();
  report.found = section_of(comm, loaded.network, experiment.measured(0));
  if (!loaded.other) return;
  report.against = AgainstSection{report.options.against, section_of(comm, *loaded.other, experiment.measured(1)),
                                  experiment.largest_difference(), experiment.largest_output()};
  report.against->places = places_of(*loaded.other);
  report.against->gain_difference = gain_difference(comm, loaded.network, report.found.measured.gains, *loaded.other,
                                                    report.against->found.measured.gains);
}

/// Collective. Reads what there is to go on from.
void go_on(const Comm& comm, StateFile& file, const SimulateOptions& o, const Network& network, Experiment& experiment,
           const Provenance& about) {
  if (o.checkpoint.interval > 0 && experiment.recorded_in_the_end() > kMostKept) {
    throw usage_error(
        fmt::format("{:.3g} recorded numbers are too many for checkpoints, which every rank gathers: "
                    "record fewer neurons or times, or give --checkpoint-interval 0",
                    experiment.recorded_in_the_end()));
  }
  const auto found = file.open(network, facts_of(comm, o, network), about, "the start");
  if (found && !found->is_other) experiment.go_on_from(found->checkpoint);
}

/// With a checkpoint scripts can go on.
ExitCode code_of(bool is_whole, const StateFile& file) {
  if (is_whole) return ExitCode::done;
  return file.written().written > 0 ? ExitCode::stopped : ExitCode::not_converged;
}

/// Collective. Writes and tells what was found.
ExitCode conclude(const Context& context, const Loaded& loaded, const std::vector<LocalIndex>& recorded,
                  const Experiment& experiment, const StateFile& file, SimulateReport& report, Provenance about,
                  const Beginning& beginning) {
  const auto& comm = context.world;
  const auto& o = report.options;
  const auto code = code_of(report.is_whole, file);
  about.reason = report.reason, about.exit_code = static_cast<int>(code), about.finished = utc_now();
  agreed(comm, [] { fault_point("write"); });
  timed(comm, report.time.write,
        [&] { write_simulation(comm, loaded.network, report, recorded, experiment.times(), about); });
  if (code == ExitCode::done) file.remove();
  report.resumed = file.resumed();
  if (file.written().written > 0) report.kept = file.written();
  report.time.total = comm.max(beginning.timer.seconds());
  report.memory = memory_of(comm), report.head = head_of(context, beginning.date);
  tell(context, report, o.report);
  warn_of_growth(report.found.measured.output_power);
  if (code == ExitCode::stopped) log_warning("the time was up; {}", file.advice());
  if (code == ExitCode::not_converged) {
    log_warning(
        "--max-walltime ended the run: allow more time or more ranks, or --checkpoint-interval above 0 to go on");
  }
  return code;
}

ExitCode simulate(const Context& context, const SimulateOptions& o, const SimulateSettings& settings, StateFile& file,
                  const Beginning& beginning) {
  const auto& comm = context.world;
  PhaseTimes times;
  std::optional<const TimeLimit> until_steps(time_to_begin(settings.max_seconds, beginning));
  const auto loaded = load_for_simulation(comm, o, times);
  const auto& network = loaded.network;
  refuse_foreign(context);
  warn(o, settings.dynamics, network);
  auto setting = setting_of(comm, o, settings, network);
  const auto recorded = chosen(comm, network, o, setting);
  std::vector<const Network*> networks{&network};
  if (loaded.other) networks.push_back(&*loaded.other);
  Experiment experiment(comm, networks, settings.dynamics, setting.ensemble, setting.protocol,
                        {setting.grid, o.every, recorded, o.amplification});
  const auto about = provenance_of(context, o.input, network, beginning.date);
  go_on(comm, file, o, network, experiment, about);
  SimulateReport report{o, settings, setting, loaded.drawn};
  {
    const HearsSignals hears;
    until_steps.reset();
    report.is_whole = timed(comm, times.solve, [&] {
      return run_steps(file, network, experiment, comm, setting.grid, beginning.left_of(settings.max_seconds));
    });
  }
  tell_findings(comm, experiment, loaded, report);
  if (!report.is_whole) {
    report.reason = fmt::format("walltime reached at time {:g}", static_cast<double>(report.steps) * setting.grid.step);
  }
  report.inputs = setting.protocol.input->channels(), report.outputs = experiment.outputs();
  report.recorded = comm.sum(std::ssize(recorded)), report.input = input_of(comm, network), report.time = times;
  return conclude(context, loaded, recorded, experiment, file, report, about, beginning);
}

ExitCode run(const Context& context, const SimulateOptions& o) {
  const Beginning beginning;
  const auto settings = settings_of(context.world, o);
  context.session.refuse_unused_petsc_options();
  const auto kept = o.checkpoint.interval > 0 ? o.checkpoint.path_for(o.output) : std::string();
  check_outputs(context,
                {{o.output, OutputKind::trajectory}, {o.report, OutputKind::report}, {kept, OutputKind::checkpoint}},
                input_files(o));
  StateFile file(context, o.checkpoint, o.output, beginning);
  try {
    return simulate(context, o, settings, file, beginning);
  } catch (const Error& e) {  // of all ranks together
    throw file.as_stopped(e);
  }
}

}  // namespace

Command add_simulate(const OptionSet& root) {
  const auto command =
      root.add_command("simulate", "run a network: outputs, gains, sensitivity, noise; alone or against another");
  auto o = std::make_shared<SimulateOptions>();
  add_simulate_options(command, *o);
  command.footer(
      "OUT.h5 holds /time, /outputs (times x outputs x conditions x trials), /mu and /sigma of every neuron's gain\n"
      "phi'(x), /gain (sigma again, where `balance --gain OUT.h5` looks for it), /noise/{level,loss,deviation}, and\n"
      "with --record /activity and /recorded. Losses are means of (y - target)^2, deviations of (y - y without\n"
      "noise)^2. Sensitivity S = sum sigma_j^2 J_ij^2 - 2 sum mu_i J_ii + N (Stock et al. 2022, eq. 9).\n"
      "Exit codes: 75 stopped by TERM, INT, USR2 or --max-walltime with a checkpoint, from which --resume goes on to\n"
      "the same bits; 4 by --max-walltime without (--checkpoint-interval 0). After walltime OUT.h5 goes up to there.");
  command.examples({"synbal simulate trained.npz -o run.h5 --drive white --trials 10",
                    "synbal balance trained.npz -o balanced.h5 --gain run.h5",
                    "synbal simulate trained.npz -o both.h5 --drive white --noise 0,0.1 --against balanced.h5"});
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
