// The Newton solver: opening half-steps, then damped steps until balanced and the step itself is small.
#include "synbal/balance/newton.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "balance/clusters/newton_levels.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr double kTooShort = 0.05;       // a step damped this much comes from a direction that rounding spoilt
constexpr double kLargestHalfStep = 25;  // of p d: keeps every factor far from overflow between rebases
constexpr double kLogRatioTarget = 1e-8;
constexpr double kCheckTolerance = 1e-2;           // of the solve whose step is judged against the step tolerance
constexpr std::int64_t kManyIterations = 30;       // of a solve: a well-mixed network takes fewer
constexpr double kModuleTolerance = 0.1;           // of offsets that are on the way
constexpr double kLongStep = 0.1, kShrinks = 0.7;  // steps as long as the one before: something has far to go
constexpr int kManyDamped = 5;
constexpr int kMostModuleMoves = 10;               // after which, or after a short one, steps wait for something else
constexpr double kSettledOffset = 0.1;             // of the step tolerance: clusters that move less are left
constexpr double kRoundingImbalance = 1e-13;       // l1 at which a step that stops shrinking is limited by rounding
constexpr std::int64_t kDefaultIterations = 2000;  // steps of one e-fold: enough for weights 300 decades apart

double safe_log(double x) { return std::log(std::max(x, std::numeric_limits<double>::min())); }

double largest(const BalanceProblem& problem, std::span<const double> d) {
  double m = 0;
  for (const double x : d) m = std::max(m, std::abs(x));
  return problem.comm().max(m);
}

/// Notices when steps stop shrinking although the imbalance is at rounding level.
class StallWatch {
 public:
  bool stalled(double l1, bool balanced, double step) {
    if (l1 > kRoundingImbalance) return false;
    count_ = step > 0.5 * best_ ? count_ + 1 : 0;
    best_ = std::min(best_, step);
    return count_ >= (balanced ? 4 : 40);
  }

  [[nodiscard]] std::vector<double> state() const { return {best_, static_cast<double>(count_)}; }
  void set_state(double best, double count) { best_ = best, count_ = static_cast<int>(count); }

 private:
  double best_ = std::numeric_limits<double>::infinity();
  int count_ = 0;
};

/// Wants the end of solves when a run is asked to stop or its time is up.
class StepWatch final : public SolveWatch {
 public:
  StepWatch(const StopCriteria& stop, const Timer& timer) : stop_(&stop), timer_(&timer) {}
  [[nodiscard]] bool wants_end() override { return own_wish(*stop_, timer_->seconds()) >= Wish::late; }

 private:
  const StopCriteria* stop_;
  const Timer* timer_;
};

constexpr const char* kNewtonPart = "newton";  // of the state that a keeper keeps

}  // namespace

void half_step(const BalanceProblem& problem, const NeuronCosts& costs, std::span<double> d) {
  const double p = problem.power();
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const double k = problem.exponent(i);
    const double most = kLargestHalfStep / std::max(1.0, k);
    const double log_ratio = safe_log(costs.in[at(i)]) - safe_log(k * costs.out[at(i)]);
    d[at(i)] = std::clamp(log_ratio / (2 * (k + 1)), -most, most) / p;
  }
}

double largest_edge_change(const BalanceProblem& problem, std::span<const double> d) {
  const auto n = problem.size();
  std::vector<double> scaled(at(n));
  for (LocalIndex i = 0; i < n; ++i) scaled[at(i)] = problem.exponent(i) * d[at(i)];
  const auto pre = with_ghosts<double>(problem, scaled);
  double change = 0;
  for_each_edge(
      problem, [&](LocalIndex i, LocalIndex j, double) { change = std::max(change, std::abs(pre[at(j)] - d[at(i)])); });
  for (LocalIndex i = 0; i < n; ++i) {
    if (problem.from_pinned(i) > 0) change = std::max(change, std::abs(d[at(i)]));
    if (problem.to_pinned(i) > 0) change = std::max(change, std::abs(scaled[at(i)]));
  }
  return problem.power() * problem.comm().max(change);
}

/// One run of the solver.
struct NewtonSolver::Run {
  Run(NewtonSolver& s, std::span<const double> h, const ProgressCallback& r)
      : solver(s),
        problem(*s.problem_),
        stop(s.params_.stop),
        report(r),
        begun(taken_part(stop, kNewtonPart)),
        iterate(problem, *s.kernel_, first_base(begun, h)),
        levels(problem, *s.kernel_, *s.components_),
        d(h.size()) {
    result.method = "newton";
    if (begun) go_on();
  }

