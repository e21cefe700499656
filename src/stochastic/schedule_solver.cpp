// Rounds until balanced, with exact looks only when what the neurons met says that it is worth one.
#include "synbal/stochastic/schedule_solver.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "stochastic/simulator.hpp"
#include "synbal/balance/run_frame.hpp"

namespace synbal {

namespace {

constexpr const char* kSchedulePart = "schedule";  // of the state that a keeper keeps

/// Rounds after which every block can be expected to have been active.
std::int64_t period_of(const ScheduleParams& p) {
  const auto slow = p.stragglers > 0 ? p.straggler_factor : 1;
  return slow * static_cast<std::int64_t>(std::ceil(1 / p.activity));
}

}  // namespace

struct ScheduleSolver::Run {
  Run(ScheduleSolver& s, std::span<const double> h, const ProgressCallback& r)
      : problem(*s.problem_),
        stars(*s.stars_),
        params(s.params_),
        trace(s.trace_),
        frame(problem.comm(), "schedule " + to_string(params.schedule.kind), params.stop, kDefaultSweeps, r),
        begun(taken_part(params.stop, kSchedulePart)),
        simulator(stars_at(begun ? begun->values("base") : h), params.schedule, std::vector<double>(h.size(), 0.0)),
        forecast(period_of(params.schedule)) {
    if (begun) go_on();
  }

  void tell(RunPart& part) const {
    frame.tell(part);
    simulator.tell(part);
    part.put("visits", static_cast<double>(trace.visits));
    part.put("rebases", static_cast<double>(trace.rebases));
    part.put("next_look", static_cast<double>(next_look));
    part.numbers["forecast"] = forecast.state();
    part.neurons["base"].assign(problem.base().begin(), problem.base().end());
  }

  void go_on() {
    frame.go_on_from(*begun);
    simulator.go_on_from(*begun);
    trace.visits = begun->count("visits"), trace.rebases = begun->count("rebases");
    next_look = begun->count("next_look");
    forecast.set_state(begun->numbers.at("forecast"));
  }

  /// Whoever called may have moved the base already.
  const IncidentSynapses& stars_at(std::span<const double> h) {
    const auto base = problem.base();
    if (problem.comm().any(!std::equal(h.begin(), h.end(), base.begin()))) problem.rebase(h);
    stars.refresh();
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

  void record(double cost, double l1) { frame.record(simulator.rounds(), cost * problem.cost_unit(), l1); }

  double look() {
    const auto present = simulator.present();
    ++frame.result.matrix_passes;
    record(present.cost, present.l1);
    return present.l1;
  }

  RoundView play() {
    const auto view = simulator.round();
    trace.visits += view.visits;
    frame.result.sweeps += view.sweeps;
    if (params.trace) trace.rounds.push_back(view);
    record(view.cost, view.l1);
    if (view.largest_factor > kRebaseFactor) move_base();
    return view;
  }

  void play_until_done() {
    while (!frame.out_of_limits(simulator.rounds())) {
      const auto view = play();
      if (!forecast.update(view.max_step, view.l1) || simulator.rounds() < next_look) continue;
      const bool small_step = forecast.remaining() <= params.stop.step_tolerance || forecast.met() <= kVisitRounding;
      if (!small_step || forecast.met() > kMetOverImbalance * params.stop.tolerance) continue;
      if (look() <= params.stop.tolerance) return;
      next_look = simulator.rounds() + 1 + simulator.rounds() / 10;
    }
    look();
  }

  BalanceProblem& problem;
  IncidentSynapses& stars;
  const ScheduleSolverParams& params;
  ScheduleTrace& trace;
  RunFrame frame;
  std::optional<RunPart> begun;  // of an earlier run
  Simulator simulator;
  ConvergenceForecast forecast;
  std::int64_t next_look = 0;
};

SolverResult ScheduleSolver::operator()(std::vector<double>& h, const ProgressCallback& report) {
  trace_ = {};
  Run run(*this, h, report);
  const KeptPart kept(
      params_.stop.keeper, kSchedulePart, [&run](RunPart& part) { run.tell(part); }, [&run] { return run.h(); });
  if (run.begun || run.look() > 0) run.play_until_done();
  h = run.h();
  run.frame.result.iterations = run.simulator.rounds();
  run.frame.result.matrix_passes += run.frame.result.sweeps;
  trace_.reads_by_age = run.simulator.reads_by_age();
  return std::move(run.frame.result);
}

}  // namespace synbal
