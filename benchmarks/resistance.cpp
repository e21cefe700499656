// Resistances: the error of every edge's estimate against exact ones, and the iterations that pairs need
// against those of a solution, each with its verdict.
//   [mpirun -n P] benchmark_resistance [--task error,pairs] [--graph KIND ...] [--solves K]
#include "synbal/resistance/resistance.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <optional>

#include "laplacian_graphs.hpp"
#include "measure.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/session.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::benchmark {

namespace {

using Json = nlohmann::ordered_json;

struct Choices {
  std::vector<std::string> tasks{"error", "pairs"};
  std::vector<std::string> graphs = graph_kinds();
  GraphChoice small{"", 4'000, 40'000, 1}, large{"", 50'000, 500'000, 1};
  int solves = 64;
  std::int64_t pairs = 1'000;
  std::optional<int> deflation;
};

/// Mean relative error that an estimate with 64 solves may have.
double target_error(const std::string& kind) {
  if (kind == "lognormal") return 0.04;
  return kind == "random" || kind == "scale-free" || kind == "kronecker" ? 0.003 : 0.006;
}

/// Collective. Relative errors over all entries of the rows.
Json errors(const Comm& comm, std::span<const double> estimate, std::span<const double> exact) {
  double sums[3] = {}, worst = 0;
  for (std::size_t e = 0; e < estimate.size(); ++e) {
    const double error = estimate[e] / exact[e] - 1;
    sums[0] += std::abs(error), sums[1] += error, sums[2] += 1;
    worst = std::max(worst, std::abs(error));
  }
  comm.sum(std::span<double>(sums));
  return {{"mean", sums[0] / sums[2]}, {"bias", sums[1] / sums[2]}, {"max", comm.max(worst)}};
}

Json described(const ConductanceGraph& graph, const std::string& kind) {
  return {{"graph", kind}, {"nodes", graph.global_size()}, {"edges", graph.edges()}};
}

/// Collective. One family's estimate against two exact solves per node.
Json measure_error(const Comm& comm, const Choices& choices, const std::string& kind) {
  auto choice = choices.small;
  choice.kind = kind;
  const auto graph = benchmark_graph(comm, choice);
  LaplacianSolver solver(graph);
  EdgeResistanceParams params;
  params.method = EdgeMethod::columns;
  const auto exact = edge_resistances(graph, solver, params);
  params.method = EdgeMethod::estimate, params.solves = choices.solves;
  const auto found = edge_resistances(graph, solver, params);
  auto out = described(graph, kind);
  out["error"] = errors(comm, found.resistance, exact.resistance);
  out["target"] = target_error(kind);
  out["predicted_error"] = found.quality.predicted_error;
  out["checked"] = {
      {"edges", found.quality.checked}, {"mean", found.quality.checked_mean}, {"max", found.quality.checked_max}};
  out["foster"] = {
      {"estimated", found.foster_sum}, {"exact_solves", exact.foster_sum}, {"theorem", found.foster_exact}};
  out["met"] = out["error"]["mean"].get<double>() <= target_error(kind) && found.converged && exact.converged;
  return out;
}

std::vector<NodePair> random_pairs(const ConductanceGraph& graph, std::int64_t count) {
  const CounterRandom random(21);
  const auto n = static_cast<std::uint64_t>(graph.global_size());
  std::vector<NodePair> pairs;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto first = random.below(n, static_cast<std::uint64_t>(k), 0);
    const auto step = 1 + random.below(n - 1, static_cast<std::uint64_t>(k), 1);
    pairs.push_back({static_cast<GlobalIndex>(first), static_cast<GlobalIndex>((first + step) % n)});
  }
  return pairs;
}

/// Collective. Iterations to a residual of 1e-8 for the same right-hand sides, summed.
std::int64_t iterations_of_solutions(const ConductanceGraph& graph, LaplacianSolver& solver,
                                     const std::vector<NodePair>& pairs) {
  std::int64_t iterations = 0;
  const auto width = at(LaplacianOperator::kMaxColumns);
  for (std::size_t begin = 0; begin < pairs.size(); begin += width) {
    const auto m = std::min(width, pairs.size() - begin);
    std::vector<double> b(at(graph.size()) * m, 0.0), x(b.size());
    for (std::size_t k = 0; k < m; ++k) {
      const auto [first, second] = pairs[begin + k];
      const auto& nodes = graph.nodes();
      if (nodes.owns(first)) b[at(first - nodes.first()) * m + k] = 1;
      if (nodes.owns(second)) b[at(second - nodes.first()) * m + k] = -1;
    }
    for (const auto& column : solver.solve(b, x, static_cast<int>(m)).columns) iterations += column.iterations;
  }
  return iterations;
}

