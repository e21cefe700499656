// synbal apply FILE RESULT.h5 -o OUT
#include <fmt/format.h>

#include "app/command.hpp"
#include "app/loading.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

struct ApplyOptions {
  InputOptions input;
  std::string result, output;
};

ExitCode run_apply(const Context& context, const ApplyOptions& options) {
  const auto& comm = context.world;
  context.session.refuse_unused_petsc_options();
  auto inputs = input_files(options.input);
  inputs.push_back(options.result);
  check_outputs(context, {{options.output, OutputKind::network}}, inputs);
  PhaseTimes times;
  auto network = load_network(comm, options.input, times);
  const auto stored = read_result(comm, network, options.result);
  refuse_foreign(context);
  warn_of_lost(comm, network, options.output);  // of what the input has, not the result
  const auto differing = adopt(comm, stored.nodes, options.input.read, network);
  refuse_other_input(context, options.result, stored, network);
  if (!differing.empty()) log_warning("{} was made with other values of: {}", options.result, differing);
  scale_weights(comm, network, stored.h);
  write_scaled(comm, network, stored.h, options.input.path, options.input.read, options.output);
  if (context.speaks()) {
    fmt::print("{}: {} neurons, {} synapses, scaled by {}\n", options.output, network.size(), network.nnz,
               options.result);
  }
  return ExitCode::done;
}

}  // namespace

Command add_apply(const OptionSet& root) {
  const auto command = root.add_command("apply", "scale a network by a result and write it in any writable format");
  auto o = std::make_shared<ApplyOptions>();
  add_reading_options(command, o->input);
  command.add("RESULT", o->result, "result of `balance`").required().shown_as("");
  command
      .add("-o,--output", o->output, "network to write; with the extension of a SONATA file or bundle: a copy of FILE")
      .required()
      .shown_as("OUT");
  command.examples(
      {"synbal apply net.h5 balanced.h5 -o balanced.mtx", "synbal apply trained.npz balanced.h5 -o balanced.npz"});
  return {command, [o](const Context& context) { return run_apply(context, *o); }};
}

}  // namespace synbal::app
