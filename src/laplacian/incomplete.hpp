// Incomplete Cholesky without fill, in the order of the global indices, whatever the number of ranks.
#pragma once

#include <memory>

#include "synbal/graph/graph.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal::detail {

/// L ~ D^1/2 (I - T) (I - T^t) D^1/2 with T on the pattern of the lower triangle. Pivots and sweeps run through the
/// ranks in order, each waiting for those below (forward) or above (backward) it: a rank-local factorisation would need
/// more iterations with every rank, this one needs the same.
/// So the sweeps do not get faster with more ranks; they suit few. What it is worth (5e4 nodes, 5e5 edges, processor
/// seconds): on small worlds 0.06 and 0.08 s against 0.11 and 0.13 s with PETSc's ICC in block Jacobi and 0.28 and
/// 0.84 s with the better of Jacobi and multigrid; on lognormal graphs 0.34 s against 0.48 s (on two ranks 0.40 s
/// against 2.0 s, as block Jacobi needs eight times the iterations) and 1.1 s. Coefficients are held in single
/// precision, the same in both sweeps, so the preconditioner stays symmetric and positive definite. 8 bytes an edge.
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
