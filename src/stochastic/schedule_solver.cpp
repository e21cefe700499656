// Rounds until balanced, with exact looks only when what the neurons met says that it is worth one.
#include "synbal/stochastic/schedule_solver.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kDefaultRounds = 1'000'000;
const double kRebaseFactor = std::exp(50.0);  // then the base moves
constexpr double kRounding = 1e-14;           // l1 that no visit can improve
constexpr double kNear = 4;                   // what neurons meet exceeds l1 at the end of the round by about this

/// Rounds after which every block can be expected to have been active.
std::int64_t period_of(const ScheduleParams& p) {
  const auto slow = p.stragglers > 0 ? p.straggler_factor : 1;
  return slow * static_cast<std::int64_t>(std::ceil(1 / p.activity));
}

/// How far h still has to go, from how its steps shrink from one period to the next: the tail of a geometric series.
class Outlook {
 public:
  explicit Outlook(std::int64_t period) : period_(period) {}

  /// True at the end of a period.
  bool update(const RoundView& view) {
    step_ = std::max(step_, view.max_step);
    l1_ = std::max(l1_, view.l1);
    if (++rounds_ < period_) return false;
    if (previous_ > 0) rate_ = std::clamp(step_ / previous_, 0.9 * rate_, 0.999999);
    remaining_ = static_cast<double>(period_) * step_ * rate_ / (1 - rate_);
    met_ = l1_;
    previous_ = step_;
    step_ = l1_ = 0;
    rounds_ = 0;
    return true;
  }
  [[nodiscard]] double remaining() const { return remaining_; }
  /// The largest l1 of the period.
  [[nodiscard]] double met() const { return met_; }

 private:
  std::int64_t period_, rounds_ = 0;
  double step_ = 0, l1_ = 0, previous_ = 0, rate_ = 0.5, remaining_ = 0, met_ = 0;
};

}  // namespace

struct ScheduleSolver::Run {
  Run(ScheduleSolver& s, std::span<const double> h, const ProgressCallback& r)
      : problem(*s.problem_),
        stars(*s.stars_),
        params(s.params_),
        trace(s.trace_),
        report(r),
        simulator(stars_at(h), params.schedule, std::vector<double>(h.size(), 0.0)) {
    result.method = "schedule " + to_string(params.schedule.kind);
  }

  const NeuronStars& stars_at(std::span<const double> h) {
    const auto base = problem.base();
    if (problem.comm().any(!std::equal(h.begin(), h.end(), base.begin()))) {
      problem.rebase(h);
      stars.refresh();
    }
    return stars;
  }

  [[nodiscard]] std::vector<double> h() const {
    auto h = simulator.delta();
    for (std::size_t i = 0; i < h.size(); ++i) h[i] += problem.base()[i];
    return h;
  }

  void move_base() {
    const auto here = h();
    problem.rebase(here);
    stars.refresh();
    simulator.rebased();
    ++trace.rebases;
  }

  /// The exact figures of a look replace what the round itself met.
  void record(double cost, double l1) {
    auto& history = result.history;
    if (!history.empty() && history.back().iteration == simulator.rounds()) history.pop_back();
    history.push_back({simulator.rounds(), cost * problem.cost_unit(), l1, timer.seconds()});
    if (report) report(result.history.back());
  }

  double look() {
    const auto present = simulator.present();
    ++result.matrix_passes;
    record(present.cost, present.l1);
    return present.l1;
  }

  [[nodiscard]] bool out_of_limits() {
    const auto limit = params.stop.max_iterations > 0 ? params.stop.max_iterations : kDefaultRounds;
    if (simulator.rounds() >= limit) result.reason = StopReason::iteration_limit;
    const bool late = params.stop.max_seconds > 0 && problem.comm().any(timer.seconds() > params.stop.max_seconds);
    if (late) result.reason = StopReason::walltime;
    return late || simulator.rounds() >= limit;
  }

  RoundView play() {
    const auto view = simulator.round();
    trace.visits += view.visits;
    result.sweeps += view.sweeps;
    if (params.trace) trace.rounds.push_back(view);
    record(view.cost, view.l1);
    if (view.largest_factor > kRebaseFactor) move_base();
    return view;
  }

  void play_until_done() {
    Outlook outlook(period_of(params.schedule));
    std::int64_t next_look = 0;
    while (!out_of_limits()) {
      if (!outlook.update(play()) || simulator.rounds() < next_look) continue;
      const bool small_step = outlook.remaining() <= params.stop.step_tolerance || outlook.met() <= kRounding;
      if (!small_step || outlook.met() > kNear * params.stop.tolerance) continue;
      if (look() <= params.stop.tolerance) return;
      next_look = simulator.rounds() + 1 + simulator.rounds() / 10;
    }
    look();
  }

  BalanceProblem& problem;
  NeuronStars& stars;
  const ScheduleSolverParams& params;
  ScheduleTrace& trace;
  const ProgressCallback& report;
  Timer timer;
  Simulator simulator;
  SolverResult result;
};

SolverResult ScheduleSolver::operator()(std::vector<double>& h, const ProgressCallback& report) {
  trace_ = {};
  Run run(*this, h, report);
  if (run.look() > 0) run.play_until_done();
  h = run.h();
  run.result.iterations = run.simulator.rounds();
  run.result.matrix_passes += run.result.sweeps;
  trace_.reads_by_age = run.simulator.reads_by_age();
  return std::move(run.result);
}

}  // namespace synbal
