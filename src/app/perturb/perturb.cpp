// synbal perturb FILE (--synapse I,J | --synapses FILE|all) --factor F [-o OUT]
#include "app/perturb/perturb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

constexpr std::int64_t kFew = 100;     // synapses that are all balanced again unless told otherwise
constexpr std::int64_t kSample = 32;   // of more
constexpr std::int64_t kMost = 1'000;  // --largest

/// The number of synapses that --truth says; none for its words, -1 for what makes no sense.
std::optional<std::int64_t> truth_count(const std::string& truth) {
  if (truth == "auto" || truth == "all" || truth == "none") return std::nullopt;
  return number_in<std::int64_t>(truth).value_or(-1);
}

void check_synapses(const PerturbOptions& o, bool reads) {
  if (o.synapse.empty() == o.synapses.empty()) {
    throw usage_error(
        "which synapses are to change: give either --synapse I,J (several times, if you like) or --synapses FILE|all");
  }
  for (const auto& pair : o.synapse) {
    const bool two = pair.find(',') == pair.rfind(',') && pair.find_first_of(",;") != pair.npos;
    if (two && pair.find(';') == pair.npos && pair.front() != ',' && pair.back() != ',') continue;
    throw usage_error(fmt::format("--synapse '{}' is no synapse: write I,J, the postsynaptic neuron first", pair));
  }
  if (reads && !o.every_synapse()) check_selection(o.synapse_option(), o.words(), Selection::synapses);
}

/// Refuses what makes no sense, before any work. Not collective.
void check_options(const PerturbOptions& o, bool reads) {
  if (!(o.factor > 0) || o.factor == 1 || !std::isfinite(o.factor)) {
    throw usage_error(fmt::format(
        "--factor {:g} (a synapse keeps its sign and has to change): give a positive number other than 1", o.factor));
  }
  const auto count = truth_count(o.truth);
  if (count && *count < 0) throw usage_error(fmt::format("--truth '{}' is none of all, none, COUNT", o.truth));
  if (o.together && count) throw usage_error("--together has one truth: give --truth all or none");
  check_edge_method(o.edges);
  check_synapses(o, reads);
}

/// All synapses of this rank that take part.
void select_all(PerturbRun& perturb, const Network& network, const std::vector<std::int64_t>& ids) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      if (!perturb.study.takes_part(i, j)) continue;
      auto& s = perturb.synapses.emplace_back();
      s.entry = e, s.postsynaptic = ids[at(i)], s.presynaptic = ids[at(j)], s.takes_part = true;
    }
  }
  const auto own = static_cast<std::int64_t>(perturb.synapses.size());
  perturb.count = perturb.comm().sum(own);
  auto place = perturb.comm().sum_below(own);
  for (auto& s : perturb.synapses) s.place = place++;
}

void select_named(PerturbRun& perturb, const SelectedSynapses& selected) {
  const auto& network = perturb.study.network();
  for (std::size_t k = 0; k < selected.place.size(); ++k) {
    auto& s = perturb.synapses.emplace_back();
    s.place = selected.place[k], s.entry = selected.entry[k];
    s.postsynaptic = selected.postsynaptic[k], s.presynaptic = selected.presynaptic[k];
    s.takes_part = perturb.study.takes_part(selected.row[k], network.column[at(s.entry)]);
  }
  perturb.count = selected.count;
  std::ranges::sort(perturb.synapses, {}, &ChangedSynapse::place);
}

// Twice the same change at once is another change.
void refuse_twice(const PerturbRun& perturb) {
  auto synapses = perturb.synapses;
  std::ranges::sort(synapses, {}, &ChangedSynapse::entry);
  const auto twice = std::ranges::adjacent_find(synapses, {}, &ChangedSynapse::entry);
  if (twice == synapses.end()) return;
  throw usage_error(fmt::format("synapse {},{} is named twice, but changes once with --together: name it once",
                                twice->postsynaptic, twice->presynaptic));
}

/// Collective. Refuses what makes no sense before any work.
void check(const Context& context, const PerturbOptions& o) {
  agreed(context.world, [&] { check_options(o, context.world.is_root()); });
  auto others = input_files(o.graph);
  others.insert(others.end(), {o.output, o.report, o.every_synapse() ? std::string() : o.synapses});
  std::erase(others, std::string());
  check_outputs(context, {{o.neurons, OutputKind::table}}, others);
}

/// Collective. The synapses that the user names.
void select(PerturbRun& perturb) {
  const auto& options = perturb.options;
  const auto& source = perturb.run.source();
  if (options.every_synapse()) {
    select_all(perturb, source.network(), source.ids_of_columns());
  } else {
    select_named(perturb, select_synapses(perturb.comm(), source.network(), options.synapse_option(), options.words()));
  }
}

/// What has to be the same when a run is gone on with.
RunFacts facts_of(const PerturbRun& perturb) {
  const auto& o = perturb.options;
  const auto method = o.edges.asked();
  std::vector<ItemFacts> items;
  for (const auto& s : perturb.synapses) items.push_back({s.place, s.postsynaptic, s.presynaptic});
  RunFacts facts{{"the hash of the synapses", hash_of(perturb.comm(), items)},
                 {"--together", o.together ? "given" : "not given"},
                 {"--method", method ? to_string(*method) : "auto"},
                 {"--truth", o.truth}};
  const auto number = [&](const char* name, auto value) { facts.emplace_back(name, fmt::format("{}", value)); };
  number("--factor", o.factor), number("--tolerance", o.tolerance), number("--seed", o.seed);
  number("--solves", o.edges.estimate.solves.value_or(-1));
  return facts;
}

