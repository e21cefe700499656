// What one neuron does when it is visited (Baldi et al. 2024): sums its incoming and outgoing cost, takes its optimum.
#pragma once

#include <cmath>
#include <span>

#include "synbal/stochastic/incident_synapses.hpp"

namespace synbal {

/// A neuron's scaling as its neighbours need it: relative to the problem's base.
struct Scaling {
  double pre = 1;   ///< e^{p k delta}, the factor of its outgoing costs
  double post = 1;  ///< e^{-p delta}, the factor of its incoming costs
};

/// A neuron's cost at the values it sees.
struct SeenCosts {
  double in = 0;   ///< r
  double out = 0;  ///< o; balanced is r = k o
};

/// in and out cost of neuron i, its own scaling included. `scaling`: [n + ghosts].
[[nodiscard]] inline SeenCosts seen_costs(const IncidentSynapses& stars, LocalIndex i,
                                          std::span<const Scaling> scaling) {
  SeenCosts seen{stars.from_pinned(i), stars.to_pinned(i)};
  const auto in = stars.incoming(i), out = stars.outgoing(i);
  for (std::size_t e = 0; e < in.neighbour.size(); ++e)
    seen.in += in.cost[e] * scaling[static_cast<std::size_t>(in.neighbour[e])].pre;
  for (std::size_t e = 0; e < out.neighbour.size(); ++e)
    seen.out += out.cost[e] * scaling[static_cast<std::size_t>(out.neighbour[e])].post;
  const auto& own = scaling[static_cast<std::size_t>(i)];
  return {seen.in * own.post, seen.out * own.pre};
}

/// p times the change of h that balances a neuron: log(r / (k o)) / (k + 1), from e^{p(k+1)h} = r / (k o)
/// (Baldi et al. 2024, eq. 6.6 with the 1/p that it lacks).
[[nodiscard]] inline double balancing_step(const SeenCosts& seen, double exponent) {
  return (std::log(seen.in) - std::log(exponent * seen.out)) / (exponent + 1);
}

/// The scaling after a change of p h.
[[nodiscard]] inline Scaling moved(const Scaling& scaling, double step, double exponent) {
  const double post = scaling.post * std::exp(-step);
  return {exponent == 1 ? 1 / post : std::pow(post, -exponent), post};
}

}  // namespace synbal
