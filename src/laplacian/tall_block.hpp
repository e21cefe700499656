// Blocks of a few long columns, distributed by rows like the graph, and the small dense algebra between them.
#pragma once

#include <span>
#include <vector>

#include "synbal/core/comm.hpp"

namespace synbal::laplacian {

/// `count` columns of `rows` values of this rank each, one after the other.
struct TallBlock {
  std::size_t rows = 0;
  int count = 0;
  std::vector<double> data;

  [[nodiscard]] std::span<double> column(int k) { return std::span(data).subspan(rows * std::size_t(k), rows); }
  [[nodiscard]] std::span<const double> column(int k) const {
    return std::span(data).subspan(rows * std::size_t(k), rows);
  }
  void resize(int columns) { count = columns, data.resize(rows * std::size_t(columns)); }
  void append(const TallBlock& other);
  [[nodiscard]] TallBlock first(int columns) const;
  /// Columns first .. count - 1.
  [[nodiscard]] TallBlock from(int first) const;
};

/// Collective. x^T y, [x.count * y.count] by columns: x_i . y_j at [i + x.count * j]; the same on all ranks.
std::vector<double> inner(const Comm& comm, const TallBlock& x, const TallBlock& y);
/// x S for columns first .. first + columns - 1 of S, [x.count * any] by columns.
TallBlock combine(const TallBlock& x, std::span<const double> s, int first, int columns);
/// Collective. x -= q q^T x for orthonormal q.
void take_out(const Comm& comm, const TallBlock& q, TallBlock& x);
/// Collective. Makes the columns orthonormal and orthogonal to every q, to rounding. Columns of length 0 and directions
/// that depend on others are left out (Stathopoulos & Wu 2002): fewer columns may be left, also none.
void orthonormalise(const Comm& comm, const std::vector<const TallBlock*>& q, TallBlock& x);

/// Eigenvalues, descending, and vectors by columns of a symmetric matrix, of which the mean of both triangles counts.
struct SmallSpectrum {
  std::vector<double> value, vector;
};
/// Collective: the same on all ranks, to the last bit.
SmallSpectrum small_spectrum(const Comm& comm, std::span<const double> matrix, int size);

}  // namespace synbal::laplacian
