// The Hessian eliminated as the graph that it is, where that fills little.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/preconditioner.hpp"
#include "synbal/krylov/star_mesh.hpp"

namespace synbal {

/// Which synapses there are stays from one point to the next: the order and the pattern of the factor are found once,
/// then only costs travel and are eliminated anew.
class HessianElimination {
 public:
  /// Collective at the first call. False with homogeneity exponents, and where the factor fills too much.
  [[nodiscard]] bool light(const BalanceProblem& problem);
  /// Collective. For L at the point of `costs`; light() must hold. What was given before serves this point, too.
  [[nodiscard]] std::unique_ptr<BlockPreconditioner> factor(const BalanceProblem& problem, const NeuronCosts& costs,
                                                            std::span<const double> diagonal,
                                                            const ComponentSums& components);

 private:
  std::optional<bool> light_;
  std::vector<PlainEdge> edges_;  // synapses of all ranks, rank after rank, and those with pinned neurons
  EliminationOrder order_;
  std::shared_ptr<StarMesh> mesh_;
};

}  // namespace synbal
