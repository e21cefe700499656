// Norms of blocks.
#include "synbal/krylov/operator.hpp"

#include <cmath>

namespace synbal {

std::vector<double> column_norms(const Comm& comm, std::initializer_list<std::span<const double>> blocks, int columns) {
  const auto m = at(columns);
  std::vector<double> sums;
  for (const auto& block : blocks) {
    const auto first = sums.size();
    sums.resize(first + m, 0.0);
    for (std::size_t i = 0; i < block.size(); ++i) sums[first + i % m] += block[i] * block[i];
  }
  comm.sum(std::span(sums));
  for (double& sum : sums) sum = std::sqrt(sum);
  return sums;
}

}  // namespace synbal
