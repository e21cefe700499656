// The options of `flow`: their words, and what of them does not go together.
#include "app/flow_options.hpp"

#include <fmt/format.h>

#include "synbal/core/agree.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

void add_physics(CLI::App& command, FlowOptions& o) {
  command.add_option("--rule", o.rule, "what drives a neuron: its sums of costs, their maxima, or their products")
      ->check(CLI::IsMember(local_rule_names()))
      ->capture_default_str();
  command
      .add_option("--components", o.components,
                  "balance: synapses between components drive nothing; all: they do, and fall for ever")
      ->check(CLI::IsMember({"balance", "all"}))
      ->capture_default_str();
  command
      .add_option("--initial", o.initial,
                  "start from a result, or go on from the end of a trajectory; else h = 0 at time 0")
      ->type_name("FILE.h5");
  command.add_flag("--heat", o.heat, "also follow the heat equation around the start, and compare");
  command.add_flag("--weights", o.weights,
                   "also integrate the weights themselves, and compare (small and middle-sized networks)");
}

void add_numerics(CLI::App& command, FlowOptions& o) {
  auto& integrator = o.params.integrator;
  command.add_option("--integration", o.integration, "bdf (stiff, the usual case) or adams (well mixed networks)")
      ->check(CLI::IsMember({"bdf", "adams"}))
      ->capture_default_str();
  command.add_option("--relative-tolerance", integrator.relative_tolerance, "of the local error, with respect to h")
      ->check(number_between(1e-30, 0.1))
      ->capture_default_str();
  command.add_option("--absolute-tolerance", integrator.absolute_tolerance, "of the local error, in h")
      ->check(number_between(1e-30, 1e3))
      ->capture_default_str();
}

void add_ends(CLI::App& command, FlowOptions& o) {
  command.add_option("--end-time", o.end_time, "where the flow ends at the latest (without: at equilibrium)")
      ->check(number_between(0, 1e300))
      ->type_name("T");
  command
      .add_option("--tolerance", o.params.tolerance,
                  "equilibrium: sum |in - out| / sum cost; other rules: largest gradient over that at h = 0; 0: never "
                  "stop there")
      ->check(number_between(0, 1))
      ->capture_default_str();
  command.add_option("--max-steps", o.params.integrator.max_steps, "steps of the integrator at most (0: no limit)")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--max-walltime", o.walltime, "stop this long after the start and keep what there is")
      ->type_name("HH:MM:SS");
}

void add_recording(CLI::App& command, FlowOptions& o) {
  command
      .add_option("--output-times", o.output_times,
                  "besides start and end: linear:COUNT, log:PER_DECADE[:FIRST], T1,T2,..., none, or a file with one a "
                  "line (without: linear:100 with an end time, else log:10)")
      ->type_name("TIMES");
  command.add_option("--record", o.record, "neurons whose h is recorded: all, none, ids I,J,... or a file of ids")
      ->type_name("IDS")
      ->capture_default_str();
  command
      .add_option("--record-synapses", o.record_synapses,
                  "synapses whose weight and cost are recorded: I,J;I,J;... (postsynaptic neuron first) or a file of "
                  "pairs")
      ->type_name("PAIRS");
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

void add_flow_options(CLI::App& command, FlowOptions& o) {
  add_input_options(command, o.input);
  command.add_option("-o,--output", o.output, "trajectory file (.h5), readable while it grows")
      ->required()
      ->type_name("TRAJECTORY.h5");
  command.add_option("--report", o.report, "all figures of the run as JSON")->type_name("FILE.json");
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
