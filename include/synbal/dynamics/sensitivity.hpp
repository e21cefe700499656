// Gains, and how much a network amplifies noise (Stock et al. 2022, eq. 6-9).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/network/network.hpp"

namespace synbal {

/// Of every owned neuron j: mu_j = <phi'(x_j)> and <phi'(x_j)^2>, whose root is sigma_j, over times, conditions,
/// trials.
struct Gains {
  std::vector<double> mean, mean_square;

  /// sigma_j, as `balance --gain` takes it.
  [[nodiscard]] std::vector<double> sigma() const;
};

/// What gains are over the network.
struct GainFacts {
  double mean = 0, sigma_mean = 0, sigma_min = 0, sigma_max = 0;
  std::int64_t silent = 0;  ///< neurons whose gain was 0 throughout
};
/// Collective.
[[nodiscard]] GainFacts facts_of(const Comm& comm, const Gains& gains);

/// S = sum sigma_j^2 J_ij^2 - 2 sum mu_i J_ii + N.
struct Sensitivity {
  double cost = 0;        ///< sum over i != j of sigma_j^2 J_ij^2: what balancing makes small
  double self_loops = 0;  ///< sum of sigma_i^2 J_ii^2 - 2 mu_i J_ii
  double neurons = 0;     ///< N

  [[nodiscard]] double total() const noexcept { return cost + self_loops + neurons; }
};
/// Collective.
[[nodiscard]] Sensitivity sensitivity(const Comm& comm, const Network& network, const Gains& gains);

}  // namespace synbal
