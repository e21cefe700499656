// Effective resistances of all edges, and of pairs.
#include "synbal/resistance/resistance.hpp"

#include <algorithm>
#include <cmath>

#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/core/random.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::benchmark {

namespace {
constexpr GlobalIndex kMostExact = 3000;  // nodes for which all columns are solved
constexpr std::int64_t kPairs = 16, kChecked = 64;
constexpr double kWorstEstimate = 0.05;  // mean relative error: 64 random solves leave 0.5 to 2 %

EdgeResistances resistances(const ConductanceGraph& graph, EdgeMethod method, int solves, std::int64_t checked) {
  LaplacianSolver solver(graph);
  EdgeResistanceParams params;
  params.method = method, params.solves = solves, params.checked = checked;
  return edge_resistances(graph, solver, params);
}

Json figures_of(const ConductanceGraph& graph, const EdgeResistances& found, const Sample& seconds) {
  return {{"edges_per_second", static_cast<double>(graph.edges()) / seconds.median()},
          {"solves", found.solves},
          {"walk_seconds", found.walk_seconds},
          {"solve_seconds", found.solve_seconds},
          {"combine_seconds", found.combine_seconds},
          {"predicted_error", found.quality.predicted_error}};
}

std::vector<NodePair> random_pairs(const ConductanceGraph& graph) {
  const CounterRandom random(21);
  const auto n = static_cast<std::uint64_t>(graph.global_size());
  std::vector<NodePair> pairs;
  for (std::int64_t k = 0; k < kPairs && n > 1; ++k) {
    const auto first = random.below(n, static_cast<std::uint64_t>(k), 0);
    const auto step = 1 + random.below(n - 1, static_cast<std::uint64_t>(k), 1);
    pairs.push_back({static_cast<GlobalIndex>(first), static_cast<GlobalIndex>((first + step) % n)});
  }
  return pairs;
}

/// Collective. Brackets that do not meet those of solves a thousand times sharper.
double missed(const Comm& comm, const PairResistances& found, const PairResistances& truth) {
  double missed = 0;
  for (std::size_t k = 0; k < found.pairs.size(); ++k) {
    const auto &a = found.pairs[k], &b = truth.pairs[k];
    missed += a.lower <= b.upper && a.upper >= b.lower ? 0 : 1;
  }
  return comm.sum(missed);
}
}  // namespace

void measure_resistance(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  const auto graph = named_graph(comm, name);
  EdgeResistances estimate, exact;
  std::vector<Contender> contenders;
  const auto judged = [&] {
    const auto again = resistances(graph, EdgeMethod::estimate, choices.solves, kChecked);
    return Verdict{"mean error of 64 edges solved exactly", again.quality.checked_mean, kWorstEstimate};
  };
  contenders.push_back({.name = "estimate",
                        .run = [&](Phases&) { estimate = resistances(graph, EdgeMethod::estimate, choices.solves, 0); },
                        .verdict = judged,
                        .figures = [&](const Sample& seconds) { return figures_of(graph, estimate, seconds); }});
  if (graph.global_size() <= kMostExact) {
    contenders.push_back(
        {.name = "columns",
         .run = [&](Phases&) { exact = resistances(graph, EdgeMethod::columns, 0, 0); },
         .verdict =
             [&] {
               return Verdict{"Foster's sum", std::abs(exact.foster_sum / exact.foster_exact - 1), 1e-8};
             },
         .figures = [&](const Sample& seconds) { return figures_of(graph, exact, seconds); }});
  }
  const auto pairs = random_pairs(graph);
  const auto own = comm.is_root() ? std::span(pairs) : std::span<const NodePair>();
  const auto solved = [&](double tolerance) {
    LaplacianSolver solver(graph);
    ResistanceParams params;
    params.tolerance = tolerance;
    return ResistanceSolver(graph, solver, params)(own);
  };
  PairResistances found;
  const auto truth = solved(1e-11);
  contenders.push_back({.name = "pairs with brackets",
                        .run = [&](Phases&) { found = solved(1e-8); },
                        .verdict =
                            [&] {
                              return Verdict{"brackets that miss", missed(comm, found, truth), 0};
                            },
                        .figures = [&](const Sample& seconds) -> Json {
                          return {{"pairs", pairs.size()},
                                  {"seconds_a_pair", seconds.median() / static_cast<double>(kPairs)},
                                  {"most_iterations", found.iterations}};
                        }});
  contest.hold({"resistance", facts_of(name, graph)}, std::move(contenders));
}

}  // namespace synbal::benchmark
