// The system that elimination leaves, and one run of conjugate gradients on it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "laplacian/elimination.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/pcg.hpp"

namespace synbal::detail {

/// A graph's Laplacian as conjugate gradients see it.
class GraphSystem final : public SymmetricOperator {
 public:
  /// All must outlive it.
  GraphSystem(const ConductanceGraph& graph, const ComponentSums& components, LaplacianOperator& laplacian)
      : graph_(&graph), components_(&components), laplacian_(&laplacian) {}

  [[nodiscard]] const ComponentSums& components() const override { return *components_; }
  [[nodiscard]] std::span<const double> diagonal() const override { return graph_->degree(); }
  void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) override {
    laplacian_->apply(x, y, columns, dots);
  }

 private:
  const ConductanceGraph* graph_;
  const ComponentSums* components_;
  LaplacianOperator* laplacian_;
};

/// Uses the whole graph's components and operator where nothing is eliminated.
class ReducedSystem {
 public:
  /// Collective. All must outlive it.
  ReducedSystem(const ConductanceGraph& graph, const ComponentSums& components, LaplacianOperator& laplacian,
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
  std::unique_ptr<ComponentSums> own_components_;
  std::unique_ptr<LaplacianOperator> own_laplacian_;
  std::unique_ptr<GraphSystem> system_;
  std::unique_ptr<BlockPcg> pcg_;
};

}  // namespace synbal::detail