  // ---- what is kept of a run, and how another one goes on

  void tell(RunPart& part) const {
    if (left_early) {
      part = begun_step;
      return;
    }
    put_result(part, counted());
    part.put("seconds", timer.seconds() + earlier_seconds);
    part.put("opened", opened);
    part.put("looked", looked ? 1 : 0);
    part.put("weak", weak ? (*weak ? 2 : 1) : 0);
    part.put("last_step", last_step);
    part.put("damped", damped);
    part.put("module_moves", module_moves);
    part.put("long_steps", long_steps);
    part.put("long_solve", static_cast<double>(long_solve));
    part.put("last_krylov_iterations", static_cast<double>(krylov_iterations));
    part.numbers["watch"] = watch.state();
    part.neurons["base"].assign(problem.base().begin(), problem.base().end());
    part.neurons["delta"].assign(iterate.delta().begin(), iterate.delta().end());
    levels.tell(part);
  }

  void go_on() {
    iterate.place(begun->values("delta"));
    take_result(*begun, result);
    earlier_passes = result.matrix_passes, earlier_seconds = begun->number("seconds");
    opened = static_cast<int>(begun->count("opened"));
    looked = begun->count("looked") != 0;
    if (begun->count("weak") != 0) weak = begun->count("weak") == 2;
    last_step = begun->number("last_step");
    damped = static_cast<int>(begun->count("damped"));
    module_moves = static_cast<int>(begun->count("module_moves"));
    long_steps = static_cast<int>(begun->count("long_steps"));
    long_solve = begun->count("long_solve");
    krylov_iterations = begun->count("last_krylov_iterations");
    const auto& stall = begun->numbers.at("watch");
    watch.set_state(stall.at(0), stall.at(1));
    levels.go_on_from(*begun);
    begun.reset();
  }

  /// Of the state that tell() tells.
  [[nodiscard]] std::vector<double> here() const {
    if (!left_early) return iterate.h();
    auto h = begun_step.neurons.at("base");
    const auto& delta = begun_step.neurons.at("delta");
    for (std::size_t i = 0; i < h.size(); ++i) h[i] += delta[i];
    return h;
  }

  /// The result with what is counted elsewhere until the end.
  [[nodiscard]] SolverResult counted() const {
    auto so_far = result;
    so_far.krylov_iterations = levels.iterations();
    so_far.matrix_passes = earlier_passes + solver.kernel_->passes() - passes;
    return so_far;
  }

  void record(double l1) {
    if (!result.history.empty() && result.history.back().iteration == result.iterations) return;  // open() told it
    result.history.push_back(
        {result.iterations, iterate.costs().total * problem.cost_unit(), l1, timer.seconds() + earlier_seconds});
    if (report) report(result.history.back());
  }

  [[nodiscard]] bool out_of_limits() {
    const auto limit = stop.max_iterations > 0 ? stop.max_iterations : kDefaultIterations;
    if (result.iterations >= limit) result.reason = StopReason::iteration_limit;
    late = late || heard(problem.comm(), stop, timer.seconds()) == Wish::late;
    if (late) result.reason = StopReason::walltime;
    return late || result.iterations >= limit;
  }

  // Simultaneous half-steps while they pay.
  void open() {
    for (; opened < solver.params_.opening_half_steps; ++opened) {
      const auto now = imbalance(problem, iterate.costs());
      record(now.l1);
      if (now.l1 <= stop.tolerance) opened = solver.params_.opening_half_steps;
      if (now.l1 <= stop.tolerance || out_of_limits()) return;
      half_step(problem, iterate.costs(), d);
      iterate.move(d, 1);
      ++result.iterations;
    }
  }

  [[nodiscard]] double forcing(const Imbalance& now) const {
    const double enough =
        0.1 * std::min(stop.tolerance / now.l1, now.max_log_ratio > 0 ? kLogRatioTarget / now.max_log_ratio : 1.0);
    return std::min(0.1, std::max({std::sqrt(now.l1), 1e-6, enough}));
  }

  /// One Newton step; false when the run is over. A step that is left within a solve is kept as not begun: who goes on
  /// from there takes it as a run would that was never stopped.
  bool step_or_leave() {
    std::optional<StepWatch> listener;
    if (leaves()) listener.emplace(stop, timer);
    try {
      return step();
    } catch (const LeftEarly&) {  // on all ranks together
      if (!leaves()) throw;       // it was for another run, of which this one is a part
    }
    left_early = true;
    const bool over = out_of_limits();
    left_early = over;
    return !over;
  }

