// The shared pieces, and the way to an equilibrium by a solver that knows the imbalance alone.
#include "balance/equilibrium.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "balance/judged_step.hpp"
#include "synbal/balance/run_frame.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/own_sums.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr double kOffsetTolerance = 1e-11;  // of p times the offsets of clusters
constexpr double kRounding = 1e-15;         // an imbalance that no solver improves
constexpr double kFirstTurn = 1e-3;         // imbalance at which clusters move first, where there are any
constexpr double kNextTurn = 1e-2;          // of the imbalance of one turn to that of the next
constexpr double kShareOfProof = 0.04;      // of a limit in seconds, which may be missed by a tenth in all
constexpr const char* kCalls = "calls";     // the part of a state that tells of earlier calls of the solver

/// After the end of a run's time a proof may take a little more of it.
class ProofWatch final : public SolveWatch {
 public:
  explicit ProofWatch(double time_of_run) : most_(std::max(1.0, kShareOfProof * time_of_run)) {}
  [[nodiscard]] bool wants_end() override { return timer_.seconds() > most_; }

 private:
  double most_;
  Timer timer_;
};

Assessment assess_with(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                       const NeuronCosts& costs) {
  const auto step = judged_step(problem, kernel, components, costs);
  return {certify(problem, costs, step.phi), step.newton_step_inf, step.krylov_iterations, step.cuts()};
}

/// The imbalance at which the Newton step should be small: near the optimum both shrink alike.
double sharper(const Equilibrium& found, const StopCriteria& stop) {
  const double share = 0.5 * stop.step_tolerance / *found.solver.newton_step_inf;
  return found.imbalance.l1 * std::clamp(share, 1e-3, 0.5);
}

/// Collective. What the limits leave for another call of the solver; nothing when they are used up.
std::optional<StopCriteria> what_is_left(const StopCriteria& stop, const SolverResult& done, const Timer& timer,
                                         const Comm& comm) {
  auto left = stop;
  if (stop.max_iterations > 0) left.max_iterations -= done.iterations;
  if (stop.max_seconds > 0) left.max_seconds -= comm.max(timer.seconds());
  const bool spent =
      (stop.max_iterations > 0 && left.max_iterations <= 0) || (stop.max_seconds > 0 && left.max_seconds <= 0);
  return spent ? std::nullopt : std::optional(left);
}

/// Collective. Solvers that move single neurons cannot move clusters over weak cuts: these take their optimum here.
void move_clusters(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components, Equilibrium& found) {
  const auto clusters = find_clusters(problem, found.costs, components);
  if (clusters.trivial()) return;
  const auto offsets = cluster_offsets(problem, found.costs, clusters, kOffsetTolerance);
  for (std::size_t i = 0; i < found.h.size(); ++i) found.h[i] += offsets.h[i];
  found.solver.newton_steps += offsets.newton_steps;
  components.center(found.h);
  problem.rebase(found.h);
  evaluate_at_base(problem, kernel, found);
}

/// Collective. Whether clusters hang together weakly where the run begins: then they move on the way, too, because
/// their imbalance may be what single neurons would take for ever to spread.
bool weakly_joined(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components) {
  Equilibrium here;
  evaluate_at_base(problem, kernel, here);
  return !find_clusters(problem, here.costs, components).trivial();
}

}  // namespace

Equilibrium unbalanced(const BalanceProblem& problem, FusedKernel& kernel) {
  Equilibrium found;
  evaluate_at_base(problem, kernel, found);
  found.initial_cost = found.costs.total * problem.cost_unit();
  found.initial_log10_cost = std::log10(found.costs.total) + problem.log10_cost_unit();
  found.initial_imbalance = found.imbalance;
  for (auto* values : {&found.costs.pre, &found.costs.post, &found.costs.in, &found.costs.out})
    *values = std::vector<double>();
  return found;
}

std::vector<double> beginning(const StopCriteria& stop, const BalanceProblem& problem) {
  const auto start = stop.keeper != nullptr ? stop.keeper->start() : std::span<const double>();
  std::vector<double> h(start.begin(), start.end());
  h.resize(at(problem.size()), 0.0);
  return h;
}

