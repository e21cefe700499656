// Slow modes as a basis that is orthonormal in the energy, to take their span out of solutions.
#pragma once

#include <span>
#include <vector>

#include "synbal/laplacian/graph.hpp"
#include "synbal/laplacian/modes.hpp"

namespace synbal::laplacian {

/// V with V^T L V = 1, from any vectors that span a space (they need not be good eigenvectors: deflation by Galerkin is
/// exact for any space).
class ModeBasis {
 public:
  ModeBasis() = default;
  /// Collective. Vectors that depend on those before them are left out.
  ModeBasis(const ConductanceGraph& graph, const Modes& modes);

  [[nodiscard]] int count() const noexcept { return count_; }
  /// Collective. x -= V V^T b for x = L^+ b; [n * columns] each.
  void deflate(std::span<const double> b, std::span<double> x, int columns) const;
  /// Copies columns first .. first + columns - 1 to the owned part of a block.
  void columns(int first, int columns, std::span<double> block) const;

 private:
  const ConductanceGraph* graph_ = nullptr;
  int count_ = 0;
  std::vector<std::vector<double>> vector_;  // [count][n]
};

}  // namespace synbal::laplacian
