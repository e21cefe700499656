// y = L x for one vector or a block of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/block_exchange.hpp"
#include "synbal/graph/graph.hpp"

namespace synbal {

/// Blocks of m vectors are interleaved: value of node i in column k at [i * m + k]; m = 1 is a plain vector.
/// Computed as sum_j w_ij (x_i - x_j) + g_i x_i: constants vanish exactly, and a cluster that hangs on a thread feels
/// it even where its own conductances are 1e16 times larger. The exchange of ghosts runs beside the local part.
class LaplacianOperator {
 public:
  static constexpr int kMaxColumns = 16;

  /// The graph must outlive the operator.
  explicit LaplacianOperator(const ConductanceGraph& graph);

  /// Collective. y = L x, both [n * columns], not aliased; 1 <= columns <= kMaxColumns.
  void apply(std::span<const double> x, std::span<double> y, int columns);
  /// The same with dots[k] = this rank's part of x_k . y_k ([columns]), while both are at hand.
  void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots);

  /// Products with one vector so far.
  [[nodiscard]] std::int64_t passes() const noexcept { return passes_; }

 private:
  const ConductanceGraph* graph_;
  BlockExchange exchange_;
  std::vector<double> ghosts_;
  std::int64_t passes_ = 0;
};

}  // namespace synbal
