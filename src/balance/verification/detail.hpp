// What the checks share: the worst neuron over all ranks, and reductions by key.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "synbal/balance/verification.hpp"

namespace synbal::verification {

/// The largest deviation met, and where.
struct Worst {
  double value = 0;
  GlobalIndex neuron = -1;  ///< place in the file, from 0; -1: none

  /// What is not a number is worse than everything.
  void meet(double deviation, GlobalIndex where) {
    if (std::isnan(deviation)) deviation = std::numeric_limits<double>::infinity();
    if (deviation > value) *this = {deviation, where};
  }
};

/// Collective. The worst of all ranks, on every rank.
inline Worst worst_over(const Comm& comm, const Worst& own) {
  const auto values = comm.gather_all(own.value);
  const auto neurons = comm.gather_all(own.neuron);
  Worst worst;
  for (std::size_t r = 0; r < values.size(); ++r) worst.meet(values[r], neurons[r]);
  return worst;
}

inline std::string at_neuron(const Worst& worst) {
  return worst.neuron < 0 ? std::string() : fmt::format("worst at neuron {} (counted from 0)", worst.neuron);
}

/// A check that holds when value <= limit.
inline Check bounded(std::string name, double value, double limit, std::string note = {}) {
  return {std::move(name), value <= limit ? Outcome::passed : Outcome::failed, value, limit, std::move(note)};
}

inline Check skipped(std::string name, std::string why) {
  return {std::move(name), Outcome::skipped, {}, {}, std::move(why)};
}

inline double exponent_of(const Network& network, std::size_t i) {
  return network.nodes.exponent.empty() ? 1.0 : network.nodes.exponent[i];
}

/// Collective. Whether some neuron's exponent is not 1.
inline bool any_exponent(const Comm& comm, const Network& network) {
  const auto& k = network.nodes.exponent;
  return comm.any(std::any_of(k.begin(), k.end(), [](double v) { return v != 1; }));
}

/// Collective. k_j h_j for every local column.
inline std::vector<double> column_logs(const Network& network, std::span<const double> h) {
  std::vector<double> logs(h.size() + network.halo.ghosts().size());
  for (std::size_t j = 0; j < h.size(); ++j) logs[j] = exponent_of(network, j) * h[j];
  HaloExchange<double>(network.halo).forward(std::span(logs).first(h.size()), std::span(logs).subspan(h.size()));
  return logs;
}

}  // namespace synbal::verification
