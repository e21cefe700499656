// The fused kernel's pass in integers: the same sums wherever rows and columns lie.
#pragma once

#include "synbal/balance/kernel.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// An entry's part of a sum is rounded to a multiple of what 2^-62 of the sum's bound is (entries times the largest
/// cost, of the row or column, times the largest value), and integers add up in any order. 12 bytes a synapse; slots
/// have 24 bytes.
class FixedKernel {
 public:
  /// The problem must outlive the kernel.
  explicit FixedKernel(const BalanceProblem& problem);

  /// Collective. From what the slots of the owned rows and columns hold to their sums.
  void multiply(std::span<KernelSlot> rows, std::span<KernelSlot> columns);

 private:
  struct Slot {
    double read;
    double unit;  // a power of 2, by which terms are multiplied
    std::int64_t sum;
  };
  void find_units();
  void pass(const CostTiles& tiles, Slot* columns);

  const BalanceProblem* problem_;
  HugeVector<Slot> rows_, columns_;  // columns: owned, then ghosts
  HaloExchange<double> values_;
  HaloExchange<std::int64_t> sums_;
  std::int64_t version_ = -1;  // of the problem's costs that the units are for
};

}  // namespace synbal
