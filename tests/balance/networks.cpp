// Random matrices for the balance tests.
#include "networks.hpp"

#include "synbal/core/random.hpp"

namespace synbal::test {

Dense random_matrix(GlobalIndex n, double density, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed, 77);
  Dense m(n);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      const auto index = static_cast<std::uint64_t>(i * n + j);
      if (random.uniform(index, 0) >= density) continue;
      m(i, j) = (random.uniform(index, 1) < 0.3 ? -1 : 1) * std::exp(sigma * random.normal(index, 2));
    }
  }
  return m;
}

}  // namespace synbal::test