Equilibrium nothing_to_balance(Equilibrium&& found, const std::string& method) {
  found.solver.method = method;
  found.solver.newton_step_inf = 0;
  found.certificate = {0.0, 0.0};
  return std::move(found);
}

void evaluate_at_base(const BalanceProblem& problem, FusedKernel& kernel, Equilibrium& found) {
  const std::vector<double> origin(static_cast<std::size_t>(problem.size()), 0.0);
  evaluate(problem, kernel, origin, found.costs);
  if (problem.comm().any(own_sum_is_nan())) end_over_nan(problem.comm());
  found.imbalance = imbalance(problem, found.costs);
}

void assess_at_base(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                    const StopCriteria& stop, Equilibrium& found) {
  std::optional<ProofWatch> watch;
  if (found.solver.reason == StopReason::walltime) watch.emplace(stop.max_seconds);
  Assessment assessment;
  try {
    assessment = assess_with(problem, kernel, components, found.costs);
  } catch (const LeftEarly&) {  // on all ranks together
    if (!watch) throw;
    return log_info("the time was up before a proof was made of how close the result is");
  }
  found.certificate = assessment.certificate;
  found.solver.newton_step_inf = assessment.newton_step_inf;
  found.solver.krylov_iterations += assessment.krylov_iterations;
  found.solver.cuts = assessment.cuts;
}

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

Assessment assess(const BalanceProblem& problem, FusedKernel& kernel, const NeuronCosts& costs) {
  return assess_with(problem, kernel, ComponentSums(problem), costs);
}

Equilibrium balance_by(BalanceProblem& problem, FusedKernel& kernel, const StopCriteria& stop,
                       const std::string& method, const Solve& solve) {
  const Timer timer;
  auto found = unbalanced(problem, kernel);
  if (problem.global_size() == 0) return nothing_to_balance(std::move(found), method);
  ComponentSums components(problem);
  components.make_reproducible();  // schedules promise the same bits at any rank count, constants included
  found.h = beginning(stop, problem);
  std::optional<StopCriteria> aim = stop;
  if (const auto part = taken_part(stop, kCalls)) {
    take_result(*part, found.solver);
    aim->tolerance = part->number("tolerance");
    const auto left = stop.max_iterations - found.solver.iterations;
    if (stop.max_iterations > 0) aim->max_iterations = std::max<std::int64_t>(1, left);
  } else if (weakly_joined(problem, kernel, components)) {
    aim->tolerance = std::max(stop.tolerance, kFirstTurn);
  }
  const KeptPart kept(stop.keeper, kCalls, [&](RunPart& part) {
    put_result(part, found.solver);
    part.put("tolerance", aim->tolerance);
  });
  while (aim) {
    const auto before = kernel.passes();
    append(found.solver, solve(found.h, *aim));
    const auto in_solver = kernel.passes() - before;
    components.center(found.h);
    problem.rebase(found.h);
    evaluate_at_base(problem, kernel, found);
    move_clusters(problem, kernel, components, found);
    const bool on_the_way = aim->tolerance > stop.tolerance && found.solver.reason == StopReason::converged;
    if (auto left = on_the_way ? what_is_left(stop, found.solver, timer, problem.comm()) : std::nullopt) {
      left->tolerance = std::max(stop.tolerance, kNextTurn * aim->tolerance);
      aim = left;
      found.solver.matrix_passes += kernel.passes() - before - in_solver;
      continue;
    }
    if (on_the_way) {  // at an end that is not its own
      const bool counted = stop.max_iterations > 0 && found.solver.iterations >= stop.max_iterations;
      found.solver.reason = counted ? StopReason::iteration_limit : StopReason::walltime;
    }
    assess_at_base(problem, kernel, components, stop, found);
    found.solver.matrix_passes += kernel.passes() - before - in_solver;
    judge(found, stop);
    if (found.solver.reason != StopReason::step_left || found.imbalance.l1 <= kRounding) break;
    aim = what_is_left(stop, found.solver, timer, problem.comm());
    if (!aim) break;
    aim->tolerance = sharper(found, stop);
    log_info("{}: the Newton step that is left is {:.1e}; going on to an imbalance of {:.1e}", method,
             *found.solver.newton_step_inf, aim->tolerance);
  }
  found.solver.method = method;
  return found;
}

}  // namespace synbal
