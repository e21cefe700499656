// The choice of the method, the switch between methods, and the certificate at the end.
#include "synbal/balance/balance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "balance/clusters/small_balance.hpp"
#include "balance/equilibrium.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/balance/run_frame.hpp"
#include "synbal/balance/sweep.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

namespace {

constexpr double kLog2Broad = 66;     // costs over 20 decades: doubles may not see the weak ones beside the strong
constexpr GlobalIndex kAtOnce = 300;  // neurons that extended precision balances in a second
constexpr double kItsTime = 1;        // s, which that may take
constexpr std::int64_t kRescueSweeps = 10'000;  // after a Newton that failed
constexpr const char* kRescue = "rescue";       // the part of a state that tells of that Newton

/// One run of balance(): the pieces that the methods share.
struct Work {
  BalanceProblem& problem;
  const BalanceParams& params;
  const ProgressCallback& report;
  FusedKernel kernel{problem};
  ComponentSums components{problem};
  std::vector<double> h{};
  std::vector<double> potential{};        // phi at h, if the solver left one
  std::optional<double> extended_step{};  // the step left at h by extended precision, if h is from there

  Timer timer{};

  SolverResult newton(const StopCriteria& stop) {
    NewtonSolver solver(problem, kernel, components, {.stop = stop});
    auto result = solver(h, report);
    potential.assign(solver.potential().begin(), solver.potential().end());
    return result;
  }

  SolverResult sweep(const StopCriteria& stop) { return SweepSolver(problem, kernel, params.seed)(h, stop, report); }

  /// Nothing, and h as it is, where the problem is too large or its elimination would fill too much.
  std::optional<SolverResult> in_extended_precision() {
    auto found = h;
    auto result = balance_small(problem, found);
    if (!result || !result->converged()) return {};
    h = std::move(found);
    potential.clear();
    extended_step = result->newton_step_inf;
    return result;
  }

  /// Extended precision knows no limits: it is for those whose limits cannot be in its way.
  [[nodiscard]] bool unlimited() const {
    const auto& stop = params.stop;
    return stop.max_iterations == 0 && (stop.max_seconds <= 0 || stop.max_seconds > kItsTime);
  }

  /// Newton, which picks its own preconditioner; what it leaves unbalanced is left to extended precision where the
  /// problem is small (at once where its range is too wide for doubles), then to sweeps, which nothing can stop.
  SolverResult automatic() {
    if (const auto part = taken_part(params.stop, kRescue)) {
      SolverResult result;
      take_result(*part, result);
      return rescued(std::move(result));
    }
    const bool broad = problem.global_size() <= kAtOnce && problem.log2_span() > kLog2Broad;
    if ((broad || problem.wide()) && unlimited()) {
      if (auto result = in_extended_precision()) return std::move(*result);
    }
    auto result = newton(params.stop);
    result.method = "auto (" + result.method + ")";
    const auto asked = params.stop.max_iterations;
    const bool limited = (asked > 0 && result.iterations >= asked) || result.reason == StopReason::walltime;
    if (result.converged() || limited) return result;
    if (auto extended = in_extended_precision()) {
      append(result, std::move(*extended));
      result.method = "auto (newton, then in extended precision)";
      return result;
    }
    // Sweeps look at neighbours in the order in which ranks hold them.
    if (result.history.back().imbalance <= params.stop.tolerance || problem.reproducible()) return result;
    potential.clear();
    log_info("auto: newton stopped at an imbalance of {:.1e} ({}); going on with sweeps",
             result.history.back().imbalance, to_string(result.reason));
    return rescued(std::move(result));
  }

  /// Sweeps after a Newton whose result this is.
  SolverResult rescued(SolverResult result) {
    const auto asked = params.stop.max_iterations;
    const KeptPart kept(params.stop.keeper, kRescue, [&](RunPart& part) { put_result(part, result); });
    auto stop = params.stop;
    stop.max_iterations = asked > 0 ? std::min(kRescueSweeps, asked - result.iterations) : kRescueSweeps;
    if (stop.max_seconds > 0) stop.max_seconds = std::max(1e-9, stop.max_seconds - timer.seconds());
    append(result, sweep(stop));
    result.method = "auto (newton, then sweep)";
    return result;
  }

