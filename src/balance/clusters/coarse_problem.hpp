// What crosses the borders of clusters, whole on every rank: a balance problem of their offsets.
#pragma once

#include <span>
#include <vector>

#include "balance/clusters/clusters.hpp"

namespace synbal {

/// A cost between two clusters, in the problem's unit.
struct Cut {
  GlobalIndex post, pre;
  double cost;
};

/// The clusters that have cuts, in the order of their labels, ground before all.
struct CoarseProblem {
  static constexpr GlobalIndex kGround = -1;

  std::vector<GlobalIndex> node;   ///< name of each: the smallest place in the network's file among its neurons
  std::vector<Cut> cuts;           ///< by number of the nodes, sorted, one for each pair
  std::vector<GlobalIndex> names;  ///< [n] of the clusters of this rank's neurons; kGround in the grounded one

  [[nodiscard]] bool has_ground() const { return !node.empty() && node.front() == kGround; }
  [[nodiscard]] std::size_t size() const { return node.size(); }
  /// [n] The number of each neuron's node; -1 where nothing crosses its border, and for the grounded cluster.
  [[nodiscard]] std::vector<LocalIndex> numbers() const;
};

struct CoarseParams {
  bool divided = false;                   ///< nothing is taken between what `within` divides, nor from ground
  std::span<const GlobalIndex> within{};  ///< [n] labels; the components without any
  bool reproducible = false;              ///< the same bits at any rank count; problems that are so always have them
};

/// Collective. At the point of `costs`. 24 bytes a pair of clusters and rank that joins them; when reproducible a
/// synapse.
[[nodiscard]] CoarseProblem coarse_problem(const BalanceProblem& problem, const NeuronCosts& costs,
                                           const Clusters& clusters, const CoarseParams& params = {});

}  // namespace synbal
