// The options of `simulate`, and what their words mean.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/simulate/simulate.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/dynamics/random_arrays.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

constexpr double kMostSteps = 1e9;
constexpr double kMostColumns = 1 << 24;  // as many as keys of the noise can count
constexpr std::int64_t kUsualArrays = 2;  // inputs or outputs drawn where none are given

void add_drive(const OptionSet& command, SimulateOptions& o) {
  const auto group = command.add_group("Inputs", "arrays in files have times x channels x conditions x trials");
  group
      .add("--drive", o.drive,
           "what comes in: cdi[:SD] (context-dependent integration: 6 inputs, 8 conditions, noise 0.3, targets), "
           "white[:SD] (new normal numbers at every step), step[:SIZE] (a condition for each input, switched on at "
           "time 1), or a file")
      .shown_as("cdi|white|step|FILE.h5[:/inputs]")
      .with_default();
  group.add("--targets", o.targets, "what the outputs should be at the end of every step, likewise; for the loss")
      .shown_as("FILE.h5[:/targets]");
  group.add("--hold", o.hold, "steps for which a time of a file lasts").within_integers(1, 1'000'000).with_default();
  group.add("--trials", o.trials, "trials of every condition (files with more than one trial have their own)")
      .within_integers(1, 1 << 24)
      .with_default();
  group.add("--random-inputs", o.random_inputs, "draw that many normal inputs (networks without any get 2, cdi 6)")
      .within_integers(1, 1 << 20)
      .shown_as("COUNT");
  group.add("--random-outputs", o.random_outputs, "draw that many normal outputs (networks without any get 2)")
      .within_integers(1, 1 << 20)
      .shown_as("COUNT");
}

void add_dynamics(const OptionSet& command, SimulateOptions& o) {
  const auto group = command.add_group("Dynamics", "x += dt (-x + J phi(x) + W_in u + b) / tau + sqrt(dt) noise");
  group
      .add("--phi", o.phi,
           "relu, linear, leaky:A, bilu:A,B (slopes above and below 0), bipu:K,C,D (C x^K, D |x|^K), or tanh, for "
           "which no scaling keeps what a network computes")
      .with_default();
  group.add_choice("--readout", o.reads_states, "rates", "states", "outputs are W_out phi(x), or W_out x");
  group.add("--end-time", o.end_time, "where runs end (of files at the latest)").within({1e-9, 1e9}).with_default();
  group.add("--time-step", o.time_step, "dt").within({1e-9, 1e6}).with_default();
  group.add("--tau", o.tau, "time constant of the neurons").within({1e-9, 1e9}).with_default();
  group.add("--coupling", o.coupling, "recurrent weights are multiplied by this").within({-1e9, 1e9}).with_default();
  group
      .add("--noise", o.noise,
           "levels of the noise in every neuron; the first one is that of all but loss and deviation")
      .shown_as("E1,E2,...")
      .with_default();
  group.add("--seed", o.seed, "of noise, built-in inputs, and what is drawn").with_default();
}

