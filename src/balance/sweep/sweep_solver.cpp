// Repeats sweeps until balanced, with exact checks only when the sweep's own view says that it is worth one.
#include <algorithm>

#include "synbal/balance/iterate.hpp"
#include "synbal/balance/run_frame.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/balance/sweep.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

/// How far the sweeps still have to go in h, from how their steps shrink: the tail of a geometric series.
class Tail {
 public:
  double update(double step) {
    if (previous_ > 0) rate_ = std::clamp(step / previous_, 0.9 * rate_, 0.999999);
    previous_ = step;
    return step * rate_ / (1 - rate_);
  }

  [[nodiscard]] std::vector<double> state() const { return {previous_, rate_}; }
  void set_state(double previous, double rate) { previous_ = previous, rate_ = rate; }

 private:
  double previous_ = 0;
  double rate_ = 0.5;
};

constexpr const char* kSweepPart = "sweep";  // of the state that a keeper keeps

}  // namespace

struct SweepSolver::Run {
  Run(SweepSolver& s, std::span<const double> h, const StopCriteria& c, const ProgressCallback& r)
      : problem(*s.problem_),
        kernel(*s.kernel_),
        stop(c),
        seed(s.seed_),
        sweeper(s.sweeper_),
        report(r),
        begun(taken_part(stop, kSweepPart)),
        iterate(problem, *s.kernel_, first_base(begun, h)) {
    result.method = "sweep";
    if (begun) go_on();
  }

  // ---- what is kept of a run, and how another one goes on

  /// Between sweeps the state is the factors of the neurons, or delta where no sweep has begun from it yet.
  void tell(RunPart& part) const {
    put_result(part, counted());
    part.put("seconds", timer.seconds() + earlier_seconds);
    part.put("next_check", static_cast<double>(next_check));
    part.numbers["tail"] = tail.state();
    part.neurons["base"].assign(problem.base().begin(), problem.base().end());
    const auto where = swept ? std::span<const double>(sweeper->post()) : iterate.delta();
    part.neurons[swept ? "post" : "delta"].assign(where.begin(), where.end());
  }

  void go_on() {
    take_result(*begun, result);
    earlier_passes = result.matrix_passes - result.sweeps, earlier_seconds = begun->number("seconds");
    next_check = begun->count("next_check");
    const auto& steps = begun->numbers.at("tail");
    tail.set_state(steps.at(0), steps.at(1));
    if (!begun->values("delta").empty()) iterate.place(begun->values("delta"));
  }

  [[nodiscard]] std::vector<double> here() const {
    if (!swept) return iterate.h();
    auto h = sweeper->delta();
    for (std::size_t i = 0; i < h.size(); ++i) h[i] += problem.base()[i];
    return h;
  }

  /// The result with what is counted elsewhere until the end.
  [[nodiscard]] SolverResult counted() const {
    auto so_far = result;
    so_far.iterations = so_far.sweeps;
    so_far.matrix_passes = earlier_passes + colorings + result.sweeps + kernel.passes() - passes;
    return so_far;
  }

  /// The exact figures of a check replace what the sweep itself saw.
  void record(double cost, double l1) {
    auto& history = result.history;
    if (!history.empty() && history.back().iteration == result.sweeps) history.pop_back();
    history.push_back({result.sweeps, cost * problem.cost_unit(), l1, timer.seconds() + earlier_seconds});
    if (report) report(result.history.back());
  }

  double check() {
    const double l1 = imbalance(problem, iterate.costs()).l1;
    record(iterate.costs().total, l1);
    return l1;
  }

  [[nodiscard]] bool out_of_limits() {
    const auto limit = stop.max_iterations > 0 ? stop.max_iterations : kDefaultSweeps;
    if (result.sweeps >= limit) result.reason = StopReason::iteration_limit;
    const bool late = heard(problem.comm(), stop, timer.seconds()) == Wish::late;
    if (late) result.reason = StopReason::walltime;
    return late || result.sweeps >= limit;
  }

  /// Exact costs at the place the sweeps have come to.
  double arrive() {
    iterate.place(sweeper->delta());
    sweeper->start(iterate.delta());
    swept = false;
    return check();
  }

  void start() {
    if (!sweeper) {
      sweeper.emplace(problem, seed);
      colorings = sweeper->coloring_rounds();
    }
    swept = begun && !begun->values("post").empty();
    if (swept) {
      sweeper->go_on_from(begun->values("post"));
    } else {
      sweeper->start(iterate.delta());
    }
    begun.reset();
  }

  void sweep_until_done() {
    start();
    while (!out_of_limits()) {
      const auto view = sweeper->sweep();
      swept = true;
      ++result.sweeps;
      const double remaining = tail.update(view.max_step);
      const bool small_step = remaining <= stop.step_tolerance || view.l1 <= kVisitRounding;
      const bool close = result.sweeps >= next_check && view.l1 <= kMetOverImbalance * stop.tolerance && small_step;
      if (!close && view.largest_factor < kRebaseFactor) {
        record(view.cost, view.l1);
        continue;
      }
      const double l1 = arrive();
      if (close && l1 <= stop.tolerance) return;
      if (close) next_check = result.sweeps + 1 + result.sweeps / 10;
    }
    arrive();
  }

  BalanceProblem& problem;
  FusedKernel& kernel;
  const StopCriteria& stop;
  std::uint64_t seed;
  std::optional<Sweeper>& sweeper;  // of the solver
  const ProgressCallback& report;
  std::optional<RunPart> begun;  // of an earlier run, until it is gone on with
  Timer timer;
  double earlier_seconds = 0;  // of the runs before this one
  std::int64_t passes = kernel.passes(), earlier_passes = 0, colorings = 0;
  Iterate iterate;
  bool swept = false;  // since the costs were summed at delta
  Tail tail;
  std::int64_t next_check = 0;
  SolverResult result;
};

SolverResult SweepSolver::operator()(std::vector<double>& h, const StopCriteria& stop, const ProgressCallback& report) {
  Run run(*this, h, stop, report);
  const KeptPart kept(
      stop.keeper, kSweepPart, [&run](RunPart& part) { run.tell(part); }, [&run] { return run.here(); });
  if (run.begun || run.check() > 0) run.sweep_until_done();
  h = run.iterate.h();
  return run.counted();
}

}  // namespace synbal
