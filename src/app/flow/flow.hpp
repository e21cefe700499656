// `flow`: what it is told, what it records (how a moment becomes a row of the trajectory), and what it tells at its
// end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/checkpointing.hpp"
#include "app/options.hpp"
#include "app/report.hpp"
#include "synbal/balance/synapse_costs.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/flow/companions.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/flow/invariants.hpp"
#include "synbal/flow/shaken.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/io/trajectory.hpp"

namespace synbal::app {

/// The words of --output-times, taken apart.
struct LinearTimes {
  std::int64_t count = 100;
};
struct LogarithmicTimes {
  std::int64_t per_decade = 10;
  std::optional<double> first = {};  ///< without one: a small part of the fastest time scale
};
using TimesWanted = std::variant<LinearTimes, LogarithmicTimes, std::vector<double>>;

struct FlowOptions {
  OptionSet given;
  InputOptions input;
  std::string output, report;
  std::string rule = "cost";  ///< name of a local rule
  bool all_components = false;
  std::string record = "all", record_synapses, initial, output_times;
  std::string walltime;
  std::string shake;  ///< RATE,ETA
  std::optional<ShakeParams> shaken = {};
  std::uint64_t seed = 1;
  bool heat = false, weights = false;
  CheckpointOptions checkpoint;
  FlowParams params;

  [[nodiscard]] bool is_cost_flow() const { return rule == "cost"; }
};

/// Adds all options of `flow`.
void add_flow_options(const OptionSet& command, FlowOptions& options);

/// All files that the options name as inputs.
[[nodiscard]] std::vector<std::string> input_files(const FlowOptions& options);

/// Collective. Completes params from the words of the options, and refuses what does not go together, before any work.
/// @throws Error usage, io_failure.
void check_flow_options(const Comm& comm, FlowOptions& options);

/// What has to be the same when a run is gone on with. Collective.
[[nodiscard]] RunFacts facts_of(const Comm& comm, const FlowOptions& options, const Network& network);

/// Collective. What --output-times says: linear:COUNT, log:PER_DECADE[:FIRST], times with commas between them, none, or
/// a file with one a line; nothing said: linear with an end time, else logarithmic.
/// @throws Error usage, bad_input for a file, io_failure.
TimesWanted parse_output_times(const Comm& comm, const FlowOptions& options);

/// The times themselves, from `start` to `end`. `first`: where logarithmic ones begin unless told otherwise.
OutputTimes output_times(const TimesWanted& wanted, double start, double end, double first);

// ---- recording

/// What goes along with the flow, where it was asked for.
struct Companions {
  std::unique_ptr<HeatCompanion> heat;
  std::unique_ptr<WeightCompanion> weights;
  HeatDifference heat_difference;  ///< at the last row
  double weight_difference = 0;    ///< at the last row
  double largest_weight_difference = 0;
};

/// Writes a row for every output.
class Recording {
 public:
  /// Collective. All must outlive the recording. @throws Error bad_input for neurons and synapses that are not there.
  Recording(const Comm& comm, const Network& network, const BalanceProblem& problem, const FlowOptions& options,
            InvariantMonitor& monitor, Companions& companions);

  /// Collective. Makes the file; with a part of an earlier run's state, goes on with that run's. @throws Error
  /// io_failure, bad_input.
  void open(const std::string& path, std::int64_t expected_rows, const Provenance& about,
            const std::optional<RunPart>& earlier);
  /// Collective. What has been recorded, as part of a state: its rows are on the disk then.
  void tell(RunPart& part);
  /// Collective. @throws Error io_failure.
  void row(const FlowMoment& moment);
  /// Collective. @throws Error io_failure; the rows stay readable.
  void finish(const Provenance& about);

