// Plain loops over the synapses of a balance problem, for everything that is not the hot kernel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal {

/// A loop that asks for nothing ahead of its entries.
struct NothingAhead {
  void operator()(LocalIndex /*j*/) const noexcept {}
};

/// visit(i, j, held) for the entries of a tile, with the costs that it holds; j is shifted by `shift`. ahead(j) some
/// entries before, where a tile has fewer of them than columns, to prefetch what visit() will want of j; past the end
/// of a tile j may be any number. 10^8 synapses of 10^7 neurons: sums in twice the precision took .64 s without and .34
/// with, look-ups of two numbers .56 and .30; of 2 x 10^6 neurons (1.6 entries a column) .16 and .13, but .13 and .20.
template <class Visit, class Ahead = NothingAhead>
void for_each_in_tile(const CostTiles& tiles, const CostTile& tile, LocalIndex shift, Visit&& visit, Ahead ahead = {}) {
  const auto loop = [&](auto&& before) {
    for (auto e = static_cast<std::size_t>(tile.begin); e < static_cast<std::size_t>(tile.end); ++e) {
      before(e);
      visit(tile.first_row + tiles.row[e], shift + tile.first_column + tiles.column[e], tiles.cost[e]);
    }
  };
  const auto few = std::min(tiles.sparse_below, std::int64_t{1} << tiles.column_bits);
  if (tile.end - tile.begin >= few) return loop([](std::size_t) {});
  loop([&](std::size_t e) { ahead(shift + tile.first_column + tiles.column[e + CostTiles::kColumnsAhead]); });
}

/// run(take), where take(i, j, held) tells visit(i, j, c) of the cost in place of what is held.
template <class Visit, class Run>
void with_costs(const BalanceProblem& problem, Visit&& visit, Run&& run) {
  const auto &row = problem.units().row, &column = problem.units().column;
  if (row.empty()) return run(visit);
  run([&](LocalIndex i, LocalIndex j, double held) {
    visit(i, j, held * row[static_cast<std::size_t>(i)] * column[static_cast<std::size_t>(j)]);
  });
}

/// visit(i, j, c) for the synapses j -> i of this rank's rows that come from others, in the order of a pass; j counts
/// owned neurons, then ghosts.
template <class Visit, class Ahead = NothingAhead>
void for_each_remote_edge(const BalanceProblem& problem, Visit&& visit, Ahead ahead = {}) {
  with_costs(problem, visit, [&](auto&& take) {
    const auto& tiles = problem.remote();
    tiles.for_each_tile(0, tiles.bands(),
                        [&](std::size_t t) { for_each_in_tile(tiles, tiles.tiles[t], problem.size(), take, ahead); });
  });
}

/// The same for every synapse of this rank's rows. A row meets its columns in ascending order.
template <class Visit, class Ahead = NothingAhead>
void for_each_edge(const BalanceProblem& problem, Visit&& visit, Ahead ahead = {}) {
  with_costs(problem, visit, [&](auto&& take) {
    const auto& tiles = problem.local();
    tiles.for_each_tile(0, tiles.bands(),
                        [&](std::size_t t) { for_each_in_tile(tiles, tiles.tiles[t], 0, take, ahead); });
  });
  for_each_remote_edge(problem, visit, ahead);
}

/// The same for the rows of a band.
template <class Visit, class Ahead = NothingAhead>
void for_each_edge_of_band(const BalanceProblem& problem, LocalIndex band, Visit&& visit, Ahead ahead = {}) {
  with_costs(problem, visit, [&](auto&& take) {
    const auto of = [&](const CostTiles& tiles, LocalIndex shift) {
      for (const auto& tile : tiles.tiles_of_band(band)) for_each_in_tile(tiles, tile, shift, take, ahead);
    };
    of(problem.local(), 0);
    of(problem.remote(), problem.size());
  });
}

/// The same for all rows, band after band, until done(), which is asked between them.
template <class Done, class Visit, class Ahead>
void for_each_edge_until(const BalanceProblem& problem, Done&& done, Visit&& visit, Ahead ahead) {
  const auto bands = std::max(problem.local().bands(), problem.remote().bands());
  for (LocalIndex band = 0; band < bands && !done(); ++band) for_each_edge_of_band(problem, band, visit, ahead);
}

/// The same for all rows, from the last band to the first.
template <class Visit>
void for_each_edge_backwards(const BalanceProblem& problem, Visit&& visit) {
  with_costs(problem, visit, [&](auto&& take) {
    const auto backwards = [&](const CostTiles& tiles, LocalIndex shift) {
      for (auto tile = tiles.tiles.rbegin(); tile != tiles.tiles.rend(); ++tile) {
        for (auto e = static_cast<std::size_t>(tile->end); e-- > static_cast<std::size_t>(tile->begin);) {
          take(tile->first_row + tiles.row[e], shift + tile->first_column + tiles.column[e], tiles.cost[e]);
        }
      }
    };
    backwards(problem.remote(), problem.size());
    backwards(problem.local(), 0);
  });
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