  /// Whether anything can make this run leave a step.
  [[nodiscard]] bool leaves() const { return stop.keeper != nullptr || stop.max_seconds > 0; }

  /// One Newton step; false when the run is over.
  bool step() {
    const auto now = imbalance(problem, iterate.costs());
    record(now.l1);
    const bool balanced = now.l1 <= stop.tolerance && now.max_log_ratio <= ratio_target();
    if (out_of_limits()) return false;
    if (leaves()) begun_step = {}, tell(begun_step);
    if (balanced) settle();
    const bool held = (damped > 0 && !levels.clustered()) || long_steps > 1;
    const bool by_modules = large() || levels.equation().preconditioner().kind() == Preconditioner::clusters;
    const bool moved = held && by_modules && !balanced && move_modules();
    const auto offsets = move_clusters(balanced, moved);
    const auto phi = balanced ? judged_step() : solve(forcing(now));
    const auto& equation = levels.equation();
    krylov_iterations = equation.last_iterations();
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = phi[i] / problem.power();
    const double size = equation.solved() ? largest(problem, d) : std::numeric_limits<double>::infinity();
    long_steps = size > kLongStep && size > kShrinks * last_step ? long_steps + 1 : 0;
    last_step = size;
    // Norms of all neurons do not see what hangs on a thread: the point is judged by those who do. Of a neuron alone
    // its own ratio tells how far it is from where the others want it.
    const bool jacobi = equation.preconditioner().kind() == Preconditioner::jacobi;
    const double alone = balanced && jacobi ? now.max_log_ratio / (2 * problem.power()) : 0;
    const double left = std::max(size, alone) + offsets.step_inf + offsets.residual_inf;
    result.newton_step_inf = left;
    if (balanced && left <= stop.step_tolerance) {
      if (*weak && jacobi && !levels.clustered()) return finish(StopReason::step_left, {});
      return finish(StopReason::converged, potential(phi, offsets));
    }
    if (watch.stalled(now.l1, balanced, left)) {
      return finish(StopReason::stagnated, balanced ? phi : std::span<const double>());  // settled when balanced only
    }
    ++result.iterations;
    const double length = equation.solved() ? damping(size) : 0;
    if (length < kTooShort) {
      half_step(problem, iterate.costs(), d);
      iterate.move(d, 1);
    } else {
      ++result.newton_steps;
      iterate.move(d, length);
    }
    const bool solved_well = equation.preconditioner().kind() != Preconditioner::jacobi;
    damped = length < 1 && solved_well ? damped + 1 : 0;
    return true;
  }

  /// Too large to be factorised, so that cuts have to be found; the factor of a smaller one knows them.
  [[nodiscard]] bool large() const { return problem.global_size() > HessianSolver::kDirectLimit; }

  /// What follows at the new base wants room.
  void settle() {
    levels.equation().release();
    iterate.settle();
  }

  std::span<const double> judged_step() {
    const bool hidden = levels.clustered() ? !levels.clusters().stiff() : *weak;
    return levels.equation().solve_accurately(iterate.costs(), kCheckTolerance, hidden);
  }

  /// Where a coarse space of modules does not serve, their cuts may be too weak together: then they become clusters.
  std::span<const double> solve(double tolerance) {
    if (levels.clustered() || !large()) return levels.equation().solve(iterate.costs(), tolerance);
    if (levels.equation().solve_with_modules(iterate.costs(), tolerance)) return levels.equation().potential();
    levels.see_many_cuts();
    levels.look(iterate.costs());
    if (!levels.clustered()) return levels.equation().solve_without_modules(tolerance);
    move_clusters(false, false);
    return levels.equation().solve(iterate.costs(), tolerance);
  }

  /// Gives every module its own optimum, which whole steps would reach: one far from it holds all others back.
  bool move_modules() {
    if (module_moves >= kMostModuleMoves) return false;
    levels.equation().release();
    const auto modules = find_modules(problem, iterate.costs(), solver.components_->nullity());
    if (modules.trivial()) return false;
    const auto offsets = cluster_offsets(problem, iterate.costs(), modules, kModuleTolerance);
    result.newton_steps += offsets.newton_steps;
    iterate.move(offsets.h, 1);
    module_moves = offsets.step_inf < kLongStep ? kMostModuleMoves : module_moves + 1;
    return true;
  }

