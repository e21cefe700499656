// A colouring of the active neurons: neurons that share a synapse have different colours, so the updates of one colour
// commute and a sweep over the colours is exact Gauss-Seidel on any number of ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/cost_rows.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// Colours of owned and ghost neurons, the same at any rank count.
struct Coloring {
  std::vector<std::int32_t> color;  ///< [n + ghosts]
  std::int32_t count = 0;           ///< colours in use lie in 0..count-1
  std::int64_t rounds = 0;          ///< passes over the pattern that it took
};

/// Collective. Every neuron draws a colour; of two neighbours that drew the same the one with fewer synapses (then by a
/// hash of its index) draws again. Draws are keyed by (seed, global index, round).
Coloring color(const BalanceProblem& problem, const CostRows& rows, std::uint64_t seed);

}  // namespace synbal
