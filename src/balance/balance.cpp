// The choice of the method, the switch between methods, and the certificate at the end.
#include "synbal/balance/balance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/balance/component_sums.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/balance/sweep.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr double kAssessTolerance = 1e-2;  // of the solve behind the certificate and the step that is left

constexpr std::int64_t kRescueSweeps = 10'000;  // after a Newton that failed

double largest(const BalanceProblem& problem, std::span<const double> values) {
  double m = 0;
  for (const double v : values) m = std::max(m, std::abs(v));
  return problem.comm().max(m);
}

/// What two solvers in turn did, as one.
void append(SolverResult& first, SolverResult&& second) {
  const auto seconds = first.history.empty() ? 0.0 : first.history.back().seconds;
  for (auto& entry : second.history) {
    if (entry.iteration == 0 && !first.history.empty()) continue;  // where the first one ended
    entry.iteration += first.iterations;
    entry.seconds += seconds;
    first.history.push_back(entry);
  }
  first.reason = second.reason;
  first.iterations += second.iterations;
  first.sweeps += second.sweeps;
  first.newton_steps += second.newton_steps;
  first.krylov_iterations += second.krylov_iterations;
  first.matrix_passes += second.matrix_passes;
  first.newton_step_inf = second.newton_step_inf;
}

/// One run of balance(): the pieces that the methods share.
struct Work {
  BalanceProblem& problem;
  const BalanceParams& params;
  const ProgressCallback& report;
  FusedKernel kernel{problem};
  ComponentSums components{problem};
  std::vector<double> h{};
  std::vector<double> potential{};  // phi at h, if the solver left one

  SolverResult newton(const StopCriteria& stop) {
    NewtonSolver solver(problem, kernel, components, {.stop = stop});
    auto result = solver(h, report);
    potential.assign(solver.potential().begin(), solver.potential().end());
    return result;
  }

  SolverResult sweep(const StopCriteria& stop) {
    SweepSolver solver(problem, kernel, {stop, params.seed});
    return solver(h, report);
  }

  /// Newton, which picks its own preconditioner; what it leaves unbalanced is left to sweeps, which nothing can stop.
  SolverResult automatic() {
    const Timer timer;
    auto result = newton(params.stop);
    result.method = "auto (" + result.method + ")";
    const bool balanced = result.history.back().imbalance <= params.stop.tolerance;
    const auto asked = params.stop.max_iterations;
    const bool limited = (asked > 0 && result.iterations >= asked) || result.reason == StopReason::walltime;
    if (result.converged() || balanced || limited) return result;
    log_info("auto: newton stopped at an imbalance of {:.1e} ({}); going on with sweeps",
             result.history.back().imbalance, to_string(result.reason));
    auto stop = params.stop;
    stop.max_iterations = asked > 0 ? std::min(kRescueSweeps, asked - result.iterations) : kRescueSweeps;
    if (stop.max_seconds > 0) stop.max_seconds = std::max(1e-3, stop.max_seconds - timer.seconds());
    potential.clear();
    append(result, sweep(stop));
    result.method = "auto (newton, then sweep)";
    return result;
  }

  SolverResult solve() {
    if (params.method == Method::newton) return newton(params.stop);
    if (params.method == Method::sweep) return sweep(params.stop);
    return automatic();
  }
};

Assessment assess_with(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                       const NeuronCosts& costs) {
  NewtonEquation equation(problem, kernel, components);
  const auto phi = equation.solve_accurately(costs, kAssessTolerance);
  const double step =
      equation.solved() ? largest(problem, phi) / problem.power() : std::numeric_limits<double>::infinity();
  return {certify(problem, costs, phi), step, equation.iterations()};
}

/// No cycles: h = 0 is the answer and the proof is empty.
Equilibrium nothing_to_balance(Equilibrium&& found, Method method) {
  found.solver.method = to_string(method);
  found.solver.newton_step_inf = 0;
  found.certificate = {0.0, 0.0};
  return std::move(found);
}

/// The point that was found has the last word: sweeps judge the step by its trend only, and a limit may be reached just
/// when the point is good.
void judge(Equilibrium& found, const StopCriteria& stop) {
  auto& solver = found.solver;
  const bool small = solver.newton_step_inf && *solver.newton_step_inf <= stop.step_tolerance;
  const bool balanced = found.imbalance.l1 <= stop.tolerance;
  if (balanced && small) {
    solver.reason = StopReason::converged;
  } else if (solver.reason == StopReason::converged) {
    solver.reason = balanced ? StopReason::step_left : StopReason::stagnated;
  }
}

}  // namespace

std::string to_string(Method method) {
  switch (method) {
    case Method::newton:
      return "newton";
    case Method::sweep:
      return "sweep";
    default:
      return "auto";
  }
}

Assessment assess(const BalanceProblem& problem, FusedKernel& kernel, const NeuronCosts& costs) {
  return assess_with(problem, kernel, ComponentSums(problem), costs);
}

Equilibrium balance(BalanceProblem& problem, const BalanceParams& params, const ProgressCallback& report) {
  Work work{problem, params, report};
  work.h.assign(static_cast<std::size_t>(problem.size()), 0.0);
  Equilibrium found;
  const std::vector<double> origin = work.h;
  evaluate(problem, work.kernel, origin, found.costs);
  found.initial_cost = found.costs.total * problem.cost_unit();
  found.initial_imbalance = imbalance(problem, found.costs);
  if (problem.global_size() == 0) return nothing_to_balance(std::move(found), params.method);
  const auto before = work.kernel.passes();
  found.solver = work.solve();
  const auto in_solver = work.kernel.passes() - before;

  work.components.center(work.h);
  const bool settled = !problem.comm().any(work.potential.empty() && problem.size() > 0);
  if (!settled) problem.rebase(work.h);  // a settled solver's base differs by constants alone, which cost nothing
  evaluate(problem, work.kernel, origin, found.costs);
  found.imbalance = imbalance(problem, found.costs);
  if (!settled) {
    const auto assessment = assess_with(problem, work.kernel, work.components, found.costs);
    found.certificate = assessment.certificate;
    found.solver.newton_step_inf = assessment.newton_step_inf;
    found.solver.krylov_iterations += assessment.krylov_iterations;
  } else {
    found.certificate = certify(problem, found.costs, work.potential);
  }
  found.solver.matrix_passes += work.kernel.passes() - in_solver;
  judge(found, params.stop);
  found.h = std::move(work.h);
  return found;
}

}  // namespace synbal
