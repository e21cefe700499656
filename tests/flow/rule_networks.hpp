// Small networks for the tests of rules, weights, heat and invariants.
#pragma once

#include <cmath>
#include <vector>

#include "balance/networks.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/core/random.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal::test {

/// Entries of both signs at a given density and, where wanted, a ring that makes all neurons one component.
inline Dense random_weights(GlobalIndex n, double density, double sigma, std::uint64_t seed, bool ring = true) {
  const CounterRandom random(seed, 78);
  Dense m(n);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      const auto index = static_cast<std::uint64_t>(i * n + j);
      const bool kept = random.uniform(index, 0) < density || (ring && j == (i + 1) % n);
      if (kept) m(i, j) = (random.uniform(index, 1) < 0.3 ? -1 : 1) * std::exp(sigma * random.normal(index, 2));
    }
  }
  return m;
}

/// One number for every neuron, the same on all ranks.
inline std::vector<double> random_values(GlobalIndex n, double low, double high, std::uint64_t seed) {
  const CounterRandom random(seed, 79);
  std::vector<double> values;
  for (GlobalIndex i = 0; i < n; ++i) {
    values.push_back(low + (high - low) * random.uniform(static_cast<std::uint64_t>(i)));
  }
  return values;
}

/// What a network may carry besides weights, whole on every rank; empty: nothing of the kind.
struct Extras {
  std::vector<GlobalIndex> pinned;
  std::vector<double> gain, exponent;
};

inline Network network_with(const Dense& weights, const Extras& extras) {
  auto network = network_of(world(), weights);
  const auto own = [&](const std::vector<double>& all) {
    if (all.empty()) return std::vector<double>();
    const auto first = all.begin() + network.rows.first();
    return std::vector<double>(first, first + network.local_size());
  };
  if (!extras.pinned.empty()) pin(network, extras.pinned);
  network.nodes.gain = own(extras.gain);
  network.nodes.exponent = own(extras.exponent);
  return network;
}

/// A network and all that flows on it need.
struct FlowSetting {
  Dense weights;
  Network network;
  Components components;
  BalanceProblem problem;
  FusedKernel kernel;
  ComponentSums sums;

  explicit FlowSetting(const Dense& w, double power = 2, const Extras& extras = {})
      : weights(w),
        network(network_with(w, extras)),
        components(strongly_connected_components(world(), network)),
        problem(world(), network, components, power),
        kernel(problem),
        sums(problem) {}

  [[nodiscard]] std::vector<double> zeros() const {
    return std::vector<double>(static_cast<std::size_t>(problem.size()));
  }
  /// The active neurons' part of values given for all neurons.
  [[nodiscard]] std::vector<double> active(const std::vector<double>& all) const {
    std::vector<double> own;
    for (const auto row : problem.network_row())
      own.push_back(all[static_cast<std::size_t>(network.rows.first() + row)]);
    return own;
  }
  /// Collective. Values of the active neurons spread over all neurons, 0 elsewhere, on every rank.
  [[nodiscard]] std::vector<double> everywhere(std::span<const double> values) const {
    const auto own = problem.to_network(values, 0.0);
    return world().gather_all(std::span<const double>(own));
  }
};

/// h without its mean.
inline std::vector<double> centered(std::vector<double> h) {
  double mean = 0;
  for (const double v : h) mean += v / static_cast<double>(h.size());
  for (double& v : h) v -= mean;
  return h;
}

/// Solution of a dense system, by elimination with pivots; `a` row by row.
inline std::vector<double> solve_dense(std::vector<std::vector<double>> a, std::vector<double> b) {
  const auto n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i) {
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    }
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}

}  // namespace synbal::test
