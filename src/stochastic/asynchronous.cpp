// Runs until balanced: stop together, empty the transport, evaluate exactly, go on where that is needed.
#include "synbal/stochastic/asynchronous.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stochastic/asynchronous/clock.hpp"
#include "stochastic/asynchronous/history.hpp"
#include "stochastic/asynchronous/worker.hpp"
#include "synbal/balance/run_frame.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/own_sums.hpp"

namespace synbal {

namespace {

constexpr double kRounding = 1e-13;                    // an imbalance that may be all that rounding allows
constexpr const char* kStochasticPart = "stochastic";  // of the state that a keeper keeps

/// What the keeper was asked for, the ranks hear of with the next reduction.
AsynchronousParams checked(AsynchronousParams params) {
  check(params);
  auto* keeper = params.stop.keeper;
  if (keeper == nullptr) return params;
  params.interrupted = [keeper, asked = std::move(params.interrupted)] {
    return keeper->wish() != Wish::go_on || (asked && asked());
  };
  return params;
}

/// A limit of sweeps counts over all runs.
StopCriteria left_of(StopCriteria stop, const SolverResult& earlier) {
  if (stop.max_iterations > 0) stop.max_iterations = std::max<std::int64_t>(1, stop.max_iterations - earlier.sweeps);
  return stop;
}

StopReason reason_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::interrupted:
      return StopReason::interrupted;
    case Verdict::walltime:
      return StopReason::walltime;
    case Verdict::iteration_limit:
      return StopReason::iteration_limit;
    case Verdict::balanced:
    case Verdict::go_on:
    case Verdict::rebase:
      break;
  }
  return StopReason::converged;
}

}  // namespace

void check(const AsynchronousParams& p) {
  using A = AsynchronousParams;
  require_in(A::kStep, "step", p.step, "the share of the way to the optimum");
  require_in(A::kSweepsPerPublication, "sweeps per publication", p.sweeps_per_publication, "local sweeps");
  require_in(A::kPublicationThreshold, "publication threshold", p.publication_threshold, "a share of the imbalance");
  require_in(A::kMargin, "margin", p.margin, "of the tolerance");
  require_in(FaultParams::kSlowFactor, "slow factor", p.faults.slow_factor, "how many times slower a rank is");
  require_in(FaultParams::kDelay, "delay publications", p.faults.delayed_by, "how many publications late");
  require_in(FaultParams::kDelaySeconds, "delay seconds", p.faults.delay_seconds, "how much later");
  require_in(FaultParams::kDelay, "stale sweeps", p.faults.stale_sweeps, "sweeps between two looks");
}

struct AsynchronousSolver::Body {
  BalanceProblem& problem;
  FusedKernel& kernel;
  IncidentSynapses& stars;
  AsynchronousParams params;
  Worker worker{stars, params};
  std::vector<double> held_at{problem.base().begin(), problem.base().end()};  // the base of the stars' costs
  NeuronCosts costs{};
  std::int64_t calls = 0, false_alarms = 0, rebases = 0, refreshes = 0, detection_relaxations = 0;
  double detection_seconds = 0, seconds = 0, quiesce_seconds = 0, verification_seconds = 0;

  /// Collective. Makes h the base of problem and stars.
  void settle(std::span<const double> h) {
    const auto differs = [&](std::span<const double> base) {
      return problem.comm().any(!std::equal(h.begin(), h.end(), base.begin()));
    };
    if (differs(problem.base())) problem.rebase(h);
    if (differs(held_at)) {
      stars.refresh();
      ++refreshes;
      held_at.assign(h.begin(), h.end());
    }
    worker.start(std::vector<double>(h.size(), 0.0));
  }

  [[nodiscard]] std::vector<double> h() const {
    auto h = worker.relaxer().delta();
    for (std::size_t i = 0; i < h.size(); ++i) h[i] += held_at[i];
    return h;
  }

