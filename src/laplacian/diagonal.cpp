// The diagonal of L^+, exactly: one solve per node.
#include "synbal/laplacian/diagonal.hpp"

#include "synbal/core/timer.hpp"
#include "synbal/laplacian/resistance.hpp"

namespace synbal {

DiagonalResult pseudoinverse_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver,
                                      const DiagonalParams& params) {
  const Timer timer;
  DiagonalResult result;
  const auto n = static_cast<std::size_t>(graph.size());
  result.value.assign(n, 0.0), result.error.assign(n, 0.0);
  const auto& nodes = graph.nodes();
  const auto keep = [&](GlobalIndex first, int m, std::span<const double> x) {
    for (int k = 0; k < m; ++k) {
      if (!nodes.owns(first + k)) continue;
      const auto i = static_cast<std::size_t>(first + k - nodes.first());
      result.value[i] = x[i * static_cast<std::size_t>(m) + static_cast<std::size_t>(k)];
    }
  };
  result.converged = pseudoinverse_matrix(graph, solver, keep, params.tolerance > 0 ? params.tolerance : 1e-12);
  result.solves = static_cast<int>(graph.global_size());
  result.seconds = timer.seconds();
  return result;
}

}  // namespace synbal
