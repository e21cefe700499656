// Clusters of neurons that hang together by synapses far stronger than those between clusters.
#pragma once

#include <limits>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/network/linked_sets.hpp"

namespace synbal {

/// Theta of the weakest cut of which single neurons show to what a judgement needs when it is out of balance.
inline constexpr double kSeenByNeurons = 1e-6;

/// Single linkage at a threshold: a synapse joins its neurons when its cost is at least `theta` times the larger of
/// what the two carry (in-cost plus out-cost), a pinned synapse joins with ground. The components of what is joined are
/// the clusters, so every synapse between two clusters is weak for both its ends.
struct Clusters {
  std::vector<GlobalIndex> label;  ///< [n] the smallest index of the cluster's neurons
  GlobalIndex grounded = -1;       ///< label of the cluster that is joined with ground; -1 without one
  GlobalIndex count = 0;           ///< over all ranks, the grounded one included
  double theta = 0;

  /// Nothing to gain: the clusters are the components.
  [[nodiscard]] bool trivial() const noexcept { return theta == 0; }
  /// Inside the clusters single neurons show what is out of balance.
  [[nodiscard]] bool stiff() const noexcept { return theta >= kSeenByNeurons; }
};

/// Collective. The clusters at the largest threshold of a ladder at which they are few beside the neurons; trivial
/// where no weak cut shows, and with homogeneity exponents other than 1. A pass over the synapses for each rung tried,
/// 12 bytes a neuron and ghost.
[[nodiscard]] Clusters find_clusters(const BalanceProblem& problem, const NeuronCosts& costs,
                                     const ComponentSums& components);

/// Collective. Whether clusters may be out of balance where no single neuron shows it. A neuron alone shows what it is
/// off by itself, by its in-cost over its out-cost, which the caller has to look at: those whose synapses are weak only
/// beside what the other ends carry (a leaf of a hub) are no cut. A pass more than `find_clusters` where there are
/// such.
[[nodiscard]] bool has_weak_cuts(const BalanceProblem& problem, const NeuronCosts& costs,
                                 const ComponentSums& components);

/// Collective. Clusters for steps that are not judged yet, which want clusters only where single neurons cannot see a
/// cut at all, but then as stiff ones as there are: at the highest rung. `many`: so many cuts follow one another that
/// rounding hides what they do together (a ring of M modules is M^2 times as soft as one link): weaker ones count.
/// Thresholds are below `below`.
[[nodiscard]] Clusters find_stiff_clusters(const BalanceProblem& problem, const NeuronCosts& costs,
                                           const ComponentSums& components, bool many,
                                           double below = std::numeric_limits<double>::infinity());

/// Collective. Clusters for speed: the same linkage relative to the smaller of what the ends carry, so that every
/// neuron keeps the synapses that matter to it. `pieces`: components without pinned neurons.
[[nodiscard]] Clusters find_modules(const BalanceProblem& problem, const NeuronCosts& costs, std::int64_t pieces);

/// Collective. Clusters for those who move one neuron after another and wait long for whatever hangs together loosely:
/// modules, or where there are none what cuts divide.
[[nodiscard]] Clusters find_loose_clusters(const BalanceProblem& problem, const NeuronCosts& costs,
                                           const ComponentSums& components);

/// What synapses link that cost more than a threshold, which falls from one look to the next: what is linked stays so.
class FallingThreshold {
 public:
  /// Collective. Both must outlive it.
  FallingThreshold(const BalanceProblem& problem, const NeuronCosts& costs);
  /// Collective. What synapses that cost more than `least` link; a pass over them, or as much of one as it takes until
  /// all neurons that this rank knows are one cluster.
  [[nodiscard]] Clusters clusters_above(double least);

 private:
  const BalanceProblem* problem_;
  const NeuronCosts* costs_;
  std::vector<double> pre_;  // with ghosts
  LinkedSets sets_;
};

}  // namespace synbal
