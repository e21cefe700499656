// Resistances of the pairs that a user names, each with its bracket.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/count_progress.hpp"
#include "app/resistance_options.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

constexpr std::int64_t kBlock = 64;        // pairs of a rank between two signs of life
constexpr std::int64_t kMostPrinted = 50;  // pairs on the terminal
constexpr double kInfinity = std::numeric_limits<double>::infinity();

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
  const auto& p = named.answers.pairs;
  const auto& ids = named.ids;
  const auto real = [&](const char* name, double PairResistance::*member) {
    return real_column(name, [&p, member](std::int64_t r) { return p[at(r)].*member; });
  };
  Table table;
  table.rows = static_cast<std::int64_t>(p.size());
  table.columns = {integer_column("postsynaptic", [&](std::int64_t r) { return ids.first_id[at(r)]; }),
                   integer_column("presynaptic", [&](std::int64_t r) { return ids.second_id[at(r)]; }),
                   real("resistance", &PairResistance::value),
                   real("lower", &PairResistance::lower),
                   real("upper", &PairResistance::upper),
                   real("conductance", &PairResistance::conductance),
                   real("leverage", &PairResistance::leverage),
                   integer_column("iterations", [&](std::int64_t r) { return p[at(r)].iterations; }),
                   integer_column("converged", [&](std::int64_t r) { return std::int64_t{p[at(r)].converged}; })};
  return table;
}

// Collective. The first pairs as lines of text, on all ranks.
std::string first_lines(const Comm& comm, const NamedPairs& named) {
  const auto& p = named.answers.pairs;
  const auto own = std::min<std::int64_t>(static_cast<std::int64_t>(p.size()), kMostPrinted);
  std::vector<std::int64_t> ids;
  std::vector<double> values;
  for (std::int64_t k = 0; k < own; ++k) {
    ids.insert(ids.end(), {named.ids.first_id[at(k)], named.ids.second_id[at(k)]});
    values.insert(values.end(), {p[at(k)].value, p[at(k)].lower, p[at(k)].upper, p[at(k)].leverage});
  }
  ids = comm.gather_all(std::span<const std::int64_t>(ids));
  values = comm.gather_all(std::span<const double>(values));
  auto text = fmt::format("{:>12} {:>12} {:>18} {:>18} {:>18} {:>10}\n", "postsynaptic", "presynaptic", "resistance",
                          "lower", "upper", "leverage");
  const auto shown = std::min<std::size_t>(ids.size() / 2, at(kMostPrinted));
  for (std::size_t k = 0; k < shown; ++k) {
    text += fmt::format("{:>12} {:>12} {:>18.12g} {:>18.12g} {:>18.12g} {:>10.4g}\n", ids[2 * k], ids[2 * k + 1],
                        values[4 * k], values[4 * k + 1], values[4 * k + 2], values[4 * k + 3]);
  }
  const auto left = named.answers.count - static_cast<std::int64_t>(shown);
  return left > 0 ? text + fmt::format("and {} more: give -o OUT to see them all\n", left) : text;
}

void print(const Json& report) {
  const auto& p = report["pairs"];
  fmt::print("resistance   {} pairs: {}, {} iterations at most (tolerance {:g})\n", p["count"].get<std::int64_t>(),
             p["all_converged"].get<bool>() ? "converged" : "TOLERANCE NOT REACHED",
             p["most_iterations"].get<std::int64_t>(), p["tolerance"].get<double>());
  if (p["deflated"] > 0) fmt::print("             from the span of {} slow vectors\n", p["deflated"].get<int>());
  if (p["unreachable"] > 0) {
    fmt::print("             {} of them are in different components: infinite\n", p["unreachable"].get<std::int64_t>());
  }
}

}  // namespace

PairAnswers solve_pairs(LaplacianRun& run, const ResistanceOptions& options, const std::vector<NodePair>& pairs,
                        const std::vector<bool>& same) {
  const auto& comm = run.comm();
  ResistanceParams params;
  if (options.tolerance > 0) params.tolerance = options.tolerance;
  params.max_iterations = options.max_iterations, params.seed = options.seed;
  std::vector<std::size_t> joined;
  PairAnswers answers;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    answers.pairs.push_back(unsolved(same[k]));
    if (pairs[k].first != kNoNode && pairs[k].second != kNoNode && !same[k]) joined.push_back(k);
  }
  const auto own = static_cast<std::int64_t>(joined.size());
  const auto most = comm.max(own), all = comm.sum(own);
  params.expected = all, params.deflation = options.deflate;
  ResistanceSolver solver(run.graph(), run.solver(), params);
  CountProgress progress("resistance", all, "pairs");
  for (std::int64_t first = 0; first < most; first += kBlock) {
    std::vector<NodePair> block;
    for (auto k = first; k < std::min(first + kBlock, own); ++k) block.push_back(pairs[joined[at(k)]]);
    const auto found = solver(block);
    for (std::size_t k = 0; k < block.size(); ++k) {
      answers.pairs[joined[at(first) + k]] = in_user_units(found.pairs[k], run.unit());
    }
    answers.converged = answers.converged && found.converged;
    answers.iterations = std::max(answers.iterations, found.iterations);
    progress.update(std::min(all, (first + kBlock) * comm.size()));
  }
  const auto infinite = std::ranges::count_if(answers.pairs, [](const auto& p) { return std::isinf(p.value); });
  answers.deflated = solver.deflated();
  answers.count = comm.sum(static_cast<std::int64_t>(pairs.size()));
  answers.unreachable = comm.sum(static_cast<std::int64_t>(infinite));
  return answers;
}

ExitCode resistance_of_pairs(LaplacianRun& run, const ResistanceOptions& options) {
  const auto& comm = run.comm();
  const auto& source = run.source();
  NamedPairs named;
  named.ids = select_pairs(comm, source.network(), options.pairs.empty() ? "--pair" : "--pairs", options.pair_words());
  const auto first = source.nodes_of(named.ids.first), second = source.nodes_of(named.ids.second);
  std::vector<NodePair> pairs;
  std::vector<bool> same;
  for (std::size_t k = 0; k < first.size(); ++k) {
    pairs.push_back({first[k], second[k]});
    same.push_back(named.ids.first[k] == named.ids.second[k]);
  }
  named.answers = timed(comm, run.times().solve, [&] { return solve_pairs(run, options, pairs, same); });
  const double tolerance = options.tolerance > 0 ? options.tolerance : ResistanceParams{}.tolerance;
  run.report()["pairs"] = {{"count", named.answers.count},
                           {"tolerance", tolerance},
                           {"all_converged", named.answers.converged},
                           {"most_iterations", named.answers.iterations},
                           {"deflated", named.answers.deflated},
                           {"unreachable", named.answers.unreachable}};
  const auto lines = options.output.empty() ? first_lines(comm, named) : std::string();
  const auto table = table_of(named);
  return run.finish({named.answers.converged, tolerance,
                     [&](const Provenance& about) { write_table(comm, table, about, options.output); },
                     [&](const Json& report) { print(report), fmt::print("{}", lines); }});
}

}  // namespace synbal::app
