// The choice of the method, the switch between methods, and the certificate at the end.
#include "synbal/balance/balance.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/balance/component_sums.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/balance/sweep.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr double kAssessTolerance = 1e-2;  // of the solve behind the certificate and the step that is left

// What auto goes by: sweeps go on while they promise to finish for less than Newton usually takes.
constexpr std::int64_t kTrialSweeps = 5;
constexpr double kNewtonPasses = 60;  // of Newton on well-mixed networks, to 1e-10
constexpr double kPatience = 2;       // when the forecast was wrong, or the step will not shrink
constexpr double kSweepPasses = 1.3;  // cost of a sweep in passes

double largest(const BalanceProblem& problem, std::span<const double> values) {
  double m = 0;
  for (const double v : values) m = std::max(m, std::abs(v));
  return problem.comm().max(m);
}

/// Foresees from the imbalance of the last sweeps how many are still to come.
class Forecast {
 public:
  explicit Forecast(double tolerance) : tolerance_(tolerance) {}
  /// True when sweeping on would take longer than Newton.
  bool give_up(std::int64_t sweeps, double l1) {
    const double rate = previous_ > 0 ? l1 / previous_ : 1;
    previous_ = l1;
    if (kSweepPasses * static_cast<double>(sweeps) > kPatience * kNewtonPasses) return true;
    if (sweeps < kTrialSweeps || l1 <= tolerance_) return false;
    const double remaining = rate < 1 ? std::log(tolerance_ / l1) / std::log(rate) : 1e300;
    return kSweepPasses * remaining > kNewtonPasses;
  }

 private:
  double tolerance_;
  double previous_ = 0;
};

/// What two solvers in turn did, as one.
void append(SolverResult& first, SolverResult&& second) {
  const auto seconds = first.history.empty() ? 0.0 : first.history.back().seconds;
  for (auto& entry : second.history) {
    entry.iteration += first.iterations;
    entry.seconds += seconds;
    first.history.push_back(entry);
  }
  first.reason = second.reason;
  first.iterations += second.iterations;
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

  SolverResult newton(StopCriteria stop) {
    NewtonSolver solver(problem, kernel, components, {.stop = stop});
    auto result = solver(h, report);
    potential.assign(solver.potential().begin(), solver.potential().end());
    return result;
  }

  SolverResult sweep(const GiveUp& give_up = {}) {
    SweepSolver solver(problem, kernel, {params.stop, params.seed});
    return solver(h, report, give_up);
  }

  SolverResult automatic() {
    const Timer timer;
    Forecast forecast(params.stop.tolerance);
    auto result = sweep([&](std::int64_t sweeps, const SweepView& view) { return forecast.give_up(sweeps, view.l1); });
    if (result.reason == StopReason::gave_up) {
      log_info("auto: {} sweeps brought the imbalance to {:.1e} but converge slowly; going on with newton",
               result.sweeps, result.history.back().imbalance);
      auto stop = params.stop;
      if (stop.max_iterations > 0) stop.max_iterations = std::max<std::int64_t>(1, stop.max_iterations - result.sweeps);
      if (stop.max_seconds > 0) stop.max_seconds = std::max(1e-3, stop.max_seconds - timer.seconds());
      append(result, newton(stop));
      result.method = "auto (sweep, then newton)";
    } else {
      result.method = "auto (sweep)";
    }
    return result;
  }

  SolverResult solve() {
    if (params.method == Method::newton) return newton(params.stop);
    if (params.method == Method::sweep) return sweep();
    return automatic();
  }
};

Assessment assess_with(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                       const NeuronCosts& costs) {
  NewtonEquation equation(problem, kernel, components);
  const auto phi = equation.solve_accurately(costs, kAssessTolerance);
  return {certify(problem, costs, phi), largest(problem, phi) / problem.power(), equation.iterations()};
}

/// No cycles: h = 0 is the answer and the proof is empty.
Equilibrium nothing_to_balance(Equilibrium&& found, Method method) {
  found.solver.method = to_string(method);
  found.solver.newton_step_inf = 0;
  found.certificate = {0.0, 0.0};
  return std::move(found);
}

/// Sweeps judge the step by its trend; the Newton step is the better judge.
void judge_step(Equilibrium& found, const StopCriteria& stop) {
  auto& solver = found.solver;
  const bool small = solver.newton_step_inf && *solver.newton_step_inf <= stop.step_tolerance;
  if (solver.reason == StopReason::converged && !small) solver.reason = StopReason::stagnated;
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
  problem.rebase(work.h);
  evaluate(problem, work.kernel, origin, found.costs);
  found.imbalance = imbalance(problem, found.costs);
  if (problem.comm().any(work.potential.empty() && problem.size() > 0)) {  // the last solve was elsewhere
    const auto assessment = assess_with(problem, work.kernel, work.components, found.costs);
    found.certificate = assessment.certificate;
    found.solver.newton_step_inf = assessment.newton_step_inf;
    found.solver.krylov_iterations += assessment.krylov_iterations;
  } else {
    found.certificate = certify(problem, found.costs, work.potential);
  }
  found.solver.matrix_passes += work.kernel.passes() - in_solver;
  judge_step(found, params.stop);
  found.h = std::move(work.h);
  return found;
}

}  // namespace synbal
