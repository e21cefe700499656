// The shared pieces, and the way to an equilibrium by a solver that knows the imbalance alone.
#include "balance/equilibrium.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "balance/judged_step.hpp"
#include "synbal/balance/run_frame.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/own_sums.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr double kLeastImbalance = 1e-15;  // an imbalance that no solver improves
constexpr double kFirstTurn = 1e-3;        // imbalance at which clusters move first, where there are any
constexpr double kNextTurn = 1e-2;         // of the imbalance of one turn to that of the next
constexpr double kAfterShift = 0.5;        // of the tolerance, where clusters have moved out of it
constexpr std::int64_t kTurn = 40;         // iterations after which clusters move, where they hang together loosely
constexpr double kShareOfProof = 0.04;     // of a limit in seconds, which may be missed by a tenth in all
constexpr const char* kCalls = "calls";    // the part of a state that tells of earlier calls of the solver

/// After the end of a run's time a proof may take a little more of it.
class ProofWatch final : public SolveWatch {
 public:
  explicit ProofWatch(double time_of_run) : most_(std::max(1.0, kShareOfProof * time_of_run)) {}
  [[nodiscard]] bool wants_end() override { return timer_.seconds() > most_; }
  [[nodiscard]] bool has_time_for_set_up() const override { return false; }

 private:
  double most_;
  Timer timer_;
};

Assessment assess_with(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                       const NeuronCosts& costs) {
  const auto step = judged_step(problem, kernel, components, costs);
  return {certify(problem, kernel, costs, step.phi), step.newton_step_inf, step.krylov_iterations, step.cuts()};
}

/// The imbalance at which the Newton step should be small: near the optimum both shrink alike.
double sharper(const Equilibrium& found, const StopCriteria& stop) {
  const double share = 0.5 * stop.step_tolerance / *found.solver.newton_step_inf;
  return found.imbalance.l1 * std::clamp(share, 1e-3, 0.5);
}

void set_initial(const BalanceProblem& problem, Equilibrium& found) {
  found.initial_cost = found.costs.total * problem.cost_unit();
  found.initial_log10_cost = std::log10(found.costs.total) + problem.log10_cost_unit();
  found.initial_imbalance = found.imbalance;
}

void forget(NeuronCosts& costs) {
  for (auto* values : {&costs.pre, &costs.post, &costs.in, &costs.out}) *values = std::vector<double>();
}

}  // namespace

