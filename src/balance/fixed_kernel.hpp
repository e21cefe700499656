// The fused kernel's pass in integers: the same sums wherever rows and columns lie.
#pragma once

#include "synbal/balance/kernel.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// Of a reproducible problem. An entry's part of a sum is cut to a multiple of the unit of its row or column
/// (CostUnits), and integers add up in any order. Moves 12 bytes per synapse.
class FixedKernel {
 public:
  /// The problem must outlive the kernel.
  explicit FixedKernel(const BalanceProblem& problem);

  /// Collective. From what the slots of the owned rows and columns hold to their sums.
  void multiply(std::span<KernelSlot> rows, std::span<KernelSlot> columns);

 private:
  struct Slot {
    double read;  // at most 1 times the unit
    std::int64_t sum;
  };
  void pass(const CostTiles& tiles, Slot* columns);
  void add_up();

  const BalanceProblem* problem_;
  HugeVector<Slot> rows_, columns_;  // columns: owned, then ghosts
  HaloExchange<double> values_;
  HaloExchange<std::int64_t> sums_;
};

}  // namespace synbal
