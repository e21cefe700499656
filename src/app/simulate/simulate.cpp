// synbal simulate FILE -o OUT.h5
#include "app/simulate/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/command.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::app {

namespace {

constexpr std::int64_t kListen = 8;                            // steps between looks at the clock and for signals
constexpr std::int64_t kMostRecorded = std::int64_t{1} << 30;  // values a rank: 8 GiB

/// What a run was asked to do.
enum class Heard : int { nothing, time_is_up, stop };

/// Collective. Makes steps until the end, or until something is heard.
Heard run_steps(const Context& context, Experiment& experiment, std::int64_t steps, double seconds) {
  const Timer timer;
  CountProgress progress("simulate", steps, "steps");
  while (!experiment.is_over()) {
    experiment.advance();
    progress.update(experiment.steps());
    if (experiment.steps() % kListen != 0) continue;
    const bool late = seconds > 0 && timer.seconds() > seconds;
    const auto own = context.signals.requested() ? Heard::stop : late ? Heard::time_is_up : Heard::nothing;
    const auto heard = static_cast<Heard>(context.world.max(static_cast<std::int32_t>(own)));
    if (heard != Heard::nothing) return heard;
  }
  return Heard::nothing;
}

Error stopped_by(const Context& context) {
  const auto signal = context.world.max(context.signals.signal());
  return {static_cast<ExitCode>(128 + signal), fmt::format("stopped by {}; nothing is written", signal_name(signal))};
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

void tell_end(Heard heard, SimulateReport& report) {
  if (heard == Heard::nothing) return;
  report.is_whole = false;
  report.reason =
      fmt::format("stopped by walltime at time {:g}", static_cast<double>(report.steps) * report.setting.grid.step);
}

ExitCode run(const Context& context, const SimulateOptions& o) {
  const Beginning beginning;
  const auto& comm = context.world;
  const auto settings = settings_of(comm, o);
  context.session.refuse_unused_petsc_options();
  check_outputs(context, {{o.output, OutputKind::trajectory}, {o.report, OutputKind::report}}, input_files(o));
  PhaseTimes times;
  const auto loaded = load_for_simulation(comm, o, times);
  refuse_foreign(context);
  warn(o, settings.dynamics, loaded.network);
  auto setting = setting_of(comm, o, settings, loaded.network);
  const auto recorded = chosen(comm, loaded.network, o, setting);
  std::vector<const Network*> networks{&loaded.network};
  if (loaded.other) networks.push_back(&*loaded.other);
  const HearsSignals hears;
  Experiment experiment(comm, networks, settings.dynamics, setting.ensemble, setting.protocol,
                        {setting.grid, o.every, recorded, o.amplification});
  const auto heard = timed(comm, times.solve, [&] {
    return run_steps(context, experiment, setting.grid.count, beginning.left_of(settings.max_seconds));
  });
  if (heard == Heard::stop) throw stopped_by(context);
  SimulateReport report{o, settings, setting, loaded.drawn};
  tell_findings(comm, experiment, loaded, report);
  tell_end(heard, report);
  report.inputs = setting.protocol.input->channels(), report.outputs = experiment.outputs();
  report.recorded = comm.sum(std::ssize(recorded)), report.input = input_of(comm, loaded.network);
  auto about = provenance_of(context, o.input, loaded.network, beginning.date);
  about.reason = report.reason,
  about.exit_code = static_cast<int>(report.is_whole ? ExitCode::done : ExitCode::not_converged);
  timed(comm, times.write,
        [&] { write_simulation(comm, loaded.network, report, recorded, experiment.times(), about); });
  times.total = comm.max(beginning.timer.seconds());
  report.time = times, report.memory = memory_of(comm), report.head = head_of(context, beginning.date);
  tell(context, report, o.report);
  return report.is_whole ? ExitCode::done : ExitCode::not_converged;
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
      "Exit code 4: stopped by --max-walltime; what is written goes up to there.");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
