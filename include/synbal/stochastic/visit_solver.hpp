// Balancing by visits of single neurons whose order follows what they are like: greedy, or a subset in random order.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/stochastic/incident_synapses.hpp"

namespace synbal {

enum class Visiting {
  greedy,  ///< always the neuron whose visit takes most off the cost (of each rank; balance_greedily)
  subset   ///< independent subset balancing: the free neurons in a new random order each round (balance_subset)
};

/// Visits until the network is balanced to the tolerance. Stars are of the problem; both are rebased.
class VisitSolver {
 public:
  VisitSolver(BalanceProblem& problem, IncidentSynapses& stars, Visiting visiting, std::uint64_t seed)
      : problem_(&problem), stars_(&stars), visiting_(visiting), seed_(seed) {}

  /// Collective. Improves h ([n], absolute). Iterations are rounds: some 50 visits a neuron (greedy), one (subset).
  SolverResult operator()(std::vector<double>& h, const StopCriteria& stop, const ProgressCallback& report = {});

  /// Over all calls and ranks.
  [[nodiscard]] std::int64_t relaxations() const noexcept { return relaxations_; }

 private:
  struct Run;
  BalanceProblem* problem_;
  IncidentSynapses* stars_;
  Visiting visiting_;
  std::uint64_t seed_;
  std::int64_t relaxations_ = 0;
};

}  // namespace synbal
