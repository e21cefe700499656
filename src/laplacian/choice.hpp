// What the solver chooses its preconditioner from.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/krylov/choice.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/laplacian/whole_graph.hpp"

namespace synbal::detail {

/// Jacobi (not on a graph full of triangles) -> elimination of the whole graph where that costs no more than some
/// iterations -> incomplete Cholesky (few ranks) -> elimination where it fills little -> multigrid, or a factorisation
/// of tiny graphs -> a factorisation where that is bearable.
class GraphPreconditioners final : public PreconditionerFactory {
 public:
  /// The graph must outlive it.
  explicit GraphPreconditioners(const ConductanceGraph& graph) : graph_(&graph) {}

  /// What the user asks for, if anything.
  [[nodiscard]] std::optional<Preconditioner> asked(const LaplacianSolverParams& params) const;

  /// Collective. Whether incomplete Cholesky will do so much better than Jacobi that no forecast is needed.
  [[nodiscard]] bool full_of_triangles() const;

  /// Collective at the first call. Multiplications that elimination takes; infinite where it is not light.
  [[nodiscard]] double elimination() const;
  /// Collective at the first call. It costs no more than some dozen iterations.
  [[nodiscard]] bool light_elimination() const;

  [[nodiscard]] const char* user() const override { return "laplacian"; }
  [[nodiscard]] std::vector<Preconditioner> after(Preconditioner present, bool swings) const override;
  [[nodiscard]] ForecastParams forecasts() const override;
  [[nodiscard]] double patience(Preconditioner present, bool swings) const override;
  [[nodiscard]] std::int64_t limit(Preconditioner kind, bool last) const override;
  std::unique_ptr<BlockPreconditioner> make(Preconditioner kind) override;

 private:
  [[nodiscard]] bool sweeps_help(bool swings) const noexcept;
  [[nodiscard]] bool promises_little_fill() const;

  const ConductanceGraph* graph_;
  mutable std::optional<WholeGraph> whole_;  // until it is eliminated
  mutable std::optional<double> operations_;
};

}  // namespace synbal::detail