  SolverResult solve() { return params.method == Method::newton ? newton(params.stop) : automatic(); }
};

/// Collective. What h may be off by, once extended precision has left this step and doubles have rounded h. Sums of
/// doubles at h say nothing better: over hundreds of decades the step that they leave is one of their own.
double step_of_rounded(const Comm& comm, double extended_step, const std::vector<double>& h) {
  double largest = 0;
  for (const double x : h) largest = std::max(largest, std::abs(x));
  return extended_step + std::numeric_limits<double>::epsilon() * comm.max(largest);
}

/// Collective. Whether some neuron or cut carries so little that its costs were raised (a million of them at most), so
/// that sums of doubles say nothing of its balance.
bool beyond_doubles(const Comm& comm, const Equilibrium& found) {
  constexpr double least = 1e6 * BalanceProblem::smallest_cost();
  const auto& costs = found.costs;
  bool beyond = found.solver.cuts && found.solver.cuts->weakest_share * costs.total < least;
  for (std::size_t i = 0; i < costs.in.size(); ++i) beyond = beyond || costs.in[i] + costs.out[i] < least;
  return comm.any(beyond);
}

Equilibrium balance_by_sweeps(BalanceProblem& problem, const BalanceParams& params, const ProgressCallback& report) {
  FusedKernel kernel(problem);
  SweepSolver solver(problem, kernel, params.seed);
  const auto solve = [&](std::vector<double>& h, const StopCriteria& stop) { return solver(h, stop, report); };
  return balance_by(problem, kernel, params.stop, "sweep", solve, {.often = true});
}

/// A method that shows no iterations has at least a beginning and an end.
void tell_ends(Equilibrium& found, double unit, double seconds) {
  auto& solver = found.solver;
  if (!solver.history.empty()) return;
  solver.history.push_back({0, found.initial_cost, found.initial_imbalance.l1, 0.0});
  solver.history.push_back({solver.iterations, found.costs.total * unit, found.imbalance.l1, seconds});
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

Equilibrium balance(BalanceProblem& problem, const BalanceParams& params, const ProgressCallback& report) {
  const StageScope stage(Stage::solving);
  if (params.method == Method::sweep) return balance_by_sweeps(problem, params, report);
  Work work{problem, params, report};
  work.h = beginning(params.stop, problem);
  auto found = unbalanced(problem, work.kernel);
  if (problem.global_size() == 0) return nothing_to_balance(std::move(found), to_string(params.method));
  const auto before = work.kernel.passes();
  found.solver = work.solve();
  const auto in_solver = work.kernel.passes() - before;

  work.components.center(work.h);
  const bool settled = !problem.comm().any(work.potential.empty() && problem.size() > 0);
  if (settled) {  // the solver's base differs by constants alone, which cost nothing
    evaluate_at_base(problem, work.kernel, found);
    found.certificate = certify(problem, work.kernel, found.costs, work.potential);
  } else {
    problem.rebase(work.h);
    evaluate_at_base(problem, work.kernel, found);
    assess_at_base(problem, work.kernel, work.components, params.stop, found);
  }
  if (work.extended_step) {
    found.solver.newton_step_inf = step_of_rounded(problem.comm(), *work.extended_step, work.h);
  } else if (problem.wide() && beyond_doubles(problem.comm(), found)) {
    found.solver.newton_step_inf = std::numeric_limits<double>::infinity();
  }
  found.solver.matrix_passes += work.kernel.passes() - in_solver;
  judge(found, params.stop);
  tell_ends(found, problem.cost_unit(), work.timer.seconds());
  found.h = std::move(work.h);
  return found;
}

}  // namespace synbal
