// One sum over each component, and one number taken off its places.
#include "krylov/constants.hpp"

#include <vector>

namespace synbal {

void take_out_constants(const ComponentSums& sums, std::span<double> block, int columns,
                        std::span<const double> diagonal, std::span<const double> diagonal_sums) {
  const auto m = at(columns);
  const auto label = sums.label();
  std::vector<double> share(at(sums.count()) * m, 0.0);
  for (std::size_t i = 0; i < label.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) share[at(label[i]) * m + k] += diagonal[i] * block[i * m + k];
  }
  sums.sum(share, columns);
  for (LocalIndex l = 0; l < sums.count(); ++l) {
    const bool free = !sums.grounded(l) && diagonal_sums[at(l)] > 0;
    for (std::size_t k = 0; k < m; ++k) share[at(l) * m + k] *= free ? 1 / diagonal_sums[at(l)] : 0.0;
  }
  for (std::size_t i = 0; i < label.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) block[i * m + k] -= share[at(label[i]) * m + k];
  }
}

}  // namespace synbal
