// synbal generate KIND -o FILE
#include "synbal/network/generate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "app/command.hpp"
#include "app/options.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/memory_room.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::app {

namespace {

struct GenerateOptions {
  OptionSet given;
  GeneratorParams params;
  std::string output;
  bool single = false, by_rows = false;

  [[nodiscard]] Precision precision() const { return single ? Precision::single : Precision::full; }
};

/// Options that only some kinds have a use for.
struct KindOption {
  const char* name;
  std::vector<std::string_view> kinds;
};

const std::vector<KindOption>& kind_options() {
  static const std::vector<KindOption> all{
      {"--degree", {"random", "modular", "smallworld", "kronecker", "lattice"}},
      {"--modules", {"modular"}},
      {"--coupling", {"modular"}},
      {"--rewiring", {"smallworld"}},
      {"--layers", {"layered", "local"}},
      {"--kernel", {"local"}},
      {"--stride", {"local"}},
      {"--rank", {"lowrank"}},
  };
  return all;
}

/// @throws Error usage.
void refuse_options_of_other_kinds(const GenerateOptions& o) {
  for (const auto& [name, kinds] : kind_options()) {
    if (!o.given.given(name) || std::ranges::find(kinds, o.params.kind) != kinds.end()) continue;
    throw usage_error(fmt::format("{} does nothing for {} (it belongs to {}): leave it out", name, o.params.kind,
                                  fmt::join(kinds, ", ")));
  }
}

/// Collective. Whether rows are written as they are made: where that is asked for, or the network does not fit.
bool goes_by_rows(const Comm& comm, const GenerateOptions& options) {
  if (options.by_rows) return true;
  const auto params = agreed(comm, [&] { return completed(options.params); });
  const bool can = params.kind != "kronecker" && params.scramble == 0 && Hdf5Path(options.output).is_hdf5();
  const auto share = static_cast<double>(expected_synapses(params)) / comm.size();
  if (!can || has_room(comm, kBytesPerSynapse * share)) return false;
  log_info("the network does not fit in memory: rows are written as they are made, which takes twice the time");
  return true;
}

void tell(const Context& context, const GenerateOptions& options, const Network& made) {
  if (!context.speaks()) return;
  fmt::print("{}: {} neurons, {} synapses ({})\n", options.output, made.size(), made.nnz, options.params.kind);
}

ExitCode run_generate(const Context& context, const GenerateOptions& options) {
  const auto& comm = context.world;
  context.session.refuse_unused_petsc_options();
  (void)completed(options.params);  // the kind first
  refuse_options_of_other_kinds(options);
  check_outputs(context, {{options.output, OutputKind::network}}, {});
  agreed(comm, [&] { check_writable_format(options.output, options.precision()); });
  refuse_foreign(context);
  if (goes_by_rows(comm, options)) {
    const GeneratedRows made(comm, options.params);
    write_network(comm, made, options.output, options.precision());
    tell(context, options, made.outline());
  } else {
    const auto network = generate(comm, options.params);
    write_network(comm, network, options.output, options.precision());
    tell(context, options, network);
  }
  return ExitCode::done;
}

void add_options(const OptionSet& command, GenerateOptions& o) {
  auto& p = o.params;
  command.add("KIND", p.kind, fmt::format("one of {}", fmt::join(generator_kinds(), ", "))).required().shown_as("");
  command
      .add("-o,--output", o.output,
           "file to write, in the format of its extension (.h5, .mtx, .csv, .npz, .petsc, ...)")
      .required()
      .shown_as("FILE");
  command.add_flag("--single", o.single, "weights in single precision: 8 bytes a synapse instead of 12 (.h5)");
  command
      .add_flag(
          "--by-rows", o.by_rows,
          "write rows as they are made, some megabytes at a time, in twice the time; without it where the network "
          "does not fit in memory (.h5; not kronecker, not --scramble)")
      .expert();
  command.add("--nodes,-n", p.nodes, "neurons")
      .shown_as("N")
      .with_default("1000; modular: 100 a module; layered, local: those of --layers");
  command.add("--degree,-k", p.degree, "in-degree (kronecker: mean in-degree)")
      .shown_as("K")
      .with_default("10; modular 8; fewer where there are no more neurons");
  command.add("--seed", p.seed, "of all random numbers").with_default();
  command.add("--sigma", p.sigma, "weights are lognormal with this spread of log |J|")
      .shown_as("S")
      .with_default("1; ring 0, layered and local 0.1");
  command.add("--inhibitory", p.inhibitory, "share of inhibitory neurons (Dale: all their weights negative)")
      .shown_as("F")
      .with_default();
  command.add("--modules", p.modules, "modular: modules on the ring")
      .shown_as("M")
      .with_default("64; with --nodes alone: of some 100 each");
  command.add("--coupling", p.coupling, "modular: factor of the one weight each way between neighbours").with_default();
  command.add("--rewiring", p.rewiring, "smallworld: share of rewired synapses").with_default();
  command.add("--layers", p.layers, "layered: sizes, e.g. 784,200,100; local: sheets, e.g. 1x28x28,8,16")
      .shown_as("SIZES");
  command.add("--kernel", p.kernel, "local: side of the window that a neuron hears (3)").shown_as("K");
  command.add("--stride", p.stride, "local: places between the windows of neighbours (2)").shown_as("S");
  command.add("--rank", p.rank, "lowrank: rank of the weights (1)").shown_as("R");
  command.add_choice(
      "--weights", {"lognormal", "normal"}, p.kind == "layered" ? 1 : 0, [&p](std::size_t k) { p.normal = k == 1; },
      "exp(S z), or S z with either sign (layered, local)");
  command
      .add("--scramble", p.scramble,
           "a balanced network moved by a known h of this spread, which is stored as /known_h; `balance` tells how far "
           "off it ends")
      .shown_as("S");
}

}  // namespace

Command add_generate(const OptionSet& root) {
  const auto command = root.add_command("generate", "make a synthetic network, the same at any rank count");
  auto o = std::make_shared<GenerateOptions>();
  o->given = command;
  add_options(command, *o);
  command.examples({"synbal generate random --nodes 1e5 --degree 20 --seed 3 -o net.h5",
                    "synbal generate layered --layers 784,200,100 -o autoencoder.h5"});
  return {command, [o](const Context& context) { return run_generate(context, *o); }};
}

}  // namespace synbal::app
