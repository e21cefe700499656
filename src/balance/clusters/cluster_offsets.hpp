// The coarse problem: one offset of h for every cluster, from the synapses between clusters alone.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "balance/clusters/clusters.hpp"
#include "synbal/balance/solver.hpp"

namespace synbal {

/// What the clusters do when each moves as a whole.
struct ClusterOffsets {
  std::vector<double> h;     ///< [n] offset of each neuron's cluster, 0 for the grounded one
  double step_inf = 0;       ///< the largest difference over a synapse between clusters, in h
  double residual_inf = 0;   ///< the Newton step of the coarse problem that is left
  double max_log_ratio = 0;  ///< max |log(in/out)| over the clusters' cuts, before the move
  double weakest_share = 0;  ///< the smallest cut over the total cost, before the move
  std::int64_t newton_steps = 0;
};

/// Of p times the step left, where the offsets are to be final.
inline constexpr double kOffsetTolerance = 1e-11;

/// Collective. Minimises the cost over one offset per cluster at the point of `costs`: a balance problem with the costs
/// between clusters, summed pair by pair, which is balanced like any other (to what doubles can tell; a few hundred
/// clusters in extended precision on every rank). A move by `h` never raises the cost. `tolerance`: of p times the step
/// left. `reproducible`: the same bits at any rank count, for more traffic; problems that are so always have them.
[[nodiscard]] ClusterOffsets cluster_offsets(const BalanceProblem& problem, const NeuronCosts& costs,
                                             const Clusters& clusters, double tolerance, bool reproducible = false);

/// For the report; nothing without clusters.
[[nodiscard]] std::optional<CutFacts> cut_facts(const Clusters& clusters, const ClusterOffsets& offsets);

}  // namespace synbal