  /// Seconds that writing rows took on this rank.
  [[nodiscard]] double writing() const noexcept { return writing_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return writer_ ? writer_->rows() : 0; }
  [[nodiscard]] std::int64_t neurons() const noexcept { return width_; }
  [[nodiscard]] std::int64_t synapses() const noexcept { return selected_.count; }
  /// Whether another run can start from this trajectory.
  [[nodiscard]] bool has_all_neurons() const noexcept { return width_ == network_.size(); }

 private:
  struct Scalar {
    std::string name;
    std::function<double(const FlowMoment&)> value;
  };
  void choose_neurons(const std::vector<std::uint8_t>& marked);
  void choose_scalars();
  void add_integrator_scalars();
  void add_watched_scalars();
  [[nodiscard]] TrajectoryLayout layout(std::int64_t expected_rows) const;
  void advance_companions(const FlowMoment& moment);
  [[nodiscard]] std::vector<double> of_recorded(std::span<const double> active) const;
  template <class Value>
  [[nodiscard]] std::vector<double> of_synapses(Value&& value) const;

  const Comm& comm_;
  const Network& network_;
  const BalanceProblem& problem_;
  InvariantMonitor& monitor_;
  Companions& companions_;
  Timer timer_;
  double earlier_ = 0;   // seconds of the runs before this one
  double recorded_ = 0;  // time of the last row
  double writing_ = 0;
  std::vector<LocalIndex> neurons_;       // recorded ones of this rank
  std::vector<std::int64_t> place_, id_;  // their columns and ids
  std::int64_t width_ = 0;
  SelectedSynapses selected_;
  SynapseCosts costs_;
  std::vector<Scalar> scalars_;
  std::unique_ptr<TrajectoryWriter> writer_;
};

// ---- reporting

/// Where the heat equation went beside the flow, and would have ended.
struct HeatSection {
  HeatDifference difference;  ///< at the end
  double at_equilibrium = 0;  ///< largest, in h; NaN without an end at equilibrium
  std::int64_t steps = 0;
  std::string failure;
};
/// Where the weights that were integrated themselves went.
struct WeightsSection {
  double largest_difference = 0;
  std::int64_t steps = 0;
  std::string failure;
};

/// All that a finished run says. The references have to outlive it.
struct FlowReport {
  const FlowOptions& options;
  const FlowResult& found;
  const Recording& recording;
  const std::vector<Invariant>& invariants;
  std::string reason;  ///< why it ended
  RunHead head = {};
  InputSection input = {};
  ComponentsSection components = {};
  CostSection cost = {};
  std::optional<double> newton_step = {};  ///< left at an equilibrium of the cost, in h
  std::optional<CutFacts> cuts = {};       ///< there, where single neurons do not see them
  std::optional<HeatSection> heat = {};
  std::optional<WeightsSection> weights = {};
  std::optional<ShakeResult> shake = {};
  HSection h = {};
  PhaseTimes time = {};
  MemorySection memory = {};
  ParallelSection parallel = {};
  std::optional<ResumedSection> resumed = {};
  std::optional<KeptSection> kept = {};
  std::string advice = {};  ///< how to go on from the checkpoint, where there is one
};

/// Collective. Of what went along with the flow.
[[nodiscard]] std::optional<HeatSection> heat_of(const Comm& comm, const Companions& companions,
                                                 const FlowResult& found);
[[nodiscard]] std::optional<WeightsSection> weights_of(const Companions& companions);

void describe(ReportWriter& report, const FlowReport& flow);
void print(const FlowReport& flow);

/// `cuts`: an equilibrium of single neurons is none while clusters are far from theirs.
[[nodiscard]] ExitCode code_of(FlowEnd end, const std::optional<CutFacts>& cuts);
/// Why a flow ended, as the file and the report say it. `signal`: the one that stopped it, 0 without.
[[nodiscard]] std::string reason_of(FlowEnd end, int signal);
/// In the log: why an unfinished run ended, and how to go on.
void tell_how_to_go_on(const FlowReport& flow);

}  // namespace synbal::app
