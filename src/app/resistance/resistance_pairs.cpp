// Resistances of the pairs that a user names, each with its bracket.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "app/resistance/resistance.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

constexpr std::int64_t kMostPrinted = 50;  // pairs on the terminal

PairResistance in_user_units(PairResistance pair, double unit) {
  pair.value /= unit, pair.lower /= unit, pair.upper /= unit, pair.conductance *= unit;
  return pair;
}

PairResistance unsolved(bool same) {
  PairResistance pair;
  pair.value = pair.lower = pair.upper = same ? 0.0 : kInfinity;
  pair.converged = true;
  return pair;
}

/// The pairs as a user sees them.
struct NamedPairs {
  SelectedPairs ids;
  PairAnswers answers;
};

Table table_of(const NamedPairs& named) {
  using P = PairResistance;
  const auto& ids = named.ids;
  RecordTable columns(named.answers.pairs);
  columns.table.columns = {neuron_column("postsynaptic", [&](std::int64_t r) { return ids.first_id[at(r)]; }),
                           neuron_column("presynaptic", [&](std::int64_t r) { return ids.second_id[at(r)]; })};
  columns.real("resistance", &P::value).real("lower", &P::lower).real("upper", &P::upper);
  columns.real("conductance", &P::conductance).real("leverage", &P::leverage);
  columns.integer("iterations", &P::iterations).integer("converged", &P::converged);
  return columns.table;
}

/// A line of the terminal.
struct PairLine {
  std::int64_t first, second;
  std::array<char, 24> first_name{}, second_name{};  ///< cut off where they are longer; empty: numbers will do
  double value = 0, lower = 0, upper = 0, leverage = 0;
};

// Collective. The first pairs as lines of text, on rank 0.
std::string first_lines(const Comm& comm, const Network& network, const NamedPairs& named) {
  const auto& p = named.answers.pairs;
  const auto count = std::min(p.size(), at(kMostPrinted));
  const auto first = names_at(comm, network, std::span(named.ids.first_id).first(count));
  const auto second = names_at(comm, network, std::span(named.ids.second_id).first(count));
  std::vector<PairLine> lines;
  for (std::size_t k = 0; k < count; ++k) {
    auto& line = lines.emplace_back(PairLine{.first = named.ids.first_id[k], .second = named.ids.second_id[k]});
    line.value = p[k].value, line.lower = p[k].lower, line.upper = p[k].upper, line.leverage = p[k].leverage;
    if (first.empty()) continue;
    first[k].copy(line.first_name.data(), line.first_name.size() - 1);
    second[k].copy(line.second_name.data(), line.second_name.size() - 1);
  }
  lines = on_root<PairLine>(comm, lines);
  lines.resize(std::min(lines.size(), at(kMostPrinted)));
  auto text = fmt::format("{:>12} {:>12} {:>18} {:>18} {:>18} {:>10}\n", "postsynaptic", "presynaptic", "resistance",
                          "lower", "upper", "leverage");
  for (const auto& l : lines) {
    const auto called = [](const std::array<char, 24>& name, std::int64_t id) {
      return name[0] != 0 ? std::string(name.data()) : std::to_string(id);
    };
    text += fmt::format("{:>12} {:>12} {:>18.12g} {:>18.12g} {:>18.12g} {:>10.4g}\n", called(l.first_name, l.first),
                        called(l.second_name, l.second), l.value, l.lower, l.upper, l.leverage);
  }
  const auto left = named.answers.count - static_cast<std::int64_t>(lines.size());
  return left > 0 ? text + fmt::format("and {} more: give -o OUT to see them all\n", left) : text;
}

struct PairsSection {
  const PairAnswers& answers;
  double tolerance;
  std::string lines;  ///< of the terminal
};

void describe(ReportWriter& report, const PairsSection& p) {
  report("count", p.answers.count)("tolerance", p.tolerance)("all_converged", p.answers.converged);
  report("most_iterations", p.answers.iterations)("deflated", p.answers.deflated);
  report("unreachable", p.answers.unreachable);
}

void print(const PairsSection& p) {
  fmt::print("resistance   {} pairs: {}, {} iterations at most (tolerance {:g})\n", p.answers.count,
             converged_text(p.answers.converged), p.answers.iterations, p.tolerance);
  if (p.answers.deflated > 0) fmt::print("             from the span of {} slow vectors\n", p.answers.deflated);
  if (p.answers.unreachable > 0) {
    fmt::print("             {} of them are in different components: infinite\n", p.answers.unreachable);
  }
  fmt::print("{}", p.lines);
}

