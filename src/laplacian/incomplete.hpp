// Incomplete Cholesky without fill, in the order of the global indices, whatever the number of ranks.
#pragma once

#include <memory>

#include "synbal/graph/graph.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal::detail {

/// L ~ D^1/2 (I - T) (I - T^t) D^1/2 with T on the pattern of the lower triangle. Pivots and sweeps run through the
/// ranks in order, each waiting for those below (forward) or above (backward) it: a rank-local factorisation would need
/// more iterations with every rank, this one needs the same.
/// So the sweeps do not get faster with more ranks; they suit few. Coefficients are held in single precision, the same
/// in both sweeps, so the preconditioner stays symmetric and positive definite. 8 bytes an edge.
class IncompleteCholesky final : public BlockPreconditioner {
 public:
  /// Collective. The graph must outlive it.
  explicit IncompleteCholesky(const ConductanceGraph& graph);
  ~IncompleteCholesky() override;

  void apply(std::span<const double> r, std::span<double> u, int columns) override;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal::detail
