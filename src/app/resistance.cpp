// synbal resistance FILE [--pair I,J | --pairs FILE | --synapses | --from I | --all] [-o OUT]
#include <fmt/format.h>

#include <algorithm>

#include "app/resistance_options.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

std::string ResistanceOptions::pair_words() const {
  std::string words = pairs;
  for (const auto& p : pair) words += (words.empty() ? "" : ";") + p;
  return words;
}

namespace {

void check_pairs(const ResistanceOptions& o) {
  for (const auto& p : o.pair) {
    if (p.find_first_not_of("0123456789,-") == p.npos) continue;
    throw usage_error(fmt::format("--pair '{}' is no pair of neurons: write I,J (--pairs takes a file)", p));
  }
  check_selection(o.pairs.empty() ? "--pair" : "--pairs", o.pair_words(), Selection::synapses);
}

/// Refuses what does not go together. Not collective.
void check_together(const ResistanceOptions& o, const OptionSet& command) {
  const int asked = (o.wants_pairs() ? 1 : 0) + (o.synapses ? 1 : 0) + (o.from ? 1 : 0) + (o.all ? 1 : 0);
  if (asked > 1 || (!o.pair.empty() && !o.pairs.empty())) {
    throw usage_error("--pair, --pairs, --synapses, --from and --all are different questions: ask one at a time");
  }
  if ((o.wants_pairs() || o.all) && command.given("--method")) {
    throw usage_error("--method is for --synapses and --from: pairs are solved one by one, --all column by column");
  }
  for (const auto* name : {"--solves", "--checked"}) {
    if ((!o.wants_pairs() && !o.all) || !command.given(name)) continue;
    throw usage_error(fmt::format("{} belongs to --method estimate, which does not run here: leave it out", name));
  }
  if (o.deflate && !o.wants_pairs() && !(o.from && o.edges.asked() == EdgeMethod::pairs)) {
    throw usage_error("--deflate is for --pair, --pairs and --from with --method pairs: leave it out");
  }
  check_edge_method(o.edges);
  if (o.all && o.output.empty()) throw usage_error("--all needs a file for the matrix: give -o OUT.h5");
}

ExitCode run_resistance(const Context& context, const ResistanceOptions& options, const OptionSet& command) {
  agreed(context.world, [&] {
    check_together(options, command);
    if (context.world.is_root() && options.wants_pairs()) check_pairs(options);
  });
  LaplacianRun run(context, options, options.all ? OutputKind::matrix : OutputKind::table, {options.pairs});
  if (options.wants_pairs()) return resistance_of_pairs(run, options);
  if (options.from) return resistance_from_neuron(run, options);
  if (options.all) return resistance_of_all(run, options);
  return resistance_of_synapses(run, options);
}

void add_questions(const OptionSet& command, ResistanceOptions& o) {
  command.add("--pair", o.pair, "two neurons by their ids (may be given several times)")
      .shown_as("I,J")
      .one_value_each();
  command.add("--pairs", o.pairs, "pairs of neurons, two ids with a blank between them a line").shown_as("FILE");
  command.add_flag("--synapses", o.synapses, "every synapse; what is done when nothing is asked for");
  command.add("--from", o.from, "from one neuron to all others").shown_as("I");
  command.add_flag("--all", o.all, "between all neurons, as a matrix (up to 20,000 neurons)");
}

void add_numerics(const OptionSet& command, ResistanceOptions& o) {
  add_edge_method_options(
      command, o.edges,
      fmt::format("of --synapses and --from: columns (a solve for every node: exact), estimate (a few random solves "
                  "for all), pairs (a solve for every pair, each to its own accuracy); auto: columns up to {} nodes, "
                  "estimate beyond",
                  kFewNodes));
  command
      .add("--tolerance", o.tolerance,
           "pairs: half the width of the bracket, relative (1e-8; 1e-10 for --synapses); columns and --all: "
           "relative residual (1e-12, or 1e-10 where rounding allows no more); 0: these")
      .within({0, 0.1})
      .with_default();
  command.add("--max-iterations", o.max_iterations, "of conjugate gradients, for each pair").positive().with_default();
  command
      .add("--deflate", o.deflate,
           fmt::format("pairs: solves start in the span of so many vectors that hold the slowest modes; each "
                       "costs three rough solves and 8 bytes a neuron, and all spare every pair iterations where "
                       "groups hang together weakly [default: {} where many pairs make that pay, else 0]",
                       ResistanceSolver::kDeflation))
      .within_integers(0, 4096)
      .shown_as("INT");
  command.add("--seed", o.seed, "of everything that is drawn at random").with_default();
}

}  // namespace

Command add_resistance(const OptionSet& root) {
  const auto command =
      root.add_command("resistance", "effective resistances of pairs, of every synapse, from one neuron to all");
  auto o = std::make_shared<ResistanceOptions>();
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz; .h5 with --all");
  add_questions(command, *o);
  add_numerics(command, *o);
  command.footer(
      "The graph has conductances c_ij + c_ji from the costs of the synapses between two neurons of a component, or "
      "the\n"
      "weights themselves with --conductances; pinned neurons are ground. Neurons that are not joined have an "
      "infinite\n"
      "resistance. Leverage is conductance times resistance: the share of spanning trees that use the edge.\n"
      "Exit code 4: the tolerance was not reached; the result is written and says so.");
  return {command, [o, command](const Context& context) { return run_resistance(context, *o, command); }};
}

}  // namespace synbal::app
