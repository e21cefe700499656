// What single synapses weigh and cost at any scaling of a network.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Weights J_ij e^{k_j h_j - h_i} and costs c_ij = alpha_ij sigma_j^2 |J_ij e^{k_j h_j - h_i}|^p (Stock et al.
/// 2022; exponents k: Baldi et al. 2024), in the user's unit. Synapses are named by an owned row and an entry in it.
class SynapseCosts {
 public:
  /// Collective. At h = 0. The network must outlive it; its weights may change, its gains, alphas and exponents not.
  SynapseCosts(const Comm& comm, const Network& network, double power);

  /// Collective. `h`: [network rows].
  void scale(std::span<const double> h);

  [[nodiscard]] double weight(LocalIndex row, std::int64_t entry) const noexcept;
  [[nodiscard]] double cost(LocalIndex row, std::int64_t entry) const noexcept;
  /// log c_ij, also where c_ij leaves the range of doubles; -infinity where it costs nothing.
  [[nodiscard]] double log_cost(LocalIndex row, std::int64_t entry) const noexcept;

 private:
  /// k_j h_j - h_i.
  [[nodiscard]] double exponent_at(LocalIndex row, std::int64_t entry) const noexcept;
  [[nodiscard]] double gain_at(std::int64_t entry) const noexcept;
  [[nodiscard]] double alpha_at(std::int64_t entry) const noexcept;

  const Network* network_;
  double power_;
  std::vector<double> h_, gain_, exponent_;  // [network rows, then ghosts]; the last two empty where all are 1
};

}  // namespace synbal