void add_measures(const OptionSet& command, SimulateOptions& o) {
  const auto group = command.add_group("What is looked at", "besides outputs, gains and sensitivity");
  group.add("--against", o.against, "run this one, too, on the same inputs and noise: a result of FILE, or a network")
      .shown_as("BALANCED");
  group
      .add("--amplification", o.amplification,
           "also perturb the states by this much at every step, and see what becomes of it: the sensitivity by trial")
      .within({1e-12, 1e6})
      .shown_as("EPS");
  group.add("--record", o.record, "neurons whose states are recorded: all, none, ids I,J,... or a file of ids")
      .shown_as("IDS")
      .with_default();
  group.add("--every", o.every, "steps between the times that are recorded")
      .within_integers(1, 1'000'000'000)
      .with_default();
}

std::int64_t steps_of(const SimulateOptions& o) {
  const double steps = std::round(o.end_time / o.time_step);
  if (steps >= 1 && steps <= kMostSteps) return std::llround(steps);
  throw usage_error(fmt::format("--end-time {:g} at a --time-step of {:g} makes {:g} steps: give 1 to {:g}", o.end_time,
                                o.time_step, steps, kMostSteps));
}

std::vector<double> levels_in(const std::string& words) {
  std::vector<double> levels;
  for (const auto word : parts_of(words, ',')) {
    const auto level = number_in<double>(word);
    if (!level || !(*level >= 0 && *level < 1e100)) {
      throw usage_error(fmt::format("--noise: '{}' is no level of noise: write numbers from 0 up, E1,E2,...", word));
    }
    levels.push_back(*level);
  }
  return levels;
}

SimulateSettings parsed(const SimulateOptions& o) {
  SimulateSettings settings;
  settings.dynamics = {activation_of(o.phi), o.time_step, o.tau, o.seed, o.reads_states};
  settings.noise = levels_in(o.noise);
  if (o.given.given("--max-walltime")) settings.max_seconds = duration_of("--max-walltime", o.walltime);
  steps_of(o);
  if (!is_protocol(o.drive)) {
    if (!Hdf5Path(o.drive).is_hdf5()) {
      throw usage_error(
          fmt::format("--drive {}: is neither cdi, white or step nor an HDF5 file: give one of these", o.drive));
    }
  } else if (o.given.given("--hold") && o.targets.empty()) {
    throw usage_error("--hold is about the times of a file: leave it out, or give --drive or --targets a file");
  }
  return settings;
}

/// Collective. How many levels there are to run: one without noise is added where it is needed to compare with.
std::vector<double> levels_to_run(const std::vector<double>& asked) {
  auto levels = asked;
  if (std::ranges::find(levels, 0.0) == levels.end()) levels.push_back(0.0);
  return levels;
}

void check_trials(const TimeSeries& series, const char* option, std::int64_t conditions, std::int64_t trials) {
  if (series.conditions() == conditions && (series.trials() == trials || series.trials() == 1)) return;
  throw bad_input(
      fmt::format("{}: has {} conditions and {} trials, but there are {} and {} of them: {} must fit the "
                  "inputs and --trials",
                  series.name(), series.conditions(), series.trials(), conditions, trials, option));
}

/// Collective. Inputs of a file.
void open_drive(const Comm& comm, const SimulateOptions& o, Setting& setting) {
  TimeSeries series(comm, "--drive", o.drive, "/inputs");
  agreed(comm, [&] {
    auto& trials = setting.ensemble.trials;
    if (!o.given.given("--trials")) trials = series.trials();
    setting.ensemble.conditions = series.conditions();
    check_trials(series, "--drive", series.conditions(), trials);
    const auto there = series.times() * o.hold;
    setting.grid.count = o.given.given("--end-time") ? std::min(setting.grid.count, there) : there;
  });
  setting.protocol.input = signal_of(std::move(series), o.hold, setting.ensemble.trials);
}

/// Collective.
void open_targets(const Comm& comm, const SimulateOptions& o, Setting& setting) {
  TimeSeries series(comm, "--targets", o.targets, "/targets");
  agreed(comm, [&] {
    check_trials(series, "--targets", setting.ensemble.conditions, setting.ensemble.trials);
    if (series.times() * o.hold >= setting.grid.count) return;
    throw bad_input(
        fmt::format("{}: has {} times, which last {} steps each; the run has {} steps: give more times, or "
                    "--hold or --end-time that fit",
                    series.name(), series.times(), o.hold, setting.grid.count));
  });
  setting.protocol.target = signal_of(std::move(series), o.hold, setting.ensemble.trials);
}

void check_columns(const Ensemble& ensemble) {
  const double columns = static_cast<double>(ensemble.conditions) * static_cast<double>(ensemble.trials) *
                         static_cast<double>(ensemble.levels());
  if (columns <= kMostColumns) return;
  throw usage_error(
      fmt::format("{} conditions, {} trials and {} levels of noise are {:.3g} runs: at most {:.3g} are "
                  "made at once",
                  ensemble.conditions, ensemble.trials, ensemble.levels(), columns, kMostColumns));
}

}  // namespace

void add_simulate_options(const OptionSet& command, SimulateOptions& o) {
  o.given = command;
  add_reading_options(command, o.input);
  command.add("-o,--output", o.output, "outputs, gains and all else that was found (.h5)")
      .required()
      .shown_as("OUT.h5");
  add_report_option(command, o.report);
  add_drive(command, o);
  add_dynamics(command, o);
  add_measures(command, o);
  add_checkpoint_options(command, o.checkpoint);
  command.add("--max-walltime", o.walltime, "stop this long after the start, with a checkpoint and what there is")
      .shown_as("HH:MM:SS");
}