/// Collective.
Json measure_pairs(const Comm& comm, const Choices& choices, const std::string& kind) {
  auto choice = choices.large;
  choice.kind = kind;
  const auto graph = benchmark_graph(comm, choice);
  const auto pairs = random_pairs(graph, choices.pairs);
  const auto own = comm.is_root() ? std::span(pairs) : std::span<const NodePair>();
  LaplacianSolver solver(graph);
  ResistanceParams params;
  params.deflation = choices.deflation;
  ResistanceSolver resistances(graph, solver, params);
  const auto bound = resistances.eigenvalue_bound();
  const auto found = resistances(own);
  const auto solutions = iterations_of_solutions(graph, solver, pairs);
  ResistanceParams sharp;
  sharp.tolerance = 1e-11;
  const auto exact = ResistanceSolver(graph, solver, sharp)(own);
  std::int64_t iterations = 0, contained = 0;
  double worst = 0;
  for (std::size_t k = 0; k < found.pairs.size(); ++k) {
    const auto &pair = found.pairs[k], &truth = exact.pairs[k];
    iterations += pair.iterations;
    contained += pair.lower <= truth.upper && pair.upper >= truth.lower ? 1 : 0;
    worst = std::max(worst, std::abs(pair.value / truth.value - 1));
  }
  iterations = comm.sum(iterations), contained = comm.sum(contained), worst = comm.max(worst);
  const double ratio = solutions > 0 ? static_cast<double>(iterations) / static_cast<double>(solutions) : 0.0;
  auto out = described(graph, kind);
  out["preconditioner"] = bound.preconditioner;
  out["eigenvalue_bound"] = bound.value;
  out["bound_seconds"] = bound.seconds;
  out["deflated"] = resistances.deflated();
  out["seconds_a_pair"] = found.seconds / static_cast<double>(choices.pairs);
  out["iterations_a_pair"] = static_cast<double>(iterations) / static_cast<double>(choices.pairs);
  out["iterations_over_those_of_a_solution"] = ratio;
  out["largest_error"] = worst;
  out["brackets_that_contain"] = contained;
  out["pairs"] = choices.pairs;
  out["met"] = ratio <= 0.5 && contained == choices.pairs && found.converged;
  return out;
}

void report(const Comm& comm, Json& results, Json one) {
  if (comm.is_root()) fmt::print(stderr, "{}\n", one.dump());
  results.push_back(std::move(one));
}

int run(const Comm& comm, const Choices& choices) {
  Json out{{"benchmark", "resistance"}, {"machine", machine(comm)}, {"solves", choices.solves}};
  bool met = true;
  for (const auto& task : choices.tasks) {
    Json results = Json::array();
    for (const auto& kind : choices.graphs) {
      if (task == "error") report(comm, results, measure_error(comm, choices, kind));
      if (task == "pairs") report(comm, results, measure_pairs(comm, choices, kind));
    }
    for (const auto& one : results) met = met && one["met"].get<bool>();
    out[task] = std::move(results);
  }
  out["met"] = met;
  if (comm.is_root()) fmt::print("{}\n", out.dump(2));
  return met ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Errors of resistances", "benchmark_resistance"};
  Choices choices;
  app.add_option("--task", choices.tasks, "error, pairs")->delimiter(',');
  app.add_option("--graph", choices.graphs, "families of graphs")->check(CLI::IsMember(graph_kinds()))->delimiter(',');
  app.add_option("--solves", choices.solves, "random right-hand sides of an estimate");
  app.add_option("--pairs", choices.pairs, "pairs of nodes");
  app.add_option("--deflation", choices.deflation, "vectors of the slow space for pairs [default: what pays]");
  app.add_option("--nodes", choices.large.nodes, "nodes for pairs");
  app.add_option("--edges", choices.large.edges, "edges for pairs");
  app.add_option("--small-nodes", choices.small.nodes, "nodes for error");
  app.add_option("--small-edges", choices.small.edges, "edges for error");
  CLI11_PARSE(app, argc, argv);
  const Session session("benchmark_resistance");
  return run(session.world(), choices);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
