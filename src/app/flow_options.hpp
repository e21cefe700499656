// What `flow` is told, and the times at which it records.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/options.hpp"
#include "synbal/flow/flow.hpp"

namespace synbal::app {

/// The words of --output-times, taken apart.
struct LinearTimes {
  std::int64_t count = 100;
};
struct LogarithmicTimes {
  std::int64_t per_decade = 10;
  std::optional<double> first;  ///< without one: a small part of the fastest time scale
};
using TimesWanted = std::variant<LinearTimes, LogarithmicTimes, std::vector<double>>;

struct FlowOptions {
  InputOptions input;
  std::string output, report;
  std::string integration = "bdf", rule = "cost", components = "balance";
  std::string record = "all", record_synapses, initial, output_times;
  std::optional<double> end_time;
  std::optional<std::string> walltime;
  bool heat = false, weights = false;
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

/// Collective. What --output-times says: linear:COUNT, log:PER_DECADE[:FIRST], times with commas between them, none, or
/// a file with one a line; nothing said: linear with an end time, else logarithmic.
/// @throws Error usage, bad_input for a file, io_failure.
TimesWanted parse_output_times(const Comm& comm, const std::string& words, bool has_end);

/// The times themselves, from `start` to `end`. `first`: where logarithmic ones begin unless told otherwise.
OutputTimes output_times(const TimesWanted& wanted, double start, double end, double first);

}  // namespace synbal::app