  /// Gives every cluster its own optimum, where there are clusters; looks for them where solves are long or an end is
  /// near; `moved`: modules were, so that nothing is known of cuts yet.
  ClusterOffsets move_clusters(bool balanced, bool moved) {
    // One search tells most networks that they have no weak cuts at all.
    if (balanced && !weak) weak = has_weak_cuts(problem, iterate.costs(), *solver.components_);
    const bool may_hide = balanced && !looked && *weak;
    const bool held_back = damped > kManyDamped && !moved;
    const bool slow = krylov_iterations > long_solve && !moved;
    if (held_back || may_hide) levels.see_many_cuts();
    if (levels.clustered() || slow || may_hide || held_back) {
      levels.look(iterate.costs());
      looked = balanced;
      if (slow && !levels.clustered()) long_solve = krylov_iterations * 3 / 2;
    }
    auto offsets = levels.offsets(iterate.costs(),
                                  balanced ? kOffsetTolerance : std::clamp(0.1 * last_step, kOffsetTolerance, 0.1));
    result.newton_steps += offsets.newton_steps;
    result.cuts = cut_facts(levels.clusters(), offsets);
    if (offsets.step_inf <= kSettledOffset * stop.step_tolerance) return offsets;
    iterate.move(offsets.h, 1);
    if (balanced) settle();
    return offsets;
  }

  /// phi of both levels; what was moved already is not left.
  [[nodiscard]] std::vector<double> potential(std::span<const double> phi, const ClusterOffsets& offsets) const {
    std::vector<double> sum(phi.begin(), phi.end());
    if (offsets.step_inf > kSettledOffset * stop.step_tolerance) return sum;
    for (std::size_t i = 0; i < offsets.h.size(); ++i) sum[i] += problem.power() * offsets.h[i];
    return sum;
  }

  /// Per-neuron balance is asked for as far as the total tolerance asks for it.
  [[nodiscard]] double ratio_target() const { return std::max(kLogRatioTarget, 100 * stop.tolerance); }

  [[nodiscard]] double damping(double size) const {
    if (2 * problem.power() * size <= kSafeChange) return 1;
    return std::min(1.0, kSafeChange / largest_edge_change(problem, d));
  }

  bool finish(StopReason reason, std::span<const double> phi) {
    result.reason = reason;
    solver.potential_.assign(phi.begin(), phi.end());
    return false;
  }

  NewtonSolver& solver;
  BalanceProblem& problem;
  const StopCriteria& stop;
  const ProgressCallback& report;
  std::optional<RunPart> begun;  // of an earlier run, until it is gone on with
  Timer timer;
  double earlier_seconds = 0;  // of the runs before this one
  std::int64_t passes = solver.kernel_->passes(), earlier_passes = 0;
  Iterate iterate;
  NewtonLevels levels;
  int opened = 0;  // half-steps
  bool late = false;
  bool looked = false;       // for clusters since the point was balanced
  std::optional<bool> weak;  // whether cuts are so weak that a judged step wants a coarse space
  int module_moves = 0;
  int damped = 0;  // steps in a row that were, although the equation was solved well
  double last_step = 1;
  int long_steps = 0;                         // in a row
  std::int64_t long_solve = kManyIterations;  // after which clusters are looked for; longer where there were none
  std::int64_t krylov_iterations = 0;         // of the last step
  StallWatch watch;
  bool left_early = false;  // a step, within a solve
  RunPart begun_step;       // the state at its beginning
  std::vector<double> d;
  SolverResult result;
};

NewtonSolver::NewtonSolver(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                           NewtonParams params)
    : problem_(&problem), kernel_(&kernel), components_(&components), params_(params) {}

SolverResult NewtonSolver::operator()(std::vector<double>& h, const ProgressCallback& report) {
  potential_.clear();
  Run run(*this, h, report);
  h = std::vector<double>();  // the run has its own
  const KeptPart kept(
      params_.stop.keeper, kNewtonPart, [&run](RunPart& part) { run.tell(part); }, [&run] { return run.here(); });
  run.open();
  while (run.step_or_leave()) {
  }
  h = run.iterate.h();
  const auto& preconditioner = run.levels.equation().preconditioner();
  if (preconditioner.kind() != Preconditioner::jacobi) run.result.method += " with " + preconditioner.name();
  if (run.levels.clustered()) run.result.method += fmt::format(" in {} clusters", run.levels.clusters().count);
  return run.counted();
}

}  // namespace synbal
