// A preconditioner for weakly joined modules: the diagonal, and the exact answer of a coarse space of clusters.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "balance/clusters/cluster_graph.hpp"
#include "balance/clusters/clusters.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

/// M^-1 = D^-1 + Z E^+ Z^T, Z the clusters' indicators and E = Z^T L Z, summed from what crosses their borders and
/// factorised on every rank along its single-linkage tree (two-level additive Schwarz; Nicolaides 1987).
class TwoLevel final : public BlockPreconditioner {
 public:
  /// Collective. Null where there are no clusters that are few beside the neurons, or E fills too much. `diagonal` is
  /// that of L and must outlive the preconditioner; between `components`, whose constants are projected out, nothing is
  /// taken; `finer`: they divide those of the problem.
  static std::unique_ptr<TwoLevel> make(const BalanceProblem& problem, const NeuronCosts& costs,
                                        std::span<const double> diagonal, const ComponentSums& components, bool finer);

  void apply(std::span<const double> r, std::span<double> u, int columns) override;
  [[nodiscard]] std::string name() const override;

 private:
  TwoLevel(const Comm& comm, std::span<const double> diagonal) : comm_(&comm), diagonal_(diagonal) {}

  void sum_in_any_order(std::span<const double> r, std::size_t columns, std::span<double> sums) const;

  const Comm* comm_;
  std::span<const double> diagonal_;
  bool reproducible_ = false;
  GlobalIndex neurons_ = 0;         // over all ranks
  std::vector<LocalIndex> number_;  // [n] coarse node of each neuron, or -1
  std::size_t coarse_ = 0;          // coarse nodes
  std::vector<Pivot> pivots_;
};

}  // namespace synbal
