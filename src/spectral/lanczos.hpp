// Krylov spaces of a symmetric operator for several start vectors at once, and functions of the operator in them.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/krylov/tridiagonal.hpp"

namespace synbal::detail {

/// Lanczos' process with full orthogonalisation, column by column; all columns share the operator's application and the
/// reductions. Blocks are [n * columns], interleaved.
class Lanczos {
 public:
  /// Collective. out = A in for a block; not aliased.
  using Apply = std::function<void(std::span<const double> in, std::span<double> out)>;

  /// Collective. Starts from `v`; its columns may be zero.
  Lanczos(const Comm& comm, std::span<const double> v, int columns);

  /// Collective. One more dimension; columns whose space is complete stay as they are. @return false when all are.
  bool step(const Apply& apply);

  [[nodiscard]] int columns() const noexcept { return columns_; }
  /// Dimension of a column's space.
  [[nodiscard]] int dimension(int column) const noexcept {
    return static_cast<int>(alpha_[static_cast<std::size_t>(column)].size());
  }
  [[nodiscard]] bool complete(int column) const noexcept { return done_[static_cast<std::size_t>(column)] != 0; }
  /// Length of each start vector.
  [[nodiscard]] double norm(int column) const noexcept { return norm_[static_cast<std::size_t>(column)]; }

  /// Length by which the space of the first `dimension` >= 1 steps grows next: |A v_last - what of it lies inside|.
  [[nodiscard]] double next_length(int column, int dimension) const noexcept {
    return beta_[static_cast<std::size_t>(column)][static_cast<std::size_t>(dimension - 1)];
  }
  /// |A^k w|, k = 0, 1, .., for the vector w by which that space grows next: as many as are known.
  [[nodiscard]] std::vector<double> power_norms(int column, int dimension) const;
  /// The projection of A on that space, diagonalised. Not collective.
  [[nodiscard]] RitzPairs ritz(int column, int dimension) const;

  /// out += |v| V c for every column; c[k] is [<= dimension(k)]. Not collective.
  void add_combination(const std::vector<std::vector<double>>& c, std::span<double> out) const;

 private:
  void orthogonalise(std::vector<double>& block, std::vector<double>& overlap);

  const Comm* comm_;
  int columns_;
  std::vector<double> norm_;                       // [columns]
  std::vector<std::uint8_t> done_;                 // [columns]
  std::vector<std::vector<double>> basis_;         // [steps + 1][n * columns], zero where a column is complete
  std::vector<std::vector<double>> alpha_, beta_;  // [columns][dimension]: beta_[k][m] follows alpha_[k][m]
};

}  // namespace synbal::detail
