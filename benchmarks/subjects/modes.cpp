// The slowest modes, set-up included.
#include "synbal/spectral/modes.hpp"

#include <cmath>
#include <memory>

#include "modes_peers.hpp"
#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal::benchmark {

namespace {
/// Collective. The largest |L v - lambda v| / (lambda |v|); infinite where modes are missing.
double true_residual(const ConductanceGraph& graph, int wanted, std::span<const double> value,
                     std::span<const double> vector) {
  if (std::ssize(value) < wanted) return HUGE_VAL;
  const auto n = at(graph.size()), m = value.size();
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
}  // namespace

void measure_modes(Contest& contest, const Choices& choices, const std::string& name) {
  const auto graph = named_graph(contest.comm(), name);
  Modes own;
  ModesParams params;
  params.count = choices.count, params.tolerance = choices.residual;
  std::vector<Contender> contenders;
  contenders.push_back({.name = "as it chooses",
                        .run =
                            [&](Phases& phases) {
                              phases.begin("elimination");
                              LaplacianSolver solver(graph);
                              phases.begin("modes");
                              own = slowest_modes(graph, solver, params);
                            },
                        .verdict =
                            [&] {
                              return Verdict{"largest true residual",
                                             true_residual(graph, choices.count, own.value, own.vector),
                                             choices.residual};
                            },
                        .figures = [&](const Sample&) -> Json {
                          return {{"method", own.method}, {"iterations", own.iterations}, {"eigenvalues", own.value}};
                        }});
  std::unique_ptr<ModePeers> peers;
  if (contest.settings().peers) peers = std::make_unique<ModePeers>(graph);
  ModePeerRun theirs;
  for (const auto& peer : mode_peer_names()) {
    const auto run = [&, peer](Phases&) {
      theirs = peers->run(peer, choices.count, choices.residual, contest.settings().most_seconds);
    };
    const auto verdict = [&] {
      return Verdict{"largest true residual", true_residual(graph, choices.count, theirs.value, theirs.vector),
                     choices.residual};
    };
    contenders.push_back(
        {.name = "SLEPc, " + peer, .peer = true, .run = run, .verdict = verdict, .figures = [&](const Sample&) -> Json {
           return {{"iterations", theirs.iterations}, {"eigenvalues", theirs.value}};
         }});
  }
  contest.hold({"modes", facts_of(name, graph)}, std::move(contenders));
}

}  // namespace synbal::benchmark
