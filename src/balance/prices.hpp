// What the synapses of a network cost at a point.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/active_neurons.hpp"
#include "synbal/network/factor.hpp"

namespace synbal {

/// c_ij = alpha_ij gain_j^2 |J_ij|^p e^{p (k_j h_j - h_i)} over a unit, whatever the range of weights and h. 16 bytes a
/// row and 16 a column, while prices are asked for.
class Prices {
 public:
  /// Collective. `base` [n]: h of the active neurons, at which the others have 0. All must outlive the prices.
  Prices(const ActiveNeurons& active, std::span<const double> base, double power, double log2_unit);

  /// Of an entry of the network that costs something. May leave the doubles.
  [[nodiscard]] double exact(std::int64_t entry, LocalIndex row, LocalIndex column) const {
    return plain_ ? to_the(std::abs(network_->weight[static_cast<std::size_t>(entry)]), power_)
                  : by_factors(entry, row, column);
  }

 private:
  [[nodiscard]] double by_factors(std::int64_t entry, LocalIndex row, LocalIndex column) const;

  const Network* network_;
  double power_;
  std::vector<Factor> pre_, post_;  // by columns and by rows of the network
  bool plain_;                      // all factors are 1
};

}  // namespace synbal
