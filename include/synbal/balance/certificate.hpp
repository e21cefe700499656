// How far the cost can be from its minimum: a proof that does not need the minimum.
#pragma once

#include <optional>
#include <span>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// A lower bound of C* and what it says about a point, in the problem's cost unit.
struct Certificate {
  std::optional<double> lower_bound;  ///< C* >= this; empty when no bound could be proved
  std::optional<double> gap;          ///< C(h) - lower_bound >= C(h) - C*
};

/// Collective. Given phi with L phi = g + residual at the point where `costs` were taken, y_ij = c_ij (1 + k_j phi_j -
/// phi_i) is a circulation up to the residual. If all y >= 0, C* >= sum (y - y log(y/c)) - R |residual|_1, where R
/// bounds p |h* - h| in a component, up to a constant where no neuron is pinned: costs at the optimum exceed C(h)
/// nowhere, so p(h*_j - h*_i - h_j + h_i) <= log(C/c_ij) along every synapse, and a tree of synapses from one neuron to
/// all and back bounds the range. Exponents other than 1 have no such R, and no bound unless the residual is zero. The
/// rounding of the sums, R times that of the residual included, is added to the gap. Where some y < 0, phi is shortened
/// until y >= 0, at the price of the residual.
Certificate certify(const BalanceProblem& problem, FusedKernel& kernel, const NeuronCosts& costs,
                    std::span<const double> phi);

/// Collective. sum sqrt(c_ij c_ji) over pairs of opposite synapses, twice: a lower bound of C* at any h (exponents 1).
double reciprocal_bound(const BalanceProblem& problem);
/// Collective. The same, using the problem's costs up: 12 bytes a synapse instead of 24.
double reciprocal_bound(BalanceProblem&& problem);

}  // namespace synbal