/// Collective.
ExitCode answer(LaplacianRun& run, const PerturbOptions& options) {
  auto& source = run.source();
  PerturbParams params;
  params.factor = options.factor, params.pairs.tolerance = options.tolerance, params.pairs.seed = options.seed;
  params.pairs.keeper = run.answers(kPairAnswers);
  SynapsePerturbation study(source.network(), source.components(), *source.problem(), source.graph(), run.solver(),
                            params);
  PerturbRun perturb{run, options, study, {}, 0, {}};
  select(perturb);
  const bool at_once = options.together || perturb.count == 1;
  agreed(run.comm(), [&] {
    if (options.together) refuse_twice(perturb);
    if (at_once || options.neurons.empty()) return;
    throw usage_error("--neurons tells what one change does to all neurons: name one synapse, or say --together");
  });
  run.keep_answers(facts_of(perturb));
  return at_once ? perturb_together(perturb) : perturb_each(perturb);
}

ExitCode run_perturb(const Context& context, const PerturbOptions& options) {
  check(context, options);
  const bool reads = !options.synapses.empty() && !options.every_synapse();
  LaplacianRun run(context, options, OutputKind::table, {reads ? options.synapses : ""});
  return run.answered([&] { return answer(run, options); });
}

void add_change_options(const OptionSet& command, PerturbOptions& o) {
  command.add("--synapse", o.synapse, "a synapse by its neurons' ids, the postsynaptic one first (repeatable)")
      .shown_as("I,J")
      .one_value_each();
  command
      .add("--synapses", o.synapses,
           "synapses, two ids with a blank between them a line; or all that take part in balancing")
      .shown_as("FILE|all");
  command.add("--factor", o.factor, "what the weights are multiplied by").required().shown_as("F");
  command.add_flag("--together", o.together, "change them all at once, not one after the other");
}

void add_answer_options(const OptionSet& command, PerturbOptions& o) {
  command
      .add("--truth", o.truth,
           "how many are balanced again to see the true response: all, none, or so many, drawn at random (auto: all up "
           "to 100 synapses, 32 of more)")
      .shown_as("all|none|COUNT")
      .with_default();
  command.add("--largest", o.largest, "responses to list of synapses with neither end on a changed one")
      .within_integers(0, kMost)
      .with_default();
  command.add("--neurons", o.neurons, "file for the sums of every neuron's inputs and outputs (.h5, .csv, .csv.gz)")
      .shown_as("OUT");
}

void add_numerics(const OptionSet& command, PerturbOptions& o) {
  add_edge_method_options(
      command, o.edges,
      fmt::format("resistances of synapses that are not balanced again: pairs (a solve for each, with a bracket), "
                  "columns (a solve for every neuron: exact but for rounding), estimate (a few random solves for all "
                  "together, with its error); auto: pairs up to {} changed synapses, columns up to {} neurons",
                  kMostPairs, kMostColumns));
  command.add("--tolerance", o.tolerance, "half the width of a resistance's bracket, relative")
      .within({1e-13, 0.1})
      .with_default();
  command.add("--seed", o.seed, "of everything that is drawn at random").with_default();
}

}  // namespace

std::string PerturbOptions::words() const {
  std::string words = synapses;
  for (const auto& pair : synapse) words += (words.empty() ? "" : ";") + pair;
  return words;
}

std::int64_t PerturbOptions::truths(std::int64_t count) const {
  if (truth == "none") return 0;
  if (truth == "all") return count;
  if (truth == "auto") return count <= kFew ? count : kSample;
  return std::min(count, truth_count(truth).value_or(0));
}

Command add_perturb(const OptionSet& root) {
  const auto command = root.add_command("perturb", "how a balanced network answers changed synapses");
  auto o = std::make_shared<PerturbOptions>();
  o->graph.at = "equilibrium";
  add_graph_options(command, o->graph);
  o->name = "perturb";
  add_output_options(command, *o, ".h5, .csv, .csv.gz");
  add_change_options(command, *o);
  add_answer_options(command, *o);
  add_numerics(command, *o);
  add_answer_keeping(command, *o);
  command.footer(
      "A synapse from j onto i with cost c, multiplied by F = 1 + eta, makes every log weight (k from l) change at "
      "the\n"
      "rate g_l - g_k at once, g = p eta c (e_i - e_j), and by h_l - h_k in the end, h = eta c L^+ (e_i - e_j): "
      "itself\n"
      "by -eta c R (Stock et al. 2022, eq. 46-48). `quadratic` is h = L'^+ g' / p, of the changed network's own g' and "
      "L':\n"
      "good wherever h is small. All are compared with a network that is balanced again.\n"
      "OUT has a row for every synapse of the network after one change (one synapse, or --together), and a row for\n"
      "every changed synapse otherwise. `takes_part` is 0 for self-loops and synapses between components, which\n"
      "balance nothing and whose change changes nothing else. `lower` and `upper` are nan where a resistance was not\n"
      "solved alone. Synapses are kept as they are solved or balanced again, and --resume does not do it once more.\n"
      "Exit codes: 4 something did not converge; what is written says so. 75 stopped by TERM, INT or USR2 with a\n"
      "checkpoint.");
  command.examples({"synbal perturb net.h5 --synapse 5,2 --factor 1.1",
                    "synbal perturb net.h5 --synapse 5,2 --factor 1.1 -o response.csv"});
  return {command, [o](const Context& context) { return run_perturb(context, *o); }};
}

}  // namespace synbal::app
