// The step that is left at a point, seen on every scale: by single neurons and by clusters.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "balance/clusters/cluster_offsets.hpp"
#include "synbal/balance/kernel.hpp"

namespace synbal {

struct JudgedStep {
  std::vector<double> phi;     ///< [n] L phi = g: inside clusters, plus the clusters' own
  double newton_step_inf = 0;  ///< in h; infinite when the equation could not be solved
  std::int64_t krylov_iterations = 0;
  Clusters clusters;
  ClusterOffsets offsets;  ///< empty without clusters

  [[nodiscard]] std::optional<CutFacts> cuts() const { return cut_facts(clusters, offsets); }
};

/// Collective. At h = base. In - out of single neurons is rounding where a cut is weaker than that: so the Newton
/// equation is solved inside clusters, and between them from their cuts alone.
[[nodiscard]] JudgedStep judged_step(const BalanceProblem& problem, FusedKernel& kernel,
                                     const ComponentSums& components, const NeuronCosts& costs);

}  // namespace synbal
