// Options, and what does not go together.
#include <fmt/format.h>

#include <algorithm>

#include "app/balance/balance.hpp"
#include "app/costs/cost_terms.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/network/groups.hpp"

namespace synbal::app {

namespace {

/// What a sum of costs does not go together with, and why. Takes the terms. @throws Error usage.
void check_cost(BalanceOptions& o) {
  if (!o.given.given("--cost")) return;
  o.method.terms = cost_terms_of("--cost", o.cost);
  const auto refuse = [&](const char* option, const char* why) {
    if (!o.given.given(option)) return;
    throw usage_error(fmt::format("{} does not go with --cost ({}): leave one out", option, why));
  };
  refuse("--power", "which names the powers");
  if (o.method.method != BalanceMethod::automatic) refuse("--method", "a sum of costs has sweeps of its own");
  if (o.all_costs) refuse("--cost-scope", "what inputs and outputs cost is summed at one power");
  if (o.gauge != Gauge::zero_mean) refuse("--gauge", "what inputs and outputs cost is summed at one power");
  o.input.power = o.method.terms.front().power;
}

/// What --reproducible does not go together with, and why. @throws Error usage.
void check_reproducible(const BalanceOptions& o) {
  if (!o.reproducible) return;
  const auto refuse = [&](bool given, const char* option, const char* why) {
    if (!given) return;
    throw usage_error(fmt::format("--reproducible does not go with {} ({}): leave one out", option, why));
  };
  using enum BalanceMethod;
  const auto method = o.method.method;
  refuse(method != automatic && method != newton, "this --method", "newton alone sums in any order alike");
  refuse(!o.method.terms.empty(), "--cost", "its sweeps add costs up in the order of the ranks");
  refuse(o.all_costs, "--cost-scope all", "what stands around the network is summed in the order of the ranks");
  refuse(o.gauge != Gauge::zero_mean, "--gauge", "what stands around the network is summed in the order of the ranks");
}

void add_stop_options(const OptionSet& command, BalanceOptions& o) {
  auto& stop = o.params.stop;
  command.add("--tolerance", stop.tolerance, "on sum |in - out| / sum cost").within({1e-15, 1}).with_default();
  command.add("--step-tolerance", stop.step_tolerance, "on the Newton step that is left, in h")
      .within({1e-15, 1e15})
      .with_default()
      .expert();
  command
      .add("--max-iterations", stop.max_iterations,
           "sweeps, half-steps that open a run, and Newton steps (0: the method's own)")
      .not_negative();
  command
      .add("--max-walltime", o.walltime,
           "stop solving this long after the start; write the result, marked, and a checkpoint (exit code 75;\n"
           "4 with --checkpoint-interval 0)")
      .shown_as("HH:MM:SS");
}

}  // namespace

void refuse_several_components(const BalanceOptions& options, const Components& components) {
  if (!options.one_component || components.count <= 1) return;
  throw bad_input(
      fmt::format("{}: {} strongly connected components ({} of more than one neuron), and --components error "
                  "asks for one: synapses between components cannot be balanced; leave the option out to "
                  "balance each component",
                  options.input.path, components.count, components.nontrivial));
}

void check_arrays(const BalanceOptions& o, const Network& network) {
  const auto has = [&](ArrayRole role) {
    return std::ranges::find(network.arrays, role, &NetworkArray::role) != network.arrays.end();
  };
  const bool in = has(ArrayRole::input_weights) || has(ArrayRole::bias), out = has(ArrayRole::output_weights);
  if (o.gauge == Gauge::inputs_outputs && !(in && out)) {
    throw bad_input(
        fmt::format("{}: holds no {} weights, and --gauge inputs-outputs makes both cost the same: name them "
                    "(--input, --output-weights), or leave the option out",
                    o.input.path, in ? "output" : "input"));
  }
  if (o.gauge == Gauge::inputs_outputs && has_ties(network)) {
    throw bad_input(
        fmt::format("{}: neurons are tied, and --gauge inputs-outputs chooses constants neuron by neuron: leave the "
                    "option out, or give --tie none",
                    o.input.path));
  }
  if (!o.method.terms.empty() && has_ties(network)) {
    throw bad_input(
        fmt::format("{}: neurons are tied, and costs of groups are summed at one power, which --cost is not: leave the "
                    "option out, or give --tie none",
                    o.input.path));
  }
  if (o.all_costs && !in && !out) {
    log_warning("{}: holds neither inputs nor outputs: --cost-scope all is the same as recurrent", o.input.path);
  }
}

BalanceParams check_balance_options(const Context& context, BalanceOptions& o) {
  auto params = o.params;
  agreed(context.world, [&] {
    check_method_options(o.given, o.method);
    check_cost(o);
    check_reproducible(o);
    if (o.method.is_subset() && context.world.is_root()) {
      check_selection("--subset", o.method.subset, Selection::neurons);
    }
    if (o.given.given("--max-walltime")) params.stop.max_seconds = duration_of("--max-walltime", o.walltime);
  });
  context.session.refuse_unused_petsc_options("newton_");  // those of the solver can only be judged at the end
  const bool keeps = o.checkpoint.interval > 0;
  check_outputs(context,
                {{o.output, OutputKind::result},
                 {o.report, OutputKind::report},
                 {o.table, OutputKind::table},
                 {keeps ? o.checkpoint.path_for(o.output) : std::string(), OutputKind::checkpoint}},
                input_files(o.input));
  return params;
}

GlobalIndex outside_of(const Comm& comm, const BalanceOptions& o) { return o.all_costs ? comm.size() : 0; }

RunFacts facts_of(const Comm& comm, const BalanceOptions& o, const Network& network, const CostView& view) {
  const auto& sum = network.facts.checksum;
  RunFacts facts{{"the input", sum.empty() ? o.input.path : sum},
                 {"--orientation", to_string(o.input.read.orientation)},
                 {"--duplicates", to_string(o.input.read.duplicates)},
                 {"the hash of pinned neurons and gains", neuron_facts(comm, network, outside_of(comm, o))},
                 {"--power", fmt::format("{}", o.input.power)},
                 {"--cost-scope", o.all_costs ? "all" : "recurrent"}};
  if (o.reproducible) facts.emplace_back("--reproducible", "yes");
  if (view.groups()) facts.emplace_back("the order of tied neurons (by ranks and --partition)", view.order(comm));
  for (auto& fact : method_facts(o.method)) facts.push_back(std::move(fact));
  facts.emplace_back("--seed", fmt::format("{}", o.params.seed));
  return facts;
}

void add_balance_options(const OptionSet& command, BalanceOptions& o) {
  add_input_options(command, o.input);
  command.add("-o,--output", o.output, "result file (.h5)").required().shown_as("RESULT.h5");
  add_report_option(command, o.report);
  command
      .add("--table", o.table,
           "what became of every neuron: h, the factors of its inputs and outputs, its costs before and after (.csv, "
           ".csv.gz, .h5)")
      .shown_as("OUT");
  command
      .add("--cost", o.cost,
           "a sum of costs: WEIGHT*POWER with + between; 1*2+0.7*1 is |J|^2 + 0.7 |J|. By sweeps, without a proof")
      .shown_as("TERMS");
  add_method_options(command, o.method);
  add_stop_options(command, o);
  command.add_choice("--components", o.one_component, "balance", "error", "what to do with several components")
      .expert();
  command.add_choice("--cost-scope", o.all_costs, "recurrent", "all",
                     "which weights cost: the recurrent ones, or those of inputs, biases and outputs as well");
  command.add_choice("--gauge", o.gauge,
                     "what h is in components that the cost leaves free: of mean zero, or such that inputs cost what "
                     "outputs do");
  command.add_choice("--write", o.only_h, "weights", "h", "balanced weights, or only the scaling h");
  command
      .add_choice(
          "--hold", o.held,
          "what memory holds of a synapse while solving: its cost (12 bytes; weights that are written are read again "
          "at the end), or its weight as well (24); auto: the cost alone of a million synapses and more, with --write "
          "h or where both would not fit")
      .expert();
  command
      .add_flag(
          "--reproducible", o.reproducible,
          "h, cost and certificate with the same bits at any number of ranks (--method newton): sums are made of "
          "integers, which any order adds up alike. Not the default: a run takes a tenth to a quarter longer, and "
          "preconditioners that depend on who has which rows are left out, so that weak cuts take more "
          "iterations")
      .expert();
  command.add("--seed", o.params.seed, "of everything that is drawn at random").with_default().expert();
  add_checkpoint_options(command, o.checkpoint);
}

}  // namespace synbal::app
