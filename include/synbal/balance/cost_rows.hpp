// The same costs row by row, for what visits single neurons: sweeps, colouring, look-ups.
#pragma once

#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal {

/// Compressed rows; a row's columns ascend, owned neurons first, then ghosts. Another 12 bytes per synapse: made where
/// it is needed only.
class CostRows {
 public:
  /// Not collective. A copy of the problem's costs at its present base.
  explicit CostRows(const BalanceProblem& problem);
  /// The same out of a problem whose costs are used up on the way, so that their memory is needed once.
  explicit CostRows(BalanceProblem&& problem);

  /// Copies the costs again after the base moved.
  void refresh(const BalanceProblem& problem);

  [[nodiscard]] std::int64_t begin(LocalIndex i) const noexcept { return row_ptr_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int64_t end(LocalIndex i) const noexcept { return row_ptr_[static_cast<std::size_t>(i) + 1]; }
  /// [edges] Owned neurons, then ghosts.
  [[nodiscard]] std::span<const LocalIndex> column() const noexcept { return column_; }
  [[nodiscard]] std::span<const double> cost() const noexcept { return cost_; }

  /// visit(j, c) for the synapses of row i.
  template <class Visit>
  void for_row(LocalIndex i, Visit&& visit) const {
    for (auto e = static_cast<std::size_t>(begin(i)); e < static_cast<std::size_t>(end(i)); ++e)
      visit(column_[e], cost_[e]);
  }
  /// Total cost of the entries of row i in column j (several where duplicates were kept).
  [[nodiscard]] double at(LocalIndex i, LocalIndex j) const;

 private:
  void count(const BalanceProblem& problem);

  std::vector<std::int64_t> row_ptr_;
  HugeVector<LocalIndex> column_;
  HugeVector<double> cost_;
};

}  // namespace synbal
