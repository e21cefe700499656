// From h = 0 to the equilibrium.
#include <memory>

#include "subjects/kernel_peer.hpp"
#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/error.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal::benchmark {

namespace {
/// Collective.
Equilibrium solve_by(Setting& s, const std::string& method, double tolerance) {
  BalanceParams params;
  params.stop.tolerance = tolerance;
  if (method == "flow") return balance_by_flow(s.problem, params.stop, {});
  if (method == "stochastic") {
    AsynchronousParams asynchronous;
    asynchronous.stop = params.stop;
    return balance_asynchronously(s.problem, s.network, asynchronous).equilibrium;
  }
  if (method == "newton") params.method = Method::newton;
  if (method == "sweep") params.method = Method::sweep;
  return balance(s.problem, params);
}

Json figures_of(const Setting& s, const Equilibrium& found, const Sample& seconds) {
  const auto& solver = found.solver;
  const auto passes = static_cast<double>(solver.matrix_passes);
  const auto edges = static_cast<double>(s.problem.edges());
  Json out{{"method", solver.method},
           {"newton_steps", solver.newton_steps},
           {"sweeps", solver.sweeps},
           {"krylov_iterations", solver.krylov_iterations},
           {"matrix_passes", solver.matrix_passes},
           {"gap_over_cost", found.certificate.gap ? Json(*found.certificate.gap / found.costs.total) : Json()},
           {"synapses_per_second", edges / seconds.median()}};
  if (passes > 0) out["seconds_per_pass"] = seconds.median() / passes;
  return out;
}
}  // namespace

void measure_solve(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  Setting s(comm, name);
  std::vector<Equilibrium> found(choices.methods.size());
  std::vector<Contender> contenders;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto run = [&, k](Phases& phases) {
      phases.begin("restart");
      s.restart();
      phases.begin("solve");
      found[k] = solve_by(s, choices.methods[k], choices.tolerance);
    };
    contenders.push_back({.name = choices.methods[k],
                          .run = run,
                          .verdict = [&, k] { return s.verdict_of(found[k].h, choices.tolerance); },
                          .figures = [&, k](const Sample& seconds) { return figures_of(s, found[k], seconds); }});
  }
  s.restart();
  std::unique_ptr<KernelPeer> peer;
  if (contest.settings().peers) peer = std::make_unique<KernelPeer>(s.problem);
  KernelPeer::Minimum minimum;
  contenders.push_back({.name = "PETSc TAO, Newton line search, CG with Jacobi",
                        .peer = true,
                        .run = [&](Phases&) { minimum = peer->minimise(choices.tolerance); },
                        .verdict = [&] { return s.verdict_of(minimum.h, choices.tolerance); },
                        .figures = [&](const Sample&) -> Json {
                          return {{"newton_steps", minimum.steps}, {"krylov_iterations", minimum.krylov_iterations}};
                        }});
  contest.hold({"solve", facts_of(comm, name, s.network)}, std::move(contenders));
}

void measure_flow(Contest& contest, const Choices& choices, const std::string& name) {
  auto both = choices;
  both.methods = {"flow", "newton"};
  const auto& comm = contest.comm();
  Setting s(comm, name);
  FlowResult flow;
  Equilibrium newton;
  FlowParams params;
  params.tolerance = choices.tolerance;
  const std::vector<double> origin(at(s.problem.size()), 0.0);
  const auto figures = [&](const Sample& seconds) -> Json {
    return {
        {"steps", flow.statistics.steps},
        {"right_hand_sides", flow.statistics.derivatives},
        {"krylov_iterations", flow.statistics.krylov_iterations},
        {"matrix_passes", flow.matrix_passes},
        {"time_reached", flow.time},
        {"seconds_per_pass", seconds.median() / static_cast<double>(std::max<std::int64_t>(flow.matrix_passes, 1))}};
  };
  contest.hold({"flow", facts_of(comm, name, s.network)},
               {{.name = "flow by CVODE to its equilibrium",
                 .run =
                     [&](Phases&) {
                       s.restart();
                       flow = Flow(s.problem, s.kernel, s.sums)(origin, params);
                     },
                 .verdict = [&] { return s.verdict_of(flow.h, choices.tolerance); },
                 .figures = figures},
                {.name = "newton to the same",
                 .run =
                     [&](Phases&) {
                       s.restart();
                       newton = solve_by(s, "newton", choices.tolerance);
                     },
                 .verdict = [&] { return s.verdict_of(newton.h, choices.tolerance); },
                 .figures = [&](const Sample& seconds) { return figures_of(s, newton, seconds); }}});
}

void measure_stochastic(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  Setting s(comm, name);
  const std::vector<std::pair<std::string, TransportKind>> ways{{"one-sided", TransportKind::one_sided},
                                                                {"two-sided", TransportKind::two_sided}};
  std::vector<AsynchronousEquilibrium> found(ways.size());
  Equilibrium sweep;
  std::vector<Contender> contenders;
  for (std::size_t k = 0; k < ways.size(); ++k) {
    AsynchronousParams params;
    params.stop.tolerance = choices.tolerance, params.transport = ways[k].second;
    const auto figures = [&, k](const Sample&) -> Json {
      const auto& a = found[k].asynchrony;
      const auto neurons = static_cast<double>(std::max<GlobalIndex>(s.problem.global_size(), 1));
      return {{"relaxations_per_neuron", static_cast<double>(a.relaxations) / neurons},
              {"publications", a.traffic.messages},
              {"bytes_published", a.traffic.bytes},
              {"mean_age_of_values_read", a.staleness.mean},
              {"false_alarms", a.false_alarms}};
    };
    contenders.push_back({.name = "asynchronous, " + ways[k].first,
                          .run =
                              [&, k, params](Phases&) {
                                s.restart();
                                found[k] = balance_asynchronously(s.problem, s.network, params);
                              },
                          .verdict = [&, k] { return s.verdict_of(found[k].equilibrium.h, choices.tolerance); },
                          .figures = figures});
  }
  contenders.push_back({.name = "coloured sweeps",
                        .run =
                            [&](Phases&) {
                              s.restart();
                              sweep = solve_by(s, "sweep", choices.tolerance);
                            },
                        .verdict = [&] { return s.verdict_of(sweep.h, choices.tolerance); },
                        .figures = [&](const Sample& seconds) { return figures_of(s, sweep, seconds); }});
  contest.hold({"stochastic", facts_of(comm, name, s.network)}, std::move(contenders));
}

}  // namespace synbal::benchmark
