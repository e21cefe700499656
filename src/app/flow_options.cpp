// The options of `flow`: their words, and what of them does not go together.
#include "app/flow_options.hpp"

#include <fmt/format.h>

#include "synbal/core/agree.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

void add_physics(const OptionSet& command, FlowOptions& o) {
  command.add_choice("--rule", o.rule, local_rule_names(),
                     "what drives a neuron: its sums of costs, their maxima, or their products");
  command.add_choice("--components", o.components, {"balance", "all"},
                     "balance: synapses between components drive nothing; all: they do, and fall for ever");
  command
      .add("--initial", o.initial, "start from a result, or go on from the end of a trajectory; else h = 0 at time 0")
      .shown_as("FILE.h5");
  command.add_flag("--heat", o.heat, "also follow the heat equation around the start, and compare");
  command.add_flag("--weights", o.weights,
                   "also integrate the weights themselves, and compare (small and middle-sized networks)");
}

void add_numerics(const OptionSet& command, FlowOptions& o) {
  auto& integrator = o.params.integrator;
  command.add_choice("--integration", o.integration, {"bdf", "adams"},
                     "bdf (stiff, the usual case) or adams (well mixed networks)");
  command.add("--relative-tolerance", integrator.relative_tolerance, "of the local error, with respect to h")
      .within({1e-30, 0.1})
      .with_default();
  command.add("--absolute-tolerance", integrator.absolute_tolerance, "of the local error, in h")
      .within({1e-30, 1e3})
      .with_default();
}

void add_ends(const OptionSet& command, FlowOptions& o) {
  command.add("--end-time", o.end_time, "where the flow ends at the latest (without: at equilibrium)")
      .within({0, 1e300})
      .shown_as("T");
  command
      .add("--tolerance", o.params.tolerance,
           "equilibrium: sum |in - out| / sum cost; other rules: largest gradient over that at h = 0; 0: never "
           "stop there")
      .within({0, 1})
      .with_default();
  command.add("--max-steps", o.params.integrator.max_steps, "steps of the integrator at most (0: no limit)")
      .not_negative();
  command.add("--max-walltime", o.walltime, "stop this long after the start and keep what there is")
      .shown_as("HH:MM:SS");
}

void add_recording(const OptionSet& command, FlowOptions& o) {
  command
      .add("--output-times", o.output_times,
           "besides start and end: linear:COUNT, log:PER_DECADE[:FIRST], T1,T2,..., none, or a file with one a "
           "line (without: linear:100 with an end time, else log:10)")
      .shown_as("TIMES");
  command.add("--record", o.record, "neurons whose h is recorded: all, none, ids I,J,... or a file of ids")
      .shown_as("IDS")
      .with_default();
  command
      .add("--record-synapses", o.record_synapses,
           "synapses whose weight and cost are recorded: I,J;I,J;... (postsynaptic neuron first) or a file of "
           "pairs")
      .shown_as("PAIRS");
}

void check_together(const FlowOptions& o) {
  if (o.heat && !o.is_cost_flow()) {
    throw usage_error(
        fmt::format("--heat approximates the flow of the cost, not --rule {}: leave one of them out", o.rule));
  }
  const bool bounded = o.end_time || o.walltime || o.params.integrator.max_steps > 0;
  if (o.params.tolerance == 0 && !bounded) {
    throw usage_error("--tolerance 0 never stops: give --end-time, --max-steps or --max-walltime, too");
  }
  if (o.components == "all" && !bounded) {
    throw usage_error(
        "--components all has no equilibrium to stop at where synapses lead from one component to another: give "
        "--end-time, --max-steps or --max-walltime, too");
  }
}

}  // namespace

void add_flow_options(const OptionSet& command, FlowOptions& o) {
  add_input_options(command, o.input);
  command.add("-o,--output", o.output, "trajectory file (.h5), readable while it grows")
      .required()
      .shown_as("TRAJECTORY.h5");
  command.add("--report", o.report, "all figures of the run as JSON").shown_as("FILE.json");
  add_physics(command, o);
  add_numerics(command, o);
  add_ends(command, o);
  add_recording(command, o);
}

std::vector<std::string> input_files(const FlowOptions& options) {
  auto files = input_files(options.input);
  for (const auto& more : {options.initial, options.record, options.record_synapses, options.output_times}) {
    if (!more.empty()) files.push_back(more);  // lists name no file that exists
  }
  return files;
}

void check_flow_options(const Comm& comm, FlowOptions& o) {
  agreed(comm, [&] {
    check_together(o);
    auto& params = o.params;
    params.integrator.integration = o.integration == "adams" ? Integration::adams : Integration::bdf;
    if (o.end_time) params.end_time = *o.end_time;
    params.stop_at_equilibrium = params.tolerance > 0;
    if (o.walltime) params.max_seconds = duration_of("--max-walltime", *o.walltime);
    if (!comm.is_root()) return;
    check_selection("--record", o.record, Selection::neurons);
    check_selection("--record-synapses", o.record_synapses, Selection::synapses);
  });
}

}  // namespace synbal::app