Equilibrium unbalanced(const BalanceProblem& problem, FusedKernel& kernel) {
  Equilibrium found;
  evaluate_at_base(problem, kernel, found);
  set_initial(problem, found);
  forget(found.costs);
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

namespace {

/// Calls of a solver of single neurons, between which clusters move as wholes.
class SolverCalls {
 public:
  SolverCalls(BalanceProblem& problem, FusedKernel& kernel, const StopCriteria& stop, const std::string& method,
              const ClusterMoves& moves)
      : problem_(problem), kernel_(kernel), stop_(stop), method_(method), moves_(moves), components_(problem) {
    components_.make_reproducible();  // schedules promise the same bits at any rank count, constants included
    evaluate_at_base(problem, kernel, found_);
    set_initial(problem, found_);
  }

  Equilibrium run(const Solve& solve) {
    begin();
    const KeptPart kept(stop_.keeper, kCalls, [this](RunPart& part) { tell(part); });
    for (std::optional aim = first_aim(); aim;) aim = call(solve, *aim);
    found_.solver.method = method_;
    return std::move(found_);
  }

 private:
  void tell(RunPart& part) const {
    put_result(part, found_.solver);
    part.put("tolerance", tolerance_);
    part.put("turn", static_cast<double>(turn_));
  }

  void begin() {
    found_.h = beginning(stop_, problem_);
    if (const auto part = taken_part(stop_, kCalls)) {
      take_result(*part, found_.solver);
      tolerance_ = part->number("tolerance"), turn_ = part->count("turn");
    } else if (moves_.any) {
      // What hangs together weakly moves on the way, too: its imbalance may be what single neurons never spread.
      const auto& costs = found_.costs;
      const bool weak = !find_clusters(problem_, costs, components_).trivial();
      if (weak) tolerance_ = std::max(stop_.tolerance, kFirstTurn);
      if (moves_.often && (weak || !find_loose_clusters(problem_, costs, components_).trivial())) turn_ = kTurn;
    }
    forget(found_.costs);
  }

  /// Limits that an earlier run has used up leave one iteration.
  [[nodiscard]] StopCriteria first_aim() const {
    auto aim = stop_;
    const auto left = stop_.max_iterations - found_.solver.iterations;
    if (stop_.max_iterations > 0) aim.max_iterations = std::max<std::int64_t>(1, left);
    return in_turn(aim);
  }

  /// Collective. What is asked of the next call; nothing when limits are met.
  [[nodiscard]] std::optional<StopCriteria> next_aim() const {
    auto aim = stop_;
    if (stop_.max_iterations > 0) aim.max_iterations -= found_.solver.iterations;
    if (stop_.max_seconds > 0) aim.max_seconds -= problem_.comm().max(timer_.seconds());
    if (stop_.max_iterations > 0 && aim.max_iterations <= 0) return {};
    if (stop_.max_seconds > 0 && aim.max_seconds <= 0) return {};
    return in_turn(aim);
  }

  [[nodiscard]] bool counted_out() const {
    return stop_.max_iterations > 0 && found_.solver.iterations >= stop_.max_iterations;
  }

  [[nodiscard]] StopCriteria in_turn(StopCriteria aim) const {
    aim.tolerance = tolerance_;
    if (turn_ > 0) aim.max_iterations = aim.max_iterations > 0 ? std::min(turn_, aim.max_iterations) : turn_;
    return aim;
  }

  /// Collective. One call of the solver, and what follows it. @return what the next one aims at; nothing at the end.
  std::optional<StopCriteria> call(const Solve& solve, const StopCriteria& aim) {
    const auto before = kernel_.passes();
    append(found_.solver, solve(found_.h, aim));
    const auto in_solver = kernel_.passes() - before;
    settle();
    auto next = judge_and_aim(aim);
    found_.solver.matrix_passes += kernel_.passes() - before - in_solver;
    return next;
  }

  void settle() {
    components_.center(found_.h);
    problem_.rebase(found_.h);
    evaluate_at_base(problem_, kernel_, found_);
  }

  std::optional<StopCriteria> judge_and_aim(const StopCriteria& aim) {
    auto& solver = found_.solver;
    const bool turn = turn_ > 0 && solver.reason == StopReason::iteration_limit && aim.max_iterations == turn_;
    const bool near = solver.reason == StopReason::converged && tolerance_ > stop_.tolerance;
    // A caller who counts iterations gets these and nothing else, but for what they could never move.
    if (turn_ > 0 && !counted_out()) move(find_loose_clusters(problem_, found_.costs, components_));
    if (moves_.any) move(find_clusters(problem_, found_.costs, components_));
    // A move lowers the cost, but what it shifts onto single neurons may be more than was left of their imbalance.
    const bool shifted = moves_.any && !near && solver.reason == StopReason::converged &&
                         found_.imbalance.l1 > stop_.tolerance && tolerance_ > kLeastImbalance;
    if (near) tolerance_ = std::max(stop_.tolerance, kNextTurn * tolerance_);
    if (shifted) tolerance_ *= kAfterShift;
    if (turn || near || shifted) {
      if (auto next = next_aim()) return next;
      solver.reason = counted_out() ? StopReason::iteration_limit : StopReason::walltime;  // an end that is not its own
    }
    assess_at_base(problem_, kernel_, components_, stop_, found_);
    judge(found_, stop_);
    if (solver.reason != StopReason::step_left || found_.imbalance.l1 <= kLeastImbalance) return {};
    tolerance_ = sharper(found_, stop_);
    log_info("{}: the Newton step that is left is {:.1e}; going on to an imbalance of {:.1e}", method_,
             *solver.newton_step_inf, tolerance_);
    return next_aim();
  }

  /// Collective. Solvers that move single neurons cannot move clusters: these take their optimum here.
  void move(const Clusters& clusters) {
    if (clusters.trivial()) return;
    const auto offsets = cluster_offsets(problem_, found_.costs, clusters, kOffsetTolerance, moves_.reproducible);
    for (std::size_t i = 0; i < found_.h.size(); ++i) found_.h[i] += offsets.h[i];
    found_.solver.newton_steps += offsets.newton_steps;
    settle();
  }

  BalanceProblem& problem_;
  FusedKernel& kernel_;
  const StopCriteria& stop_;
  const std::string& method_;
  const ClusterMoves moves_;
  ComponentSums components_;
  Timer timer_;
  Equilibrium found_;
  double tolerance_ = stop_.tolerance;  // of the present call
  std::int64_t turn_ = 0;               // its iterations; 0: it goes on until the tolerance is met
};

}  // namespace

Equilibrium balance_by(BalanceProblem& problem, FusedKernel& kernel, const StopCriteria& stop,
                       const std::string& method, const Solve& solve, const ClusterMoves& moves) {
  const StageScope stage(Stage::solving);
  if (problem.global_size() == 0) return nothing_to_balance(unbalanced(problem, kernel), method);
  return SolverCalls(problem, kernel, stop, method, moves).run(solve);
}

}  // namespace synbal