  /// Collective. The exact imbalance where the neurons are.
  double verify() {
    const double begin = monotonic_seconds();
    evaluate(problem, kernel, worker.relaxer().delta(), costs);
    if (problem.comm().any(own_sum_is_nan())) end_over_nan(problem.comm());
    const double l1 = imbalance(problem, costs).l1;
    verification_seconds += monotonic_seconds() - begin;
    return l1;
  }

  /// Collective. Stops all ranks at the verdict, for which nothing may be in flight any more.
  void quiesce(Verdict verdict) {
    const double begin = monotonic_seconds();
    if (verdict == Verdict::balanced) {
      detection_seconds = begin - worker.detector().first_pass_time();
      detection_relaxations = worker.relaxer().relaxations() - worker.detector().first_pass_relaxations();
    }
    worker.quiesce();
    quiesce_seconds += monotonic_seconds() - begin;
  }

  /// Collective. False alarm: goes on with a sharper target, unless rounding allows no more.
  bool goes_on(double l1, double tolerance) {
    ++false_alarms;
    log_debug("stochastic: false alarm: the imbalance is {:.1e} where {:.1e} was asked for", l1, tolerance);
    return worker.detector().sharpen(l1, tolerance) || l1 > kRounding;
  }

  /// Collective. All stand still: true when that was for keeping the state alone. @throws Error stopped.
  [[nodiscard]] bool goes_on_after_keeping(StopCriteria stop) const {
    if (stop.keeper == nullptr) return false;
    stop.max_seconds = 0;
    return heard(problem.comm(), stop, 0) == Wish::keep;
  }

  /// Collective. What another run needs of the one that `so_far` tells of.
  void tell(RunPart& part, const SolverResult& so_far) const {
    put_result(part, so_far);
    part.put("local_sweeps", static_cast<double>(problem.comm().max(worker.relaxer().sweeps())));
  }

  [[nodiscard]] WorkLimits limits(const StopCriteria& stop) const {
    WorkLimits limits;
    limits.sweeps = worker.relaxer().sweeps() + (stop.max_iterations > 0 ? stop.max_iterations : kDefaultSweeps);
    if (stop.max_seconds > 0) limits.time = monotonic_seconds() + stop.max_seconds;
    return limits;
  }

  /// Collective. From the start to a verified end; its reason.
  StopReason run(const StopCriteria& stop, RoundHistory& history) {
    double l1 = verify();
    history.exact(costs.total, l1);
    if (l1 <= stop.tolerance) return StopReason::converged;
    const auto until = limits(stop);
    worker.detector().aim_at(params.margin * stop.tolerance);
    while (true) {
      const auto verdict = worker.run(until, [&](const Round& round) {
        history.met(round);
        fault_point("solve");
      });
      quiesce(verdict);
      worker.tell_times();
      if (verdict == Verdict::rebase) {
        ++rebases;
        settle(h());
        continue;
      }
      l1 = verify();
      history.exact(costs.total, l1);
      if (verdict == Verdict::interrupted && goes_on_after_keeping(stop)) continue;
      if (verdict == Verdict::walltime && stop.keeper != nullptr) stop.keeper->keep(Wish::late);
      if (verdict != Verdict::balanced) return reason_of(verdict);
      if (l1 <= stop.tolerance) return StopReason::converged;
      if (!goes_on(l1, stop.tolerance)) return StopReason::stagnated;
    }
  }
};

AsynchronousSolver::AsynchronousSolver(BalanceProblem& problem, FusedKernel& kernel, IncidentSynapses& stars,
                                       AsynchronousParams params)
    : body_(new Body{problem, kernel, stars, checked(std::move(params))}) {}

AsynchronousSolver::~AsynchronousSolver() = default;

SolverResult AsynchronousSolver::operator()(std::vector<double>& h, const ProgressCallback& report) {
  return (*this)(h, body_->params.stop, report);
}

