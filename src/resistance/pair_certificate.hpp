// Brackets of resistances that hold whatever made the solutions, rounding included.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "resistance/strongest_tree.hpp"
#include "synbal/core/block_exchange.hpp"
#include "synbal/krylov/star_mesh.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::detail {

struct Certified {
  double lower = 0, upper = 0;
};

/// With x, r = b - L x in extended precision and E = b^T x + r^T x: E <= b^T L^+ b = E + r^T L^+ r, and that rest is at
/// most the energy of currents that carry r along the tree of strongest edges. No eigenvalue is needed, and a weak cut
/// counts as such: over it goes what x misses in the cut alone. What rounding leaves open are the few operations in E.
class PairCertificate {
 public:
  /// Collective. All must outlive it.
  PairCertificate(const ConductanceGraph& graph, LaplacianSolver& solver);

  /// Collective. Brackets of b^T L^+ b for columns b = e_i - e_j (or e_i, j being ground), given solutions x ([n * m])
  /// of some accuracy, which are improved here if `improve` says so: by elimination where that fills little and nothing
  /// else was asked for, else by the solver.
  std::vector<Certified> operator()(std::span<const double> b, std::span<double> x, int columns, bool improve);

 private:
  struct Sums {
    std::vector<double> energy, size;  // E, and sizes of what is summed there
  };
  void correct(std::span<double> x, int columns);
  void find_residual(std::span<const double> b, std::span<const double> x, int columns);
  [[nodiscard]] Sums sums_of(std::span<const double> b, std::span<const double> x, int columns) const;

  const ConductanceGraph* graph_;
  LaplacianSolver* solver_;
  StrongestTree tree_;
  std::optional<StarMesh> mesh_;
  BlockExchange exchange_;
  std::vector<double> residual_, ghosts_;
};

}  // namespace synbal::detail
