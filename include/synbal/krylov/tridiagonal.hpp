// The small tridiagonal matrices that Lanczos' process and conjugate gradients make.
#pragma once

#include <vector>

namespace synbal {

/// Eigenpairs of an operator's projection on a Krylov space: eigenvector k of the small matrix is vector[k * dimension]
/// and on; the start vector is the first of the basis.
struct RitzPairs {
  int dimension = 0;
  std::vector<double> value, vector;

  [[nodiscard]] double first(int k) const noexcept { return vector[static_cast<std::size_t>(k * dimension)]; }
  [[nodiscard]] double last(int k) const noexcept { return vector[static_cast<std::size_t>((k + 1) * dimension - 1)]; }
};

/// Not collective. Of a tridiagonal matrix of `diagonal` and of the entries `beside` it (as many, of which the last
/// does not count). @throws Error internal when LAPACK fails.
RitzPairs diagonalise(std::vector<double> diagonal, std::vector<double> beside);

}  // namespace synbal
