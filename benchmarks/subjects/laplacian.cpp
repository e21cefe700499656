// Solves with the graph Laplacian, set-up included.
#include <cmath>
#include <memory>

#include "laplacian_peers.hpp"
#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/core/random.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::benchmark {

namespace {
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

/// Collective. Random, in the range of L.
std::vector<double> right_hand_side(const ConductanceGraph& graph) {
  const CounterRandom random(12);
  std::vector<double> b(at(graph.size()));
  for (std::size_t i = 0; i < b.size(); ++i) {
    b[i] = random.normal(static_cast<std::uint64_t>(graph.nodes().first()) + i);
  }
  ComponentSums(graph).project(b, 1);
  return b;
}
}  // namespace

void measure_laplacian(Contest& contest, const Choices& choices, const std::string& name) {
  const auto graph = named_graph(contest.comm(), name);
  const auto b = right_hand_side(graph);
  std::vector<double> x(b.size());
  LaplacianSolve own;
  const auto edges = static_cast<double>(graph.edges());
  const auto verdict = [&] { return Verdict{"true residual", true_residual(graph, b, x), choices.residual}; };
  std::vector<Contender> contenders;
  contenders.push_back({.name = "as it chooses",
                        .run =
                            [&](Phases& phases) {
                              phases.begin("elimination");
                              LaplacianSolver solver(graph);
                              phases.begin("solve");
                              own = solver.solve(b, x, 1, {choices.residual});
                            },
                        .verdict = verdict,
                        .figures = [&](const Sample& seconds) -> Json {
                          return {{"iterations", own.iterations},
                                  {"preconditioner", own.preconditioner},
                                  {"setup_seconds", own.setup_seconds},
                                  {"edges_per_second", edges / seconds.median()}};
                        }});
  std::unique_ptr<Peers> peers;
  if (contest.settings().peers) peers = std::make_unique<Peers>(graph);
  PeerRun theirs;
  for (const auto& peer : peer_names()) {
    contenders.push_back({.name = "PETSc CG, " + peer,
                          .peer = true,
                          .run =
                              [&, peer](Phases&) {
                                x.assign(x.size(), 0.0);
                                theirs = peers->run(peer, b, x, choices.residual);
                              },
                          .verdict = verdict,
                          .figures = [&](const Sample& seconds) -> Json {
                            return {{"iterations", theirs.iterations}, {"edges_per_second", edges / seconds.median()}};
                          }});
  }
  contest.hold({"laplacian", facts_of(name, graph)}, std::move(contenders));
}

}  // namespace synbal::benchmark
