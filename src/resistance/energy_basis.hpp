// A basis that is orthonormal in the energy, to take its span out of solutions or to start them there.
#pragma once

#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal::detail {

/// V with V^T L V = 1, from any vectors that span a space (they need not be good eigenvectors: the Galerkin solution
/// V V^T b is the best that any space holds). Rows of V lie together.
class EnergyBasis {
 public:
  /// The graph must outlive it. Room for `capacity` vectors: that many numbers per node.
  EnergyBasis(const ConductanceGraph& graph, int capacity);

  /// Collective. Adds what [n * columns] vectors, interleaved, have that the span lacks, while there is room. Vectors
  /// that depend on those before them are left out.
  void add(std::span<const double> vectors, int columns);

  [[nodiscard]] int count() const noexcept { return count_; }
  /// Collective. x = V V^T b, [n * columns] each.
  void solve(std::span<const double> b, std::span<double> x, int columns) const;
  /// Collective. x -= V V^T b for x = L^+ b.
  void deflate(std::span<const double> b, std::span<double> x, int columns) const;
  /// Copies columns first .. first + columns - 1 to the owned part of a block.
  void columns(int first, int columns, std::span<double> block) const;

 private:
  using Values = std::vector<double>;

  Values orthonormal(Values block, std::size_t& columns);
  [[nodiscard]] Values shares(std::span<const double> block, std::size_t columns) const;
  void combine(const Values& share, double factor, std::span<double> x, std::size_t columns) const;

  const ConductanceGraph* graph_;
  LaplacianOperator laplacian_;
  std::size_t capacity_;
  int count_ = 0;
  Values v_;  // [n * capacity]
};

}  // namespace synbal::detail
