// Laplacian solves from nothing to a true residual of 1e-8, set-up included, against conjugate gradients of PETSc with
// Jacobi, ICC, default and tuned BoomerAMG in the same run: seconds, iterations, edges per second, the ratio to the
// best.
//   [mpirun -n P] benchmark_laplacian [--graph KIND ...] [--nodes N] [--edges M] [--peers LIST] [--repeats R]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "laplacian_graphs.hpp"
#include "laplacian_peers.hpp"
#include "measure.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/session.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::benchmark {

namespace {

using Json = nlohmann::ordered_json;

struct Choices {
  std::vector<std::string> graphs = graph_kinds();
  std::vector<std::string> peers = peer_names();
  GraphChoice graph;
  double tolerance = 1e-8;
  int repeats = 3;
  std::string preconditioner;
  bool eliminate = true;
};

/// Processor seconds of this rank so far: where other programs share the machine, they tell more than the clock.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What one solver needed over several runs, and whether its x is one.
struct Figures {
  std::vector<double> seconds, setup, cpu;
  std::int64_t iterations = 0;
  double residual = 0;
  std::string preconditioner;

  [[nodiscard]] static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? HUGE_VAL : values[values.size() / 2];
  }
  [[nodiscard]] double time() const { return median(seconds); }
  [[nodiscard]] Json json(const ConductanceGraph& graph, double tolerance) const {
    Json out{{"seconds", time()},
             {"seconds_least", *std::min_element(seconds.begin(), seconds.end())},
             {"cpu_seconds", median(cpu)},
             {"setup_seconds", median(setup)},
             {"iterations", iterations},
             {"true_residual", residual},
             {"edges_per_second", static_cast<double>(graph.edges()) / time()},
             {"correct", residual <= tolerance}};
    if (!preconditioner.empty()) out["preconditioner"] = preconditioner;
    return out;
  }
};

/// Collective. |b - L x| / |b|.
double true_residual(const ConductanceGraph& graph, std::span<const double> b, std::span<const double> x) {
  std::vector<double> y(b.size());
  LaplacianOperator(graph).apply(x, y, 1);
  double squares[2] = {};
  for (std::size_t i = 0; i < b.size(); ++i) {
    squares[0] += (b[i] - y[i]) * (b[i] - y[i]), squares[1] += b[i] * b[i];
  }
  graph.comm().sum(std::span<double>(squares));
  return std::sqrt(squares[0] / squares[1]);
}

std::vector<double> right_hand_side(const ConductanceGraph& graph) {
  const CounterRandom random(12);
  std::vector<double> b(static_cast<std::size_t>(graph.size()));
  for (std::size_t i = 0; i < b.size(); ++i) {
    b[i] = random.normal(static_cast<std::uint64_t>(graph.nodes().first()) + i);
  }
  ComponentSums(graph).project(b, 1);
  return b;
}

LaplacianSolverParams solver_params(const Choices& choices) {
  LaplacianSolverParams params;
  params.eliminate = choices.eliminate;
  if (choices.preconditioner == "incomplete") params.preconditioner = Preconditioner::incomplete;
  for (const auto kind : {Preconditioner::jacobi, Preconditioner::multigrid, Preconditioner::direct}) {
    if (choices.preconditioner == to_string(kind)) params.preconditioner = kind;
  }
  return params;
}

void run_ours(const ConductanceGraph& graph, const Choices& choices, std::span<const double> b, Figures& figures) {
  const auto& comm = graph.comm();
  std::vector<double> x(b.size());
  comm.barrier();
  const Timer timer;
  const double before = processor_seconds();
  LaplacianSolver solver(graph, solver_params(choices));
  const auto result = solver.solve(b, x, 1, {choices.tolerance});
  figures.seconds.push_back(comm.max(timer.seconds()));
  figures.cpu.push_back(comm.max(processor_seconds() - before));
  figures.setup.push_back(comm.max(result.setup_seconds));
  figures.iterations = result.iterations;
  figures.preconditioner = result.preconditioner;
  figures.residual = true_residual(graph, b, x);
}

