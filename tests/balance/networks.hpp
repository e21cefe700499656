// Small networks for the balance tests, and their serial truths.
#pragma once

#include <cmath>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal::test {

/// A dense matrix, row postsynaptic.
struct Dense {
  GlobalIndex n = 0;
  std::vector<double> entries;

  explicit Dense(GlobalIndex size) : n(size), entries(static_cast<std::size_t>(size * size), 0.0) {}
  double& operator()(GlobalIndex i, GlobalIndex j) { return entries[static_cast<std::size_t>(i * n + j)]; }
  double operator()(GlobalIndex i, GlobalIndex j) const { return entries[static_cast<std::size_t>(i * n + j)]; }
};

/// Collective. The non-zero entries as a network, rows spread evenly.
inline Network network_of(const Comm& comm, const Dense& weights) {
  const auto rows = Ownership::even(comm, weights.n);
  GlobalRows own;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    for (GlobalIndex j = 0; j < weights.n; ++j) {
      const double w = weights(rows.first() + i, j);
      if (w == 0) continue;
      own.column.push_back(j);
      own.weight.push_back(w);
    }
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  return assemble(comm, rows, std::move(own), Duplicates::sum, {});
}

/// Pins the neurons listed.
inline void pin(Network& network, const std::vector<GlobalIndex>& neurons) {
  network.nodes.pinned.assign(static_cast<std::size_t>(network.local_size()), 0);
  for (const auto g : neurons) {
    if (network.rows.owns(g)) network.nodes.pinned[static_cast<std::size_t>(g - network.rows.first())] = 1;
  }
}

/// A network, its problem and its equilibrium, kept together.
struct Balanced {
  Network network;
  Components components;
  BalanceProblem problem;
  Equilibrium found;

  Balanced(const Comm& comm, Network&& given, double power, const BalanceParams& params = {})
      : network(std::move(given)),
        components(strongly_connected_components(comm, network)),
        problem(comm, network, components, power),
        found(balance(problem, params)) {}
  Balanced(const Balanced&) = delete;
  Balanced& operator=(const Balanced&) = delete;

  /// Collective. h of all neurons, on every rank.
  [[nodiscard]] std::vector<double> h(const Comm& comm) const {
    const auto own = problem.to_network(found.h, 0.0);
    return comm.gather_all(std::span<const double>(own));
  }
};

/// The balanced costs themselves, dense, self-loops left out.
inline Dense costs_at(const Dense& weights, const std::vector<double>& h, double power) {
  Dense c(weights.n);
  for (GlobalIndex i = 0; i < c.n; ++i) {
    for (GlobalIndex j = 0; j < c.n; ++j) {
      const double scaled =
          std::abs(weights(i, j)) * std::exp(h[static_cast<std::size_t>(j)] - h[static_cast<std::size_t>(i)]);
      c(i, j) = i == j ? 0 : std::pow(scaled, power);
    }
  }
  return c;
}

/// A random matrix with entries of both signs at a given density, the same on every rank.
Dense random_matrix(GlobalIndex n, double density, double sigma, std::uint64_t seed);

}  // namespace synbal::test
