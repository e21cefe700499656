// The fused kernel's pass in integers: the same sums wherever rows and columns lie.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "synbal/balance/problem.hpp"
#include "synbal/core/fixed_point.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// Of a reproducible problem. An entry's part of a sum is cut to a multiple of the unit of its row or column
/// (CostUnits), and integers add up in any order. Moves 12 bytes per synapse.
class FixedKernel {
 public:
  /// The problem must outlive the kernel.
  explicit FixedKernel(const BalanceProblem& problem);

  /// Collective. As FusedKernel::run(); sums of what is not finite are no numbers.
  template <class Fill, class Consume>
  void run(Fill&& fill, Consume&& consume) {
    const auto n = problem_->size();
    std::array<LargestSize, 2> largest;  // of what rows read, and columns
    const auto slot = [](LocalIndex i) { return static_cast<std::size_t>(i); };
    for (LocalIndex i = 0; i < n; ++i) {
      const std::pair<double, double> xy = fill(i);
      rows_[slot(i)] = {xy.second, 0}, columns_[slot(i)] = {xy.first, 0};
      largest[0].meet(xy.first), largest[1].meet(xy.second);
    }
    const auto factors = multiply(largest);
    const auto &row = problem_->units().row, &column = problem_->units().column;
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    for (LocalIndex i = 0; i < n; ++i) {
      const auto in = static_cast<double>(rows_[slot(i)].sum), out = static_cast<double>(columns_[slot(i)].sum);
      factors ? consume(i, in * row[slot(i)] * factors->of_rows, out * column[slot(i)] * factors->of_columns)
              : consume(i, none, none);
    }
  }

 private:
  struct Slot {
    double read;  // for the pass: at most 1 times the unit
    std::int64_t sum;
  };
  /// By which units have to be multiplied in sums of rows and columns.
  struct Factors {
    double of_rows, of_columns;
  };
  std::optional<Factors> multiply(const std::array<LargestSize, 2>& own);
  void pass(const CostTiles& tiles, Slot* columns);
  void add_up();

  const BalanceProblem* problem_;
  HugeVector<Slot> rows_, columns_;  // columns: owned, then ghosts
  HaloExchange<double> values_;
  HaloExchange<std::int64_t> sums_;
};

}  // namespace synbal
