// Methods by name.
#include "subjects/equilibria.hpp"

#include "synbal/flow/flow.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal::benchmark {

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

}  // namespace synbal::benchmark
