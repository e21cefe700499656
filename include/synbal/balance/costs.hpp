// In-cost and out-cost of every neuron at a point, the total cost, and how far from balance that is.
#pragma once

#include <span>
#include <vector>

#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// Costs at h = base + delta, in the problem's cost unit.
struct NeuronCosts {
  std::vector<double> pre;   ///< [n] s_j = e^{p k_j delta_j}, the factor of neuron j's outgoing costs
  std::vector<double> post;  ///< [n] t_i = e^{-p delta_i}, the factor of its incoming costs
  std::vector<double> in;    ///< [n] r_i, what comes in (from pinned neurons too)
  std::vector<double> out;   ///< [n] o_i, what goes out
  double total = 0;          ///< C, over all ranks
};

/// Norms of in - k out, relative as CONTRACT.md says; k is the homogeneity exponent.
struct Imbalance {
  double l1 = 0;             ///< sum |in - out| / sum c
  double l2 = 0;             ///< |in - out|_2 / |(in + out)/2|_2
  double linf = 0;           ///< the same in the maximum norm
  double max_log_ratio = 0;  ///< max |log(in/out)|
};

/// Collective. One pass: costs at base + delta into `costs`.
void evaluate(const BalanceProblem& problem, FusedKernel& kernel, std::span<const double> delta, NeuronCosts& costs);

/// Collective. Two small reductions.
Imbalance imbalance(const BalanceProblem& problem, const NeuronCosts& costs);

/// [n] Gradient of the cost over -p: g = in - k out (Stock et al. 2022, eq. 17).
void gradient(const BalanceProblem& problem, const NeuronCosts& costs, std::span<double> g);

/// Collective. [n] The same at h = base, with sums in twice the precision: the imbalances of the neurons of a cluster
/// then add up to what crosses its border even where that is 1e-16 of the costs inside, so that weakly joined clusters
/// find their place. One pass, about three times as long.
void accurate_gradient(const BalanceProblem& problem, std::span<double> g);

}  // namespace synbal