RunFacts facts_of(const Comm& comm, const SimulateOptions& o, const Network& network) {
  const auto& sum = network.facts.checksum;
  RunFacts facts{{"the input", sum.empty() ? o.input.path : sum},
                 {"neurons", fmt::format("{}", network.size())},
                 {"synapses", fmt::format("{}", network.nnz)},
                 {"--drive", o.drive},
                 {"--targets", o.targets},
                 {"--against", o.against},
                 {"--phi", o.phi},
                 {"--noise", o.noise},
                 {"--record", o.record}};
  const auto add = [&](const char* name, auto value) { facts.emplace_back(name, fmt::format("{}", value)); };
  add("--time-step", o.time_step), add("--tau", o.tau), add("--coupling", o.coupling);
  add("--amplification", o.amplification), add("--trials", o.trials), add("--hold", o.hold), add("--every", o.every);
  add("--random-inputs", o.random_inputs), add("--random-outputs", o.random_outputs), add("--seed", o.seed);
  add("--readout", o.reads_states ? "states" : "rates");
  add("the hash of pinned neurons and gains", neuron_facts(comm, network));
  return facts;
}

std::vector<std::string> input_files(const SimulateOptions& options) {
  auto files = input_files(options.input);
  for (const auto& more : {options.targets, options.against, options.record}) {
    if (!more.empty()) files.push_back(more);  // lists name no file that exists
  }
  if (!is_protocol(options.drive)) files.push_back(options.drive);
  if (options.checkpoint.resume && !options.checkpoint.resume->empty()) files.push_back(*options.checkpoint.resume);
  return files;
}

SimulateSettings settings_of(const Comm& comm, const SimulateOptions& options) {
  return agreed(comm, [&] {
    if (comm.is_root()) check_selection("--record", options.record, Selection::neurons);
    return parsed(options);
  });
}

Setting setting_of(const Comm& comm, const SimulateOptions& o, const SimulateSettings& settings,
                   const Network& network) {
  Setting setting;
  setting.ensemble = {1, o.trials, levels_to_run(settings.noise)};
  const auto a_unit = std::max<std::int64_t>(std::llround(1 / o.time_step), 1);
  setting.grid = {o.time_step, agreed(comm, [&] { return steps_of(o); }), a_unit};
  if (is_protocol(o.drive)) {
    const auto inputs = count_of(network, ArrayRole::input_weights);
    setting.protocol =
        agreed(comm, [&] { return protocol_of(o.drive, inputs, o.trials, setting.grid, settings.dynamics.seed); });
    setting.ensemble.conditions = setting.protocol.conditions;
  } else {
    open_drive(comm, o, setting);
  }
  if (!o.targets.empty()) open_targets(comm, o, setting);
  const auto outputs = count_of(network, ArrayRole::output_weights);
  const bool fits = !setting.protocol.target || setting.protocol.target->channels() == outputs;
  if (!fits && o.targets.empty()) {
    log_warning("{} has {} outputs, the targets of {} are {}: no loss is computed", network.facts.path, outputs,
                o.drive, setting.protocol.target->channels());
    setting.protocol.target.reset();
  }
  agreed(comm, [&] { check_columns(setting.ensemble); });
  return setting;
}

DrawnArrays complete(const Comm& comm, const SimulateOptions& o, Network& network) {
  DrawnArrays drawn;
  const bool drives = count_of(network, ArrayRole::input_weights) == 0 || o.given.given("--random-inputs");
  const bool reads = count_of(network, ArrayRole::output_weights) == 0 || o.given.given("--random-outputs");
  const auto drop = [&](ArrayRole role) {
    std::erase_if(network.arrays, [&](const NetworkArray& array) { return array.role == role; });
  };
  if (drives) {
    const auto usual =
        is_protocol(o.drive) ? inputs_of_protocol(o.drive) : TimeSeries(comm, "--drive", o.drive, "/inputs").channels();
    drawn.inputs = o.random_inputs > 0 ? o.random_inputs : usual > 0 ? usual : kUsualArrays;
    drop(ArrayRole::input_weights);
    network.arrays.push_back(random_input_weights(comm, network, drawn.inputs, o.seed));
  }
  if (reads) {
    const auto usual = o.targets.empty() ? 0 : TimeSeries(comm, "--targets", o.targets, "/targets").channels();
    drawn.outputs = o.random_outputs > 0 ? o.random_outputs : usual > 0 ? usual : kUsualArrays;
    drop(ArrayRole::output_weights);
    network.arrays.push_back(random_output_weights(comm, network, drawn.outputs, o.seed));
  }
  return drawn;
}

}  // namespace synbal::app
