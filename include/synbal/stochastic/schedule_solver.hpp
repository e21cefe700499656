// Balancing by a schedule until balanced: the reproducible references of the asynchronous solver.
#pragma once

#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/stochastic/incident_synapses.hpp"
#include "synbal/stochastic/schedule.hpp"

namespace synbal {

/// What the neurons met in a round; the same bits on all ranks and at any rank count.
struct RoundView {
  std::int64_t round = 0;
  std::int64_t visits = 0;
  std::int64_t sweeps = 0;    ///< within the round
  double l1 = 0;              ///< sum |in - k out| / cost over the visits of the first sweep, as met
  double cost = 0;            ///< of these visits, as met, in the problem's unit
  double max_step = 0;        ///< bound of the change of h: the largest of every sweep, added up
  double largest_factor = 0;  ///< largest pre or post: when it grows large the base should move
};

struct ScheduleSolverParams {
  StopCriteria stop;  ///< iterations are rounds; 0: 1,000,000
  ScheduleParams schedule;
  bool trace = false;  ///< keep the views of all rounds
};

/// What happened on the way, for studies.
struct ScheduleTrace {
  std::vector<RoundView> rounds;           ///< if asked for
  std::int64_t visits = 0;                 ///< relaxations, over all neurons
  std::vector<std::int64_t> reads_by_age;  ///< synapses read, by the age in rounds of what was read
  std::int64_t rebases = 0;
};

/// Plays rounds until the network is balanced (by an exact look at all neurons at once) and the steps that are left,
/// judged by how they shrink, are small. What it does and when it stops is the same at any rank count, but for a limit
/// in seconds.
class ScheduleSolver {
 public:
  /// Stars of this problem; both must outlive the solver, and are rebased by it.
  ScheduleSolver(BalanceProblem& problem, IncidentSynapses& stars, ScheduleSolverParams params)
      : problem_(&problem), stars_(&stars), params_(params) {}

  /// Collective. Improves h ([n], absolute). @throws Error usage for an impossible schedule.
  SolverResult operator()(std::vector<double>& h, const ProgressCallback& report = {});

  /// Of the last call.
  [[nodiscard]] const ScheduleTrace& trace() const noexcept { return trace_; }

 private:
  struct Run;
  BalanceProblem* problem_;
  IncidentSynapses* stars_;
  ScheduleSolverParams params_;
  ScheduleTrace trace_;
};

}  // namespace synbal
