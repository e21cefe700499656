// Plain loops over the synapses of a balance problem, for everything that is not the hot kernel.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal {

/// visit(j, c) for every synapse of row i; j counts owned neurons, then ghosts.
template <class Visit>
void for_row(const BalanceProblem& problem, LocalIndex i, Visit&& visit) {
  const auto run = [&](const CostBlock& block, LocalIndex shift) {
    const auto row = static_cast<std::size_t>(i);
    for (auto e = block.row_ptr[row]; e < block.row_ptr[row + 1]; ++e) {
      visit(shift + block.column[static_cast<std::size_t>(e)], block.cost[static_cast<std::size_t>(e)]);
    }
  };
  run(problem.local(), 0);
  run(problem.remote(), problem.size());
}

/// visit(i, j, c) for every synapse j -> i of this rank's rows; j counts owned neurons, then ghosts.
template <class Visit>
void for_each_edge(const BalanceProblem& problem, Visit&& visit) {
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    for_row(problem, i, [&](LocalIndex j, double c) { visit(i, j, c); });
  }
}

/// Collective. [n + ghosts] The owned values followed by those of the ghosts.
template <class T>
std::vector<T> with_ghosts(const BalanceProblem& problem, std::span<const T> owned) {
  std::vector<T> all(owned.begin(), owned.end());
  all.resize(owned.size() + problem.halo().ghosts().size());
  HaloExchange<T>(problem.halo()).forward(owned, std::span<T>(all).subspan(owned.size()));
  return all;
}

}  // namespace synbal
