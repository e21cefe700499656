// Rounds of visits, with an exact look after each.
#include "synbal/stochastic/visit_solver.hpp"

#include <algorithm>
#include <numeric>

#include "synbal/balance/run_frame.hpp"
#include "synbal/stochastic/greedy.hpp"
#include "synbal/stochastic/neuron_operations.hpp"

namespace synbal {

namespace {
constexpr const char* kVisitsPart = "visits";  // of the state that a keeper keeps
}  // namespace

struct VisitSolver::Run {
  Run(VisitSolver& s, std::span<const double> h, const StopCriteria& stop, const ProgressCallback& report)
      : solver(s),
        frame(s.problem_->comm(), s.visiting_ == Visiting::greedy ? "greedy" : "subset", stop, kDefaultSweeps, report),
        neurons(at_point(s, h), *s.stars_),
        members(at(neurons.size())) {
    std::iota(members.begin(), members.end(), 0);
    if (const auto begun = taken_part(stop, kVisitsPart)) frame.go_on_from(*begun), round = begun->count("round");
  }

  static BalanceProblem& at_point(VisitSolver& s, std::span<const double> h) {
    s.problem_->rebase(h);
    s.stars_->refresh();
    return *s.problem_;
  }

  /// Collective. What the neurons are like now.
  double look() {
    const auto deviation = neurons.deviation();
    ++frame.result.matrix_passes;
    frame.record(round, deviation.cost * solver.problem_->cost_unit(), deviation.l1);
    return deviation.l1;
  }

  /// Collective. Returns the number of visits.
  std::int64_t play(double tolerance) {
    if (solver.visiting_ == Visiting::greedy) {
      GreedyParams params{.tolerance = tolerance};
      params.max_relaxations =
          GreedyParams::kVisitsPerRound * std::max<std::int64_t>(1, solver.problem_->global_size());
      return balance_greedily(neurons, params).relaxations;
    }
    SubsetParams params{.tolerance = 0};
    params.seed = solver.seed_ + static_cast<std::uint64_t>(round), params.max_rounds = 1;
    return balance_subset(neurons, members, params).relaxations;
  }

  VisitSolver& solver;
  RunFrame frame;
  NeuronBalancer neurons;
  std::vector<LocalIndex> members;
  std::int64_t round = 0;
};

SolverResult VisitSolver::operator()(std::vector<double>& h, const StopCriteria& stop, const ProgressCallback& report) {
  Run run(*this, h, stop, report);
  const auto tell = [&run](RunPart& part) {
    run.frame.tell(part);
    part.put("round", static_cast<double>(run.round));
  };
  const KeptPart kept(stop.keeper, kVisitsPart, tell, [&run] { return run.neurons.h(); });
  while (run.look() > stop.tolerance && !run.frame.out_of_limits(run.round)) {
    relaxations_ += run.play(stop.tolerance);
    ++run.round;
  }
  h = run.neurons.h();
  run.frame.result.iterations = run.round;
  return std::move(run.frame.result);
}

}  // namespace synbal
