// The Lax flow to its equilibrium, beside CVODE with its own linear solvers.
#include "synbal/flow/flow.hpp"

#include <algorithm>
#include <memory>

#include "subjects/equilibria.hpp"
#include "subjects/flow_peer.hpp"
#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"

namespace synbal::benchmark {

namespace {
Json figures_of(const FlowResult& flow, const Sample& seconds) {
  const auto passes = static_cast<double>(std::max<std::int64_t>(flow.matrix_passes, 1));
  return {{"steps", flow.statistics.steps},
          {"right_hand_sides", flow.statistics.derivatives},
          {"krylov_iterations", flow.statistics.krylov_iterations},
          {"matrix_passes", flow.matrix_passes},
          {"time_reached", flow.time},
          {"seconds_per_pass", seconds.median() / passes}};
}

/// One of CVODE's own linear solvers.
struct PeerWay {
  const char* name;
  PeerSolver solver;
  FlowPeerRun found = {};
};

Contender contender_of(Contest& contest, Setting& s, PeerWay& way, const std::unique_ptr<KernelPeer>& costs,
                       const FlowParams& params) {
  const auto run = [&](Phases&) {
    way.found = flow_by_peer(s.comm, *costs, s.problem.size(), s.problem.power(), way.solver, params.integrator,
                             params.tolerance, contest.settings().most_seconds);
  };
  return {.name = way.name,
          .peer = true,
          .run = run,
          .verdict = [&] { return s.verdict_of(way.found.h, params.tolerance); },
          .figures = [&](const Sample&) -> Json {
            return {{"steps", way.found.steps},
                    {"right_hand_sides", way.found.right_hand_sides},
                    {"krylov_iterations", way.found.krylov_iterations}};
          }};
}
}  // namespace

void measure_flow(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  Setting s(comm, name);
  FlowResult flow;
  Equilibrium newton;
  FlowParams params;
  params.tolerance = choices.tolerance;
  params.resolve_end = false;  // as nobody else here does, and balance --method flow does not
  const std::vector<double> origin(at(s.problem.size()), 0.0);
  std::vector<Contender> contenders{{.name = "flow by CVODE to its equilibrium",
                                     .run =
                                         [&](Phases&) {
                                           s.restart();
                                           flow = Flow(s.problem, s.kernel, s.sums)(origin, params);
                                         },
                                     .verdict = [&] { return s.verdict_of(flow.h, choices.tolerance); },
                                     .figures = [&](const Sample& seconds) { return figures_of(flow, seconds); }},
                                    {.name = "newton to the same",
                                     .run =
                                         [&](Phases&) {
                                           s.restart();
                                           newton = solve_by(s, "newton", choices.tolerance);
                                         },
                                     .verdict = [&] { return s.verdict_of(newton.h, choices.tolerance); },
                                     .figures = [&](const Sample& seconds) { return figures_of(s, newton, seconds); }}};
  PeerWay ways[] = {{"CVODE with its CG and Jacobi, products of PETSc", PeerSolver::conjugate_gradients},
                    {"CVODE with its GMRES on differences, products of PETSc", PeerSolver::gmres}};
  std::unique_ptr<KernelPeer> costs;
  if (contest.settings().peers) costs = std::make_unique<KernelPeer>(s.problem);
  for (auto& way : ways) contenders.push_back(contender_of(contest, s, way, costs, params));
  contest.hold({"flow", facts_of(comm, name, s.network)}, std::move(contenders));
}

}  // namespace synbal::benchmark
