// Dense eigenvalues of small Laplacians, by LAPACK.
#pragma once

#include <cmath>
#include <vector>

#include "graph/graphs.hpp"

extern "C" void dsyev_(const char* job, const char* triangle, const int* n, double* a, const int* lda, double* w,
                       double* work, const int* lwork, int* info);

namespace synbal::test {

/// [n] Ascending eigenvalues of a symmetric matrix.
inline std::vector<double> eigenvalues(std::vector<double> matrix, GlobalIndex size) {
  const int n = static_cast<int>(size), room = 64 * std::max(n, 1);
  std::vector<double> values(static_cast<std::size_t>(n)), work(static_cast<std::size_t>(room));
  int info = 0;
  if (n > 0) dsyev_("N", "U", &n, matrix.data(), &n, values.data(), work.data(), &room, &info);
  EXPECT_EQ(info, 0);
  return values;
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
