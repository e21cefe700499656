// The system that elimination leaves, and one run of conjugate gradients on it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "laplacian/pcg.hpp"
#include "synbal/laplacian/components.hpp"
#include "synbal/laplacian/elimination.hpp"
#include "synbal/laplacian/operator.hpp"

namespace synbal::laplacian {

/// Uses the whole graph's components and operator where nothing is eliminated.
class ReducedSystem {
 public:
  /// Collective. All must outlive it.
  ReducedSystem(const ConductanceGraph& graph, const GraphComponents& components, LaplacianOperator& laplacian,
                bool eliminate);

  [[nodiscard]] const ConductanceGraph& graph() const noexcept {
    return elimination_ ? elimination_->reduced() : *whole_;
  }
  [[nodiscard]] std::int64_t eliminated() const noexcept { return elimination_ ? elimination_->eliminated() : 0; }
  /// Products with the reduced Laplacian, where it is not the whole one.
  [[nodiscard]] std::int64_t passes() const noexcept { return own_laplacian_ ? own_laplacian_->passes() : 0; }

  /// Collective. Runs the task whose `r` is given for the whole graph (overwritten), to x on the whole graph. To
  /// `offset` (summed over the ranks here) the energy of the eliminated nodes is added.
  PcgOutcome run(PcgTask task, std::span<double> r, std::vector<double> offset, std::span<double> x,
                 BlockPreconditioner* preconditioner);

 private:
  const ConductanceGraph* whole_;
  std::unique_ptr<Elimination> elimination_;
  std::unique_ptr<GraphComponents> own_components_;
  std::unique_ptr<LaplacianOperator> own_laplacian_;
  std::unique_ptr<BlockPcg> pcg_;
};

}  // namespace synbal::laplacian
