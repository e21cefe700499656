// synbal generate KIND -o FILE
#include "synbal/network/generate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.hpp"
#include "app/options.hpp"

namespace synbal::app {

namespace {

struct Options {
  GeneratorParams params;
  std::string output;
};

ExitCode run(const Context& context, const Options& options) {
  context.session.refuse_unused_petsc_options();
  check_outputs(context, {{options.output, OutputKind::network}}, {});
  refuse_foreign(context);
  const auto network = generate(context.world, options.params);
  write_network(context.world, network, options.output);
  if (context.speaks()) {
    fmt::print("{}: {} neurons, {} synapses ({})\n", options.output, network.size(), network.nnz, options.params.kind);
  }
  return ExitCode::done;
}

void add_options(const OptionSet& command, Options& o) {
  auto& p = o.params;
  command.add("KIND", p.kind, fmt::format("one of {}", fmt::join(generator_kinds(), ", "))).required().shown_as("");
  command.add("-o,--output", o.output, "file to write (.h5, .mtx, .mtx.gz)").required().shown_as("FILE");
  command.add("--nodes,-n", p.nodes, "neurons").shown_as("N");
  command.add("--degree,-k", p.degree, "in-degree (kronecker: mean in-degree)").shown_as("K");
  command.add("--seed", p.seed, "of all random numbers").with_default();
  command.add("--sigma", p.sigma, "weights are lognormal with this spread of log |J|").shown_as("S");
  command.add("--inhibitory", p.inhibitory, "share of inhibitory neurons (Dale: all their weights negative)")
      .shown_as("F");
  command.add("--modules", p.modules, "modular: modules on the ring").shown_as("M");
  command.add("--coupling", p.coupling, "modular: factor of the one weight each way between neighbours");
  command.add("--rewiring", p.rewiring, "smallworld: share of rewired synapses");
  command.add("--layers", p.layers, "layered: sizes, e.g. 784,200,100").shown_as("SIZES");
}

}  // namespace

Command add_generate(const OptionSet& root) {
  const auto command = root.add_command("generate", "make a synthetic network, the same at any rank count");
  auto o = std::make_shared<Options>();
  add_options(command, *o);
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
