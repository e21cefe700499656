// Plain loops over the synapses of a balance problem, for everything that is not the hot kernel.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal {

/// visit(i, j, c) for the synapses of a tile; j is shifted by `shift`.
template <class Visit>
void for_each_in_tile(const CostTiles& tiles, const CostTile& tile, LocalIndex shift, Visit&& visit) {
  for (auto e = static_cast<std::size_t>(tile.begin); e < static_cast<std::size_t>(tile.end); ++e) {
    visit(tile.first_row + tiles.row[e], shift + tile.first_column + tiles.column[e], tiles.cost[e]);
  }
}

/// visit(i, j, c) for every synapse j -> i of this rank's rows; j counts owned neurons, then ghosts.
template <class Visit>
void for_each_edge(const BalanceProblem& problem, Visit&& visit) {
  for (const auto& tile : problem.local().tiles) for_each_in_tile(problem.local(), tile, 0, visit);
  for (const auto& tile : problem.remote().tiles) for_each_in_tile(problem.remote(), tile, problem.size(), visit);
}

/// The same for the rows of a band, in the same order.
template <class Visit>
void for_each_edge_of_band(const BalanceProblem& problem, LocalIndex band, Visit&& visit) {
  const auto of = [&](const CostTiles& tiles, LocalIndex shift) {
    for (const auto& tile : tiles.tiles_of_band(band)) for_each_in_tile(tiles, tile, shift, visit);
  };
  of(problem.local(), 0);
  of(problem.remote(), problem.size());
}

/// The same in the opposite order.
template <class Visit>
void for_each_edge_backwards(const BalanceProblem& problem, Visit&& visit) {
  const auto backwards = [&](const CostTiles& tiles, LocalIndex shift) {
    for (auto tile = tiles.tiles.rbegin(); tile != tiles.tiles.rend(); ++tile) {
      for (auto e = static_cast<std::size_t>(tile->end); e-- > static_cast<std::size_t>(tile->begin);) {
        visit(tile->first_row + tiles.row[e], shift + tile->first_column + tiles.column[e], tiles.cost[e]);
      }
    }
  };
  backwards(problem.remote(), problem.size());
  backwards(problem.local(), 0);
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
