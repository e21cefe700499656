// The slowest modes, from the graph to vectors whose true residuals are small, against SLEPc's own solvers in the same
// run: seconds, iterations, and whether all of them found the same eigenvalues.
//   [mpirun -n P] benchmark_modes [--graph KIND ...] [--nodes N] [--edges M] [--count K] [--peers LIST] [--repeats R]
#include "synbal/spectral/modes.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "laplacian_graphs.hpp"
#include "measure.hpp"
#include "modes_peers.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/session.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal::benchmark {

namespace {

using Json = nlohmann::ordered_json;

struct Choices {
  std::vector<std::string> graphs{"random", "modular-3", "modular-5", "small-world-2", "small-world-3"};
  std::vector<std::string> peers = mode_peer_names();
  GraphChoice graph;
  ModesParams modes;
  int repeats = 3;
  double limit = 90;
};

/// Processor seconds of this rank so far: where other programs share the machine, they tell more than the clock.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds on one core for 16 modes of 5e4 nodes and 5e5 edges.
double target_seconds(const std::string& kind) { return kind == "random" ? 5 : 20; }

/// Collective. The largest |L v - lambda v| / (lambda |v|).
double true_residual(const ConductanceGraph& graph, int count, std::span<const double> value,
                     std::span<const double> vector) {
  const auto n = at(graph.size()), m = at(count);
  LaplacianOperator laplacian(graph);
  std::vector<double> v(n), product(n), sums(2 * m, 0.0);
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 0; i < n; ++i) v[i] = vector[i * m + k];
    laplacian.apply(v, product, 1);
    for (std::size_t i = 0; i < n; ++i) {
      const double r = product[i] - value[k] * v[i];
      sums[2 * k] += r * r, sums[2 * k + 1] += v[i] * v[i];
    }
  }
  graph.comm().sum(std::span(sums));
  double worst = 0;
  for (std::size_t k = 0; k < m; ++k) worst = std::max(worst, std::sqrt(sums[2 * k] / sums[2 * k + 1]) / value[k]);
  return worst;
}

/// The largest relative difference of eigenvalues, of those that both have.
double difference(std::span<const double> a, std::span<const double> b) {
  double worst = 0;
  for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) worst = std::max(worst, std::abs(a[k] / b[k] - 1));
  return worst;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Collective. The solver's set-up included.
std::pair<Modes, Json> measure_own(const Comm& comm, const ConductanceGraph& graph, const Choices& choices) {
  std::vector<double> seconds, cpu;
  Modes modes;
  for (int repeat = 0; repeat < choices.repeats; ++repeat) {
    comm.barrier();
    const Timer timer;
    const double before = processor_seconds();
    LaplacianSolver solver(graph);
    modes = slowest_modes(graph, solver, choices.modes);
    seconds.push_back(comm.max(timer.seconds()));
    cpu.push_back(comm.max(processor_seconds() - before));
  }
  const double residual = true_residual(graph, modes.count, modes.value, modes.vector);
  const bool correct = residual <= choices.modes.tolerance && modes.count == choices.modes.count && modes.converged;
  Json out{{"method", modes.method},     {"seconds", median(seconds)},     {"all_seconds", seconds},
           {"cpu_seconds", median(cpu)}, {"iterations", modes.iterations}, {"true_residual", residual},
           {"correct", correct},         {"first", modes.value.front()},   {"last", modes.value.back()}};
  return {std::move(modes), std::move(out)};
}

/// Collective. A peer may fail, and be right only in part when its time is over.
Json measure_peer(const ConductanceGraph& graph, ModePeers& peers, const std::string& name, const Choices& choices,
                  const Modes& own) {
  const double before = processor_seconds();
  ModePeerRun run;
  try {
    run = peers.run(name, choices.modes.count, choices.modes.tolerance, choices.limit);
  } catch (const Error& error) {
    return {{"converged", 0}, {"failed", error.what()}};
  }
  return {{"seconds", run.seconds},
          {"cpu_seconds", graph.comm().max(processor_seconds() - before)},
          {"converged", run.count},
          {"iterations", run.iterations},
          {"true_residual", true_residual(graph, run.count, run.value, run.vector)},
          {"eigenvalues_differ_by", difference(run.value, own.value)}};
}

Json measure_graph(const Comm& comm, const Choices& choices, const std::string& kind) {
  auto choice = choices.graph;
  choice.kind = kind;
  const auto graph = benchmark_graph(comm, choice);
  auto [modes, own] = measure_own(comm, graph, choices);
  Json out{{"graph", kind}, {"nodes", graph.global_size()}, {"edges", graph.edges()}};
  bool met = own["correct"].get<bool>() && own["seconds"].get<double>() <= target_seconds(kind);
  out["synbal"] = std::move(own);
  ModePeers peers(graph);
  for (const auto& name : choices.peers) {
    out[name] = measure_peer(graph, peers, name, choices, modes);
    // Two right answers have the same eigenvalues; a mode left out shifts all that follow.
    if (out[name]["converged"] == choices.modes.count) met = met && out[name]["eigenvalues_differ_by"] <= 1e-7;
  }
  out["target_seconds"] = target_seconds(kind);
  out["met"] = met;
  return out;
}

int run(const Comm& comm, const Choices& choices) {
  Json out{{"benchmark", "modes"}, {"machine", machine(comm)}, {"count", choices.modes.count}}, results = Json::array();
  bool met = true;
  for (const auto& kind : choices.graphs) {
    results.push_back(measure_graph(comm, choices, kind));
    met = met && results.back()["met"].get<bool>();
    if (comm.is_root()) fmt::print(stderr, "{}\n", results.back().dump());
  }
  out["results"] = std::move(results);
  out["met"] = met;
  if (comm.is_root()) fmt::print("{}\n", out.dump(2));
  return met ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Slowest modes against SLEPc's solvers", "benchmark_modes"};
  Choices choices;
  app.add_option("--graph", choices.graphs, "families of graphs")->check(CLI::IsMember(graph_kinds()))->delimiter(',');
  app.add_option("--peers", choices.peers, "SLEPc's solvers, or none")->delimiter(',');
  app.add_option("--nodes", choices.graph.nodes, "nodes");
  app.add_option("--edges", choices.graph.edges, "edges drawn");
  app.add_option("--count", choices.modes.count, "modes");
  app.add_option("--tolerance", choices.modes.tolerance, "relative residual");
  app.add_option("--repeats", choices.repeats, "runs of which the median counts");
  app.add_option("--limit", choices.limit, "seconds that a peer may take");
  CLI11_PARSE(app, argc, argv);
  if (choices.peers == std::vector<std::string>{"none"}) choices.peers.clear();
  const Session session("benchmark_modes");
  return run(session.world(), choices);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