SolverResult AsynchronousSolver::operator()(std::vector<double>& h, const StopCriteria& stop,
                                            const ProgressCallback& report) {
  auto& body = *body_;
  const double begin = monotonic_seconds();
  const auto passes = body.kernel.passes();
  const auto refreshes = body.refreshes, before = body.worker.relaxer().relaxations();
  SolverResult result;
  result.method = "stochastic";
  if (body.problem.global_size() == 0) return result;
  ++body.calls;
  SolverResult earlier;
  if (const auto part = taken_part(stop, kStochasticPart)) {
    take_result(*part, earlier);
    body.worker.begin_at_sweep(part->count("local_sweeps"));
    h.assign(stop.keeper->start().begin(), stop.keeper->start().end());
  }
  body.settle(h);
  RoundHistory history(body.problem, static_cast<double>(body.problem.comm().sum(before)), report);
  const auto in_all = [&] {
    auto all = earlier;
    auto now = result;
    const auto visits = body.problem.comm().sum(body.worker.relaxer().relaxations() - before);
    now.iterations = now.sweeps = (visits + body.problem.global_size() - 1) / body.problem.global_size();
    now.matrix_passes = now.sweeps + body.kernel.passes() - passes + body.refreshes - refreshes;
    now.history = history.lines();
    append(all, std::move(now));
    all.method = result.method;
    return all;
  };
  {
    const KeptPart kept(
        stop.keeper, kStochasticPart, [&](RunPart& part) { body.tell(part, in_all()); }, [&] { return body.h(); });
    result.reason = body.run(left_of(stop, earlier), history);
  }
  h = body.h();
  body.seconds += monotonic_seconds() - begin;
  return in_all();
}

AsynchronyReport AsynchronousSolver::asynchrony() const {
  const auto& body = *body_;
  const auto& comm = body.problem.comm();
  const auto& relaxer = body.worker.relaxer();
  const auto traffic = body.worker.traffic();
  const auto& counts = body.worker.counts();
  const bool idle = relaxer.size() == 0;
  constexpr auto none = std::numeric_limits<std::int64_t>::max();
  const auto [least, most] = relaxer.visits_per_neuron();
  const auto least_of = [&](std::int64_t value) {
    const auto found = comm.min(idle ? none : value);
    return found == none ? 0 : found;
  };
  AsynchronyReport report;
  report.traffic = {comm.sum(traffic.messages), comm.sum(traffic.bytes)};
  report.skipped = comm.sum(counts.skipped);
  report.left_out = comm.sum(counts.left_out);
  report.relaxations = comm.sum(relaxer.relaxations());
  report.least_per_neuron = least_of(least);
  report.most_per_neuron = comm.max(most);
  report.least_sweeps = least_of(relaxer.sweeps());
  report.most_sweeps = comm.max(relaxer.sweeps());
  report.reductions = body.worker.detector().rounds();
  report.false_alarms = body.false_alarms;
  report.rebases = body.rebases;
  report.resumptions = std::max<std::int64_t>(0, body.calls - 1);
  report.detection_seconds = comm.max(body.detection_seconds);
  report.detection_relaxations = comm.sum(body.detection_relaxations);
  report.seconds = comm.max(body.seconds);
  report.quiesce_seconds = comm.max(body.quiesce_seconds);
  report.verification_seconds = comm.max(body.verification_seconds);
  report.staleness = over_ranks(comm, counts.ages);
  return report;
}

AsynchronousEquilibrium balance_asynchronously(BalanceProblem& problem, const Network& network,
                                               const AsynchronousParams& params, const ProgressCallback& report) {
  FusedKernel kernel(problem);
  IncidentSynapses stars(problem, network);
  AsynchronousSolver solver(problem, kernel, stars, params);
  const auto solve = [&](std::vector<double>& h, const StopCriteria& stop) { return solver(h, stop, report); };
  auto found = balance_by(problem, kernel, params.stop, "stochastic", solve, {.often = true});
  return {std::move(found), solver.asynchrony()};
}

}  // namespace synbal
