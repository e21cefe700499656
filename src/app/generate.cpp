// synbal generate KIND -o FILE
#include "synbal/network/generate.hpp"

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/options.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::app {

namespace {
struct Options {
  GeneratorParams params;
  std::string output;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& w : words) text += (text.empty() ? "" : ", ") + w;
  return text;
}

ExitCode run(const Context& context, const Options& options) {
  context.session.refuse_unused_petsc_options();
  check_output(context.world, options.output, OutputKind::network, {});
  const auto network = generate(context.world, options.params);
  write_network(context.world, network, options.output);
  if (context.world.is_root() && context.verbosity >= 0) {
    fmt::print("{}: {} neurons, {} synapses ({})\n", options.output, network.size(), network.nnz, options.params.kind);
  }
  return ExitCode::done;
}
}  // namespace

Command add_generate(CLI::App& root) {
  auto* command = root.add_subcommand("generate", "make a synthetic network, the same at any rank count");
  auto o = std::make_shared<Options>();
  auto& p = o->params;
  command->add_option("KIND", p.kind, "one of " + joined(generator_kinds()))->required()->type_name("");
  command->add_option("-o,--output", o->output, "file to write (.h5, .mtx, .mtx.gz)")->required()->type_name("FILE");
  command->add_option("--nodes,-n", p.nodes, "neurons")->type_name("N");
  command->add_option("--degree,-k", p.degree, "in-degree (kronecker: mean in-degree)")->type_name("K");
  command->add_option("--seed", p.seed, "of all random numbers")->capture_default_str();
  command->add_option("--sigma", p.sigma, "weights are lognormal with this spread of log |J|")->type_name("S");
  command->add_option("--inhibitory", p.inhibitory, "share of inhibitory neurons (Dale: all their weights negative)")
      ->type_name("F");
  command->add_option("--modules", p.modules, "modular: modules on the ring")->type_name("M");
  command->add_option("--coupling", p.coupling, "modular: factor of the one weight each way between neighbours");
  command->add_option("--rewiring", p.rewiring, "smallworld: share of rewired synapses");
  command->add_option("--layers", p.layers, "layered: sizes, e.g. 784,200,100")->type_name("SIZES");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