ResistanceParams params_of(const ResistanceOptions& options, std::int64_t expected) {
  ResistanceParams params;
  if (options.tolerance > 0) params.tolerance = options.tolerance;
  params.max_iterations = options.max_iterations, params.seed = options.seed;
  params.expected = expected, params.deflation = options.deflate;
  return params;
}

// Collective.
std::string hash_of_pairs(const Comm& comm, const SelectedPairs& ids) {
  auto place = comm.sum_below(std::ssize(ids.first));
  std::vector<ItemFacts> items;
  for (std::size_t k = 0; k < ids.first.size(); ++k) items.push_back({place++, ids.first[k], ids.second[k]});
  return hash_of(comm, items);
}

// Collective. Answers for the selected pairs.
PairAnswers answers_of(LaplacianRun& run, const ResistanceOptions& options, const SelectedPairs& ids) {
  const auto first = run.source().nodes_of(ids.first), second = run.source().nodes_of(ids.second);
  std::vector<NodePair> pairs;
  std::vector<bool> same;
  for (std::size_t k = 0; k < first.size(); ++k) {
    pairs.push_back({first[k], second[k]});
    same.push_back(ids.first[k] == ids.second[k]);
  }
  return timed(run.comm(), run.times().solve, [&] { return solve_pairs(run, options, pairs, same); });
}

// Collective. Fills in the answers of the pairs whose numbers are `joined`.
void solve_joined(LaplacianRun& run, const ResistanceOptions& options, const std::vector<NodePair>& pairs,
                  const std::vector<std::size_t>& joined, PairAnswers& answers) {
  const auto own = static_cast<std::int64_t>(joined.size());
  auto params = params_of(options, run.comm().sum(own));
  params.keeper = run.answers(kPairAnswers);
  ResistanceSolver solver(run.graph(), run.solver(), params);
  for_each_block(run.comm(), own, "pairs", [&](std::int64_t first, std::int64_t count) {
    std::vector<NodePair> block;
    for (auto k = first; k < first + count; ++k) block.push_back(pairs[joined[at(k)]]);
    const auto found = solver(block);
    for (std::size_t k = 0; k < block.size(); ++k) {
      answers.pairs[joined[at(first) + k]] = in_user_units(found.pairs[k], run.unit());
    }
    answers.converged = answers.converged && found.converged;
    answers.iterations = std::max(answers.iterations, found.iterations);
  });
  answers.deflated = solver.deflated();
}

}  // namespace

PairAnswers solve_pairs(LaplacianRun& run, const ResistanceOptions& options, const std::vector<NodePair>& pairs,
                        const std::vector<bool>& same) {
  const auto& comm = run.comm();
  std::vector<std::size_t> joined;
  PairAnswers answers;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    answers.pairs.push_back(unsolved(same[k]));
    if (pairs[k].first != kNoNode && pairs[k].second != kNoNode && !same[k]) joined.push_back(k);
  }
  solve_joined(run, options, pairs, joined, answers);
  const auto infinite = std::ranges::count_if(answers.pairs, [](const auto& p) { return std::isinf(p.value); });
  answers.count = comm.sum(static_cast<std::int64_t>(pairs.size()));
  answers.unreachable = comm.sum(static_cast<std::int64_t>(infinite));
  return answers;
}

ExitCode resistance_of_pairs(LaplacianRun& run, const ResistanceOptions& options) {
  NamedPairs named;
  named.ids = select_pairs(run.comm(), run.source().network(), options.pair_option(), options.pair_words());
  auto facts = facts_of(options);
  facts.emplace_back("the hash of the pairs", hash_of_pairs(run.comm(), named.ids));
  run.keep_answers(std::move(facts));
  named.answers = answers_of(run, options, named.ids);
  const double tolerance = params_of(options, 0).tolerance;
  const auto table = table_of(named);
  const auto lines = options.output.empty() ? first_lines(run.comm(), run.source().network(), named) : std::string();
  return run.finish({named.answers.converged, tolerance, &table}, "pairs",
                    PairsSection{named.answers, tolerance, lines});
}

}  // namespace synbal::app
