// Dense eigenvalues of small Laplacians, by LAPACK.
#pragma once

#include <cmath>
#include <vector>

#include "graph/graphs.hpp"

namespace synbal::test {

/// [n] Ascending eigenvalues of a symmetric matrix.
inline std::vector<double> eigenvalues(std::vector<double> matrix, GlobalIndex size) {
  return dense_spectrum(std::move(matrix), size, false).value;
}

/// Those of L.
inline std::vector<double> spectrum(const EdgeList& list) { return eigenvalues(dense_laplacian(list), list.n); }

/// Those of D^-1/2 L D^-1/2; isolated nodes count as 0.
inline std::vector<double> normalised_spectrum(const EdgeList& list) {
  auto matrix = dense_laplacian(list);
  const auto n = static_cast<std::size_t>(list.n);
  std::vector<double> root;
  for (std::size_t i = 0; i < n; ++i) root.push_back(matrix[i * n + i] > 0 ? std::sqrt(matrix[i * n + i]) : 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) matrix[i * n + j] /= root[i] * root[j];
  }
  return eigenvalues(std::move(matrix), list.n);
}

}  // namespace synbal::test