void run_peer(const ConductanceGraph& graph, Peers& peers, const std::string& name, double tolerance,
              std::span<const double> b, Figures& figures) {
  std::vector<double> x(b.size(), 0.0);
  const double before = processor_seconds();
  const auto result = peers.run(name, b, x, tolerance);
  figures.cpu.push_back(graph.comm().max(processor_seconds() - before));
  figures.seconds.push_back(result.setup_seconds + result.solve_seconds);
  figures.setup.push_back(result.setup_seconds);
  figures.iterations = result.iterations;
  figures.residual = true_residual(graph, b, x);
}

/// Collective. All solvers in turn, `repeats` times, so that a busy machine troubles them alike.
Json measure_graph(const Comm& comm, const Choices& choices, const std::string& kind, bool& all_right) {
  auto choice = choices.graph;
  choice.kind = kind;
  const auto graph = benchmark_graph(comm, choice);
  const auto b = right_hand_side(graph);
  Figures ours;
  std::vector<Figures> others(choices.peers.size());
  Peers peers(graph);
  for (int k = 0; k < choices.repeats; ++k) {
    run_ours(graph, choices, b, ours);
    for (std::size_t p = 0; p < others.size(); ++p) {
      run_peer(graph, peers, choices.peers[p], choices.tolerance, b, others[p]);
    }
  }
  Json out{{"graph", kind}, {"nodes", graph.global_size()}, {"edges", graph.edges()}};
  out["synbal"] = ours.json(graph, choices.tolerance);
  double best = HUGE_VAL, best_cpu = HUGE_VAL;
  std::string best_name;
  for (std::size_t p = 0; p < others.size(); ++p) {
    out[choices.peers[p]] = others[p].json(graph, choices.tolerance);
    if (others[p].residual > choices.tolerance) continue;
    best_cpu = std::min(best_cpu, Figures::median(others[p].cpu));
    if (others[p].time() >= best) continue;
    best = others[p].time(), best_name = choices.peers[p];
  }
  if (!best_name.empty()) out["best_peer"] = best_name, out["time_over_best_peer"] = ours.time() / best;
  if (!best_name.empty()) out["cpu_over_best_peer"] = Figures::median(ours.cpu) / best_cpu;
  all_right = all_right && ours.residual <= choices.tolerance;
  return out;
}

int run(const Comm& comm, const Choices& choices) {
  Json results = Json::array();
  bool right = true;
  for (const auto& kind : choices.graphs) {
    results.push_back(measure_graph(comm, choices, kind, right));
    if (comm.is_root()) fmt::print(stderr, "{}\n", results.back().dump());
  }
  if (comm.is_root()) {
    const Json out{{"benchmark", "laplacian"},   {"machine", machine(comm)}, {"tolerance", choices.tolerance},
                   {"repeats", choices.repeats}, {"graphs", results},        {"correct", right}};
    fmt::print("{}\n", out.dump(2));
  }
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Laplacian solves against PETSc's preconditioners", "benchmark_laplacian"};
  Choices choices;
  app.add_option("--graph", choices.graphs, "families of graphs")->check(CLI::IsMember(graph_kinds()))->delimiter(',');
  app.add_option("--nodes", choices.graph.nodes, "nodes before the largest component is taken");
  app.add_option("--edges", choices.graph.edges, "edges drawn (trees have one less than nodes)");
  app.add_option("--seed", choices.graph.seed, "of the graph");
  app.add_option("--peers", choices.peers, "solvers beside ours")->check(CLI::IsMember(peer_names()))->delimiter(',');
  bool alone = false, verbose = false;
  app.add_flag("-v,--verbose", verbose, "tell what is foreseen");
  app.add_flag("--no-peers", alone, "ours alone");
  app.add_option("--tolerance", choices.tolerance, "relative residual");
  app.add_option("--repeats", choices.repeats, "timed runs of each");
  app.add_option("--preconditioner", choices.preconditioner,
                 "jacobi, incomplete, multigrid or direct instead of our own choice");
  app.add_flag("!--no-elimination", choices.eliminate, "solve the whole graph by iterations");
  CLI11_PARSE(app, argc, argv);
  if (alone) choices.peers.clear();
  const Session session("benchmark_laplacian");
  if (verbose) configure_log(1, session.world().is_root());
  return run(session.world(), choices);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
