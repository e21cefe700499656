// Costs of single synapses, from what columns and rows hold.
#include "synbal/balance/synapse_costs.hpp"

#include <cmath>

#include "synbal/core/halo.hpp"
#include "synbal/network/factor.hpp"

namespace synbal {

namespace {

/// Collective. [rows, then ghosts]; empty where no rank has any.
std::vector<double> of_columns(const Comm& comm, const Network& network, std::vector<double> values) {
  if (!comm.any(!values.empty())) return {};
  values.resize(at(network.local_size()), 1.0);
  return with_ghosts(network.halo, std::move(values));
}

}  // namespace

SynapseCosts::SynapseCosts(const Comm& comm, const Network& network, double power)
    : network_(&network),
      power_(power),
      h_(at(network.local_size()) + network.halo.ghosts().size(), 0.0),
      gain_(of_columns(comm, network, network.nodes.gain)),
      exponent_(of_columns(comm, network, network.nodes.exponent)) {}

void SynapseCosts::scale(std::span<const double> h) { h_ = with_ghosts(network_->halo, h); }

double SynapseCosts::exponent_at(LocalIndex row, std::int64_t entry) const noexcept {
  const auto j = at(network_->column[at(entry)]);
  return (exponent_.empty() ? h_[j] : exponent_[j] * h_[j]) - h_[at(row)];
}

double SynapseCosts::gain_at(std::int64_t entry) const noexcept {
  return gain_.empty() ? 1.0 : gain_[at(network_->column[at(entry)])];
}

double SynapseCosts::alpha_at(std::int64_t entry) const noexcept {
  return network_->alpha.empty() ? 1.0 : network_->alpha[at(entry)];
}

double SynapseCosts::weight(LocalIndex row, std::int64_t entry) const noexcept {
  return scaled_weight(network_->weight[at(entry)], exponent_at(row, entry));
}

double SynapseCosts::cost(LocalIndex row, std::int64_t entry) const noexcept {
  const double gain = gain_at(entry);
  return alpha_at(entry) * gain * gain * std::pow(std::abs(weight(row, entry)), power_);
}

double SynapseCosts::log_cost(LocalIndex row, std::int64_t entry) const noexcept {
  const double log_weight = std::log(std::abs(network_->weight[at(entry)])) + exponent_at(row, entry);
  return power_ * log_weight + 2 * std::log(gain_at(entry)) + std::log(alpha_at(entry));
}

}  // namespace synbal
