// How far the optimum can lie from a point, before anything is known of it but the costs there.
#pragma once

#include "synbal/balance/costs.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// Collective. Bounds the range of u = p (h* - h) over any component (from 0, where neurons are pinned); infinite when
/// exponents differ from 1 or no bound is found. Two arguments, for a synapse of cost c from j to i:
/// (1) c |e^(u_j - u_i) - 1| <= sum |in - out|: let S be the neurons above a level between the two. At the optimum as
/// much enters S as leaves it; at h that fails by no more than what its neurons fail by, and moving all that crosses
/// the border towards the optimum changes it in one direction. So synapses above the whole imbalance tie their ends.
/// (2) u_j - u_i <= log(C / c), since no synapse costs more than C at the optimum.
/// Neurons tied by (1) make clusters; (2) bounds paths between clusters, from one to all and back. Where there are too
/// many of them, (2) bounds paths over neurons, as long as passes over the synapses find them.
[[nodiscard]] double range_bound(const BalanceProblem& problem, const NeuronCosts& costs);

}  // namespace synbal
