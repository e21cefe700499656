// synbal verify FILE RESULT.h5
#include <fmt/format.h>

#include "app/command.hpp"
#include "app/loading.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

struct Options {
  InputOptions input;
  std::string result, report;
};

ExitCode run(const Context& context, const Options& options) {
  const auto& comm = context.world;
  context.session.refuse_unused_petsc_options();
  PhaseTimes times;
  const auto network = load_network(comm, options.input, times);
  const auto stored = read_result(comm, network, options.result);
  if (stored.provenance.input_checksum == network.facts.checksum) return ExitCode::done;
  throw bad_input(fmt::format("{}: was not made from {} (checksums differ): give the network it was made from",
                              options.result, options.input.path));
}

}  // namespace

Command add_verify(CLI::App& root) {
  auto* command = root.add_subcommand("verify", "recompute everything a result says, from the network and h alone");
  auto o = std::make_shared<Options>();
  add_reading_options(*command, o->input);
  command->add_option("RESULT", o->result, "result of `balance`")->required()->type_name("");
  command->add_option("--gain", o->input.read.gain, "presynaptic gains, as given to `balance`")
      ->type_name("FILE[:/dataset]");
  command->add_option("--report", o->report, "the checks as JSON")->type_name("FILE.json");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
