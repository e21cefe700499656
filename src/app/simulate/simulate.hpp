// `simulate`: what it is told, how it runs, what it tells and writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/checkpointing.hpp"
#include "app/options.hpp"
#include "app/report.hpp"
#include "synbal/dynamics/experiment.hpp"

namespace synbal::app {

struct SimulateOptions {
  OptionSet given;
  InputOptions input;
  std::string output, report, against, walltime;
  std::string drive = "white", targets;  ///< a built-in protocol or a file; a file
  std::string phi = "relu", noise = "0", record = "none";
  bool reads_states = false;
  double end_time = 50, time_step = 0.1, tau = 1, coupling = 1, amplification = 0;
  std::int64_t trials = 1, hold = 1, every = 1, random_inputs = 0, random_outputs = 0;
  std::uint64_t seed = 1;
  CheckpointOptions checkpoint;
};

/// What has to be as it was for a run to be gone on with. Collective.
[[nodiscard]] RunFacts facts_of(const Comm& comm, const SimulateOptions& options, const Network& network);

/// Adds all options of `simulate`.
void add_simulate_options(const OptionSet& command, SimulateOptions& options);

/// All files that the options name as inputs.
[[nodiscard]] std::vector<std::string> input_files(const SimulateOptions& options);

/// What the words of the options mean.
struct SimulateSettings {
  DynamicsParams dynamics;
  std::vector<double> noise;  ///< levels, as they were asked for
  double max_seconds = 0;     ///< 0: no limit
};
/// Collective. Before any work. @throws Error usage.
[[nodiscard]] SimulateSettings settings_of(const Comm& comm, const SimulateOptions& options);

/// The inputs, and the runs that they make.
struct Setting {
  Protocol protocol;
  Ensemble ensemble;
  TimeGrid grid;
};
/// Collective. Opens the files; `network` has its inputs and outputs already. @throws Error usage, bad_input.
[[nodiscard]] Setting setting_of(const Comm& comm, const SimulateOptions& options, const SimulateSettings& settings,
                                 const Network& network);

/// How many inputs and outputs were drawn, since the network has none.
struct DrawnArrays {
  std::int64_t inputs = 0, outputs = 0;
};
/// Collective. Completes a network that cannot be driven or read out. @throws Error usage, bad_input.
DrawnArrays complete(const Comm& comm, const SimulateOptions& options, Network& network);

/// Collective. The network of --against, as `network` with its arrays was made: a result applied to it, or a network.
[[nodiscard]] Network read_against(const Comm& comm, const SimulateOptions& options, const Network& network,
                                   PhaseTimes& times);

// ---- what is told

/// [n_local]
[[nodiscard]] std::vector<std::int64_t> places_of(const Network& network);

/// Of one network.
struct NetworkSection {
  GainFacts gains;
  Sensitivity sensitivity;
  Measured measured;
};
/// Collective.
[[nodiscard]] NetworkSection section_of(const Comm& comm, const Network& network, Measured&& measured);

/// How the two networks of --against differ.
struct AgainstSection {
  std::string path;
  NetworkSection found;
  double largest_difference = 0, largest_output = 0;  ///< of outputs without noise
  double gain_difference = 0;                         ///< largest, of mu and sigma^2
  std::vector<std::int64_t> places = {};              ///< of its owned neurons in the file
};

struct SimulateReport {
  const SimulateOptions& options;
  const SimulateSettings& settings;
  const Setting& setting;
  DrawnArrays drawn = {};
  std::int64_t inputs = 0, outputs = 0, recorded = 0, steps = 0;
  std::string reason = "done";
  bool is_whole = true;
  std::optional<std::int64_t> clean = {};
  NetworkSection found = {};
  std::optional<AgainstSection> against = {};
  RunHead head = {};
  InputSection input = {};
  PhaseTimes time = {};
  MemorySection memory = {};
  std::optional<ResumedSection> resumed = {};
  std::optional<KeptSection> kept = {};

  [[nodiscard]] bool has_targets() const { return setting.protocol.target != nullptr; }
};
void describe(ReportWriter& report, const SimulateReport& simulate);
void print(const SimulateReport& simulate);

/// Collective. OUT.h5. @throws Error io_failure.
void write_simulation(const Comm& comm, const Network& network, const SimulateReport& report,
                      const std::vector<LocalIndex>& recorded, const std::vector<double>& times,
                      const Provenance& about);

}  // namespace synbal::app
