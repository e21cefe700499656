// Exact elimination of all that hangs on a graph like a tree or a chain: a partial Cholesky factorisation without fill.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal {

/// Nodes with at most two neighbours (ground is none) are eliminated, round after round, until none is left; what stays
/// is again a graph of conductances: a leaf vanishes, a chain becomes one edge (series rule), parallel edges add up,
/// and a conductance to ground is divided among the neighbours. In a round every such node goes whose priority (a hash
/// of its global index) exceeds that of its neighbours that could go, too: a constant share, so that a chain of any
/// length across any ranks takes O(log n) rounds, and the outcome does not depend on the rank count. A tree is solved
/// by this alone (5e4 nodes in 0.03 s, where multigrid needs 0.6 s); on sparse random graphs (4 neighbours a node) it
/// spares 0 to 40 % of a first solve, on graphs without such nodes it costs nothing that can be measured. No
/// subtraction occurs, so every conductance keeps its relative accuracy.
class Elimination {
 public:
  /// Collective. The graph must outlive the elimination.
  explicit Elimination(const ConductanceGraph& graph);
  ~Elimination();
  Elimination(Elimination&&) noexcept;

  /// Nodes eliminated, over all ranks, and rounds it took; 0: the graph itself is what is left.
  [[nodiscard]] std::int64_t eliminated() const noexcept;
  [[nodiscard]] std::int64_t rounds() const noexcept;
  /// What is left (the graph itself when nothing was eliminated); may have no node.
  [[nodiscard]] const ConductanceGraph& reduced() const noexcept;

  /// Collective. Eliminates in the right-hand sides: `b` ([n * columns], in the range of L, see operator.hpp for the
  /// storage) is overwritten, `reduced_b` ([reduced n * columns]) gets what is left. energy[k] += this rank's part of
  /// what the eliminated nodes contribute to b^T L^+ b, so that b^T L^+ b = that + reduced_b^T L_reduced^+ reduced_b.
  void forward(std::span<double> b, std::span<double> reduced_b, int columns, std::span<double> energy);

  /// Collective. Puts the solution back: x ([n * columns]) from `reduced_x` and the `b` that forward() left. Then
  /// L x = b holds at the eliminated nodes up to rounding, so the residual is that of the reduced system. The constants
  /// of components without ground are not adjusted.
  void backward(std::span<const double> b, std::span<const double> reduced_x, std::span<double> x, int columns);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
