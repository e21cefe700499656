// synbal resistance FILE [--pair I,J | --pairs FILE | --synapses | --from I | --all] [-o OUT]
#include "app/resistance/resistance.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "synbal/core/agree.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

std::string percent(double share) { return text_of(100 * share, "{:.2g} %"); }

}  // namespace

std::optional<EdgeMethod> EdgeMethodOptions::asked() const {
  if (!method && estimate.given()) return EdgeMethod::estimate;
  return method;
}

EdgeMethod EdgeMethodOptions::for_nodes(GlobalIndex nodes) const {
  return asked().value_or(nodes <= kFewNodes ? EdgeMethod::columns : EdgeMethod::estimate);
}

EdgeResistanceParams EdgeMethodOptions::params(EdgeMethod by) const {
  EdgeResistanceParams params;
  params.method = by;
  estimate.apply_to(params);
  return params;
}

void check_edge_method(const EdgeMethodOptions& options) {
  if (options.asked().value_or(EdgeMethod::estimate) == EdgeMethod::estimate) return;
  if (!options.estimate.given()) return;
  throw usage_error(fmt::format("{} belongs to --method estimate, but --method is {}: leave one of them out",
                                options.estimate.solves ? "--solves" : "--checked", to_string(*options.method)));
}

void add_edge_method_options(const OptionSet& command, EdgeMethodOptions& options, const std::string& about) {
  command.add_choice("--method", options.method, "auto", about);
  add_estimate_options(command, options.estimate, EdgeResistanceParams{}, "how many are");
}

std::string method_text(EdgeMethod method, std::int64_t solves, bool by_elimination) {
  return fmt::format("{} ({} solves{})", to_string(method), solves, by_elimination ? " in one elimination" : "");
}

void describe(ReportWriter& report, const EstimateQuality& q) {
  const auto measured = [&](double value) { return q.checked > 0 ? std::optional(value) : std::nullopt; };
  report("predicted_error", q.predicted_error)("checked", q.checked)("checked_mean", measured(q.checked_mean));
  report("checked_max", measured(q.checked_max))("checked_bias", measured(q.checked_bias));
}

void print_quality(const EstimateQuality& q) {
  fmt::print("error        {} on average, as the scatter of the random solves says\n", percent(q.predicted_error));
  if (q.checked == 0) return;
  fmt::print("             {} drawn at random and solved exactly: {} on average, {} at most, {} with its sign\n",
             q.checked, percent(q.checked_mean), percent(q.checked_max), percent(q.checked_bias));
}

EdgeOfSynapse::EdgeOfSynapse(const GraphSource& source, const EdgeResistances& found)
    : source_(&source), found_(&found) {
  const auto& halo = source.network().halo;
  ground_ = with_ghosts(halo, source.to_neurons(source.graph().ground(), 1, 0, 0));
  to_ground_ = with_ghosts(halo, source.to_neurons(found.to_ground, 1, 0, 0));
}

Edge EdgeOfSynapse::operator()(LocalIndex row, LocalIndex column) const {
  const auto i = source_->node_of_column()[at(row)], j = source_->node_of_column()[at(column)];
  if (i == kNoNode || j == kNoNode) return {};
  if (i == kGround && j == kGround) return {0, 0};
  if (i == kGround || j == kGround) {
    const auto free = at(i == kGround ? column : row);
    return ground_[free] > 0 ? Edge{ground_[free], to_ground_[free]} : Edge{};
  }
  return between(static_cast<LocalIndex>(i - source_->graph().nodes().first()), j);
}

Edge EdgeOfSynapse::between(LocalIndex i, GlobalIndex j) const {
  const auto& graph = source_->graph();
  const bool owned = graph.nodes().owns(j);
  const auto begin = owned ? graph.row_begin(i) : graph.row_remote(i);
  const auto end = owned ? graph.row_remote(i) : graph.row_end(i);
  const auto* neighbours = graph.neighbour();
  const auto* hit = std::lower_bound(neighbours + begin, neighbours + end, j,
                                     [&](LocalIndex k, GlobalIndex wanted) { return graph.global(k) < wanted; });
  if (hit == neighbours + end || graph.global(*hit) != j) return {};
  return {graph.conductance()[hit - neighbours], found_->resistance[at(hit - neighbours)]};
}

// ---- the command

