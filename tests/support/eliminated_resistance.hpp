// Effective resistances of small graphs by another way than the library's.
#pragma once

#include <cstddef>
#include <vector>

namespace synbal::test {

/// R between two of n nodes, the others eliminated one after the other in extended precision, without a subtraction:
/// exact to the last bits of a double. `w`: [n x n] symmetric conductances.
inline double eliminated_resistance(std::vector<long double> w, std::size_t n, std::size_t first, std::size_t second) {
  for (std::size_t k = 0; k < n; ++k) {
    if (k == first || k == second) continue;
    long double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += w[k * n + j];
    for (std::size_t i = 0; i < n && sum > 0; ++i) {
      for (std::size_t j = 0; j < n; ++j) w[i * n + j] += i == j ? 0 : w[i * n + k] * (w[k * n + j] / sum);
    }
    for (std::size_t i = 0; i < n; ++i) w[i * n + k] = w[k * n + i] = 0;
  }
  return static_cast<double>(1 / w[first * n + second]);
}

}  // namespace synbal::test
