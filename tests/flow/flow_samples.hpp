// Networks for the tests of the flow, the same at any rank count, so that a serial run is their truth.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "balance/networks.hpp"
#include "flow/run.hpp"
#include "synbal/core/random.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/network/components.hpp"

namespace synbal::test {

/// Neurons whose weights are lognormal with spread sigma, each synapse there with chance `density`; both signs.
inline Dense lognormal(GlobalIndex n, double density, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed, 91);
  Dense w(n);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      const auto index = static_cast<std::uint64_t>(i * n + j);
      if (random.uniform(index, 0) >= density) continue;
      w(i, j) = (random.uniform(index, 1) < 0.3 ? -1 : 1) * std::exp(sigma * random.normal(index, 2));
    }
  }
  return w;
}

/// A problem of some kind: what is special about it beside its weights.
struct Kind {
  std::string name;
  Dense weights{0};
  double power = 2;
  std::vector<GlobalIndex> pinned{};
  bool gains = false, exponents = false;
};

/// Collective. The network of a kind.
inline Network network_of(const Comm& comm, const Kind& kind) {
  auto network = network_of(comm, kind.weights);
  if (!kind.pinned.empty()) pin(network, kind.pinned);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto g = static_cast<double>(network.rows.first() + i);
    if (kind.gains) network.nodes.gain.push_back(1 + std::fmod(g, 3.0));
    if (kind.exponents) network.nodes.exponent.push_back(std::fmod(g, 2.0) == 0 ? 1.0 : 1.5);
  }
  return network;
}

/// Pinned neurons, gains, exponents, several components and powers; all small enough for a dense truth.
inline std::vector<Kind> all_kinds() {
  const auto plain = lognormal(23, 0.25, 0.7, 5);
  Dense apart(17);  // three components in a row, and neurons in none
  for (GlobalIndex i = 0; i < 15; ++i) {
    for (GlobalIndex j = 0; j < 15; ++j)
      apart(i, j) = i / 5 == j / 5 || (i / 5 == j / 5 + 1 && j % 5 == 0) ? plain(i, j) + 0.3 : 0;
  }
  apart(16, 3) = 2;
  return {{"p = 2", plain},
          {"p = 1.5, gains", plain, 1.5, {}, true},
          {"p = 1, pinned", plain, 1, {0, 7, 22}},
          {"exponents, gains", plain, 2, {3, 4}, true, true},
          {"components", apart},
          {"components, some pinned, p = 1, gains", apart, 1, {2, 8}, true}};
}

/// Everything that a flow needs, kept together.
struct FlowSetup {
  Network network;
  Components components;
  BalanceProblem problem;
  FusedKernel kernel;
  ComponentSums sums;
  CostFlow flow;

  FlowSetup(const Comm& comm, Network&& given, double power)
      : FlowSetup(comm, std::move(given), power,
                  [&](const Network& n) { return strongly_connected_components(comm, n); }) {}
  template <class Label>
  FlowSetup(const Comm& comm, Network&& given, double power, Label&& label)
      : network(std::move(given)),
        components(label(network)),
        problem(comm, network, components, power),
        kernel(problem),
        sums(problem),
        flow(problem, kernel, sums) {}
  FlowSetup(const Comm& comm, const Kind& kind) : FlowSetup(comm, network_of(comm, kind), kind.power) {}
  FlowSetup(const FlowSetup&) = delete;
  FlowSetup& operator=(const FlowSetup&) = delete;

  [[nodiscard]] std::vector<double> zeros() const {
    return std::vector<double>(static_cast<std::size_t>(problem.size()), 0.0);
  }
  /// Collective.
  FlowResult run(std::span<const double> h, const FlowParams& params, const FlowObserver& observer = {}) {
    return run_flow(*system_of(flow, problem), h, params, observer);
  }
  /// Collective. Values of the active neurons for all neurons, on every rank.
  [[nodiscard]] std::vector<double> everywhere(const Comm& comm, std::span<const double> values) const {
    return comm.gather_all(std::span<const double>(problem.to_network(values, 0.0)));
  }
  /// The active neurons' part of values for all neurons.
  [[nodiscard]] std::vector<double> own(const std::vector<double>& all) const {
    const auto first = static_cast<std::ptrdiff_t>(network.rows.first());
    const std::vector<double> rows(all.begin() + first, all.begin() + first + network.local_size());
    return problem.from_network(rows);
  }
};

/// Tolerances that leave little of the integration's own error.
inline FlowParams tight(double relative = 1e-10, double absolute = 1e-13) {
  FlowParams params;
  params.integrator.relative_tolerance = relative;
  params.integrator.absolute_tolerance = absolute;
  return params;
}

}  // namespace synbal::test