namespace {

void check_pairs(const ResistanceOptions& o) {
  for (const auto& p : o.pair) {
    if (std::ranges::count(p, ',') == 1 && p.find(';') == p.npos && p.front() != ',' && p.back() != ',') continue;
    throw usage_error(fmt::format("--pair '{}' is no pair of neurons: write I,J (--pairs takes a file)", p));
  }
  check_selection(o.pair_option(), o.pair_words(), Selection::synapses);
}

/// Refuses what asks for several things, or nothing that can be answered. Not collective.
void check_question(const ResistanceOptions& o) {
  const int asked = (o.wants_pairs() ? 1 : 0) + (o.synapses ? 1 : 0) + (o.from ? 1 : 0) + (o.all ? 1 : 0);
  if (asked > 1 || (!o.pair.empty() && !o.pairs.empty())) {
    throw usage_error("--pair, --pairs, --synapses, --from and --all are different questions: ask one at a time");
  }
  if (o.all && o.output.empty()) throw usage_error("--all needs a file for the matrix: give -o OUT.h5");
}

/// Refuses options of methods that do not answer the question. Not collective.
void check_method(const ResistanceOptions& o) {
  const bool no_method = o.wants_pairs() || o.all;
  if (no_method && o.given.given("--method")) {
    throw usage_error("--method is for --synapses and --from: pairs are solved one by one, --all column by column");
  }
  for (const auto* name : {"--solves", "--checked"}) {
    if (!no_method || !o.given.given(name)) continue;
    throw usage_error(fmt::format("{} belongs to --method estimate, which does not run here: leave it out", name));
  }
  if (o.deflate && !o.wants_pairs() && !(o.from && o.edges.asked() == EdgeMethod::pairs)) {
    throw usage_error("--deflate is for --pair, --pairs and --from with --method pairs: leave it out");
  }
  check_edge_method(o.edges);
}

ExitCode answer(LaplacianRun& run, const ResistanceOptions& options) {
  if (options.wants_pairs()) return resistance_of_pairs(run, options);
  run.keep_answers(facts_of(options));
  if (options.from) return resistance_from_neuron(run, options);
  if (options.all) return resistance_of_all(run, options);
  return resistance_of_synapses(run, options);
}

ExitCode run_resistance(const Context& context, const ResistanceOptions& options) {
  agreed(context.world, [&] {
    check_question(options);
    check_method(options);
    if (context.world.is_root() && options.wants_pairs()) check_pairs(options);
  });
  LaplacianRun run(context, options, options.all ? OutputKind::matrix : OutputKind::table, {options.pairs});
  return run.answered([&] { return answer(run, options); });
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

void add_methods(const OptionSet& command, ResistanceOptions& o) {
  add_edge_method_options(
      command, o.edges,
      fmt::format("of --synapses and --from: columns (exact: by elimination where that fills little, else a solve for "
                  "every node), estimate (a few "
                  "random solves for all), pairs (a solve for every pair, each with a bracket); auto: columns up to {} "
                  "nodes and, for --synapses, where elimination is light; estimate beyond",
                  kFewNodes));
}

void add_numerics(const OptionSet& command, ResistanceOptions& o) {
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

RunFacts facts_of(const ResistanceOptions& o) {
  const auto method = o.edges.asked();
  RunFacts facts{{"--from", o.from.value_or("not given")},
                 {"--all", o.all ? "given" : "not given"},
                 {"--method", method ? to_string(*method) : "auto"}};
  const auto number = [&](const char* name, auto value) { facts.emplace_back(name, fmt::format("{}", value)); };
  number("--tolerance", o.tolerance), number("--max-iterations", o.max_iterations), number("--seed", o.seed);
  number("--deflate", o.deflate.value_or(-1)), number("--solves", o.edges.estimate.solves.value_or(-1));
  return facts;
}

std::string ResistanceOptions::pair_words() const {
  std::string words = pairs;
  for (const auto& p : pair) words += (words.empty() ? "" : ";") + p;
  return words;
}

Command add_resistance(const OptionSet& root) {
  const auto command =
      root.add_command("resistance", "effective resistances of pairs, of every synapse, from one neuron to all");
  auto o = std::make_shared<ResistanceOptions>();
  o->given = command, o->name = "resistance";
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz; .h5 with --all");
  add_questions(command, *o);
  add_methods(command, *o);
  add_numerics(command, *o);
  add_answer_keeping(command, *o);
  command.footer(
      "The graph has conductances c_ij + c_ji from the costs of the synapses between two neurons of a component, or\n"
      "the weights themselves with --conductances; pinned neurons are ground. Neurons that are not joined have an\n"
      "infinite resistance. Leverage is conductance times resistance: the share of spanning trees that use the edge.\n"
      "Pairs and columns that are solved one after the other are kept as they come; --resume does not solve them "
      "again\n"
      "(--all, elimination and --method estimate begin anew).\n"
      "Exit codes: 4 the tolerance was not reached; the result is written and says so. 75 stopped by TERM, INT or "
      "USR2\n"
      "with a checkpoint.");
  command.examples({"synbal resistance net.h5 --at equilibrium --pair 5,900",
                    "mpirun -n 2 synbal resistance net.h5 --method estimate -o resistance.csv"});
  return {command, [o](const Context& context) { return run_resistance(context, *o); }};
}

}  // namespace synbal::app
