// The inner loop of the kernels: the entries of tiles, with what they will need asked for ahead.
#pragma once

#include <array>

#include "synbal/balance/cost_tiles.hpp"

namespace synbal {

inline constexpr std::int64_t kCostsAhead = 256;  // entries: asking for the stream this early gains about a tenth

/// add(row slot, column slot, cost) for every entry; where `sparse`, the slots of columns are asked for.
template <bool sparse, class Slot, class Add>
void for_each_in_slots(const CostTiles& tiles, const CostTile& tile, Slot* rows, Slot* columns, Add&& add) {
  const std::uint16_t* const row = tiles.row.data();
  const std::uint16_t* const column = tiles.column.data();
  const double* const cost = tiles.cost.data();
  for (auto e = tile.begin; e < tile.end; ++e) {
    __builtin_prefetch(cost + e + kCostsAhead);
    if constexpr (sparse) __builtin_prefetch(columns + column[e + CostTiles::kColumnsAhead], 1);
    add(rows[row[e]], columns[column[e]], cost[e]);
  }
}

/// The same for entries begin..end-1 of one run: those of a row follow each other, and its sum is kept in registers, in
/// parts that need not wait for each other.
template <class Slot, class Add>
void for_each_by_rows(const CostTiles& tiles, std::int64_t begin, std::int64_t end, Slot* rows, Slot* columns,
                      Add&& add) {
  constexpr std::int64_t parts = 4;
  const std::uint16_t* const row = tiles.row.data();
  const std::uint16_t* const column = tiles.column.data();
  const double* const cost = tiles.cost.data();
  for (auto e = begin; e < end;) {
    const auto present = row[e];
    std::array<Slot, parts> part;
    part.fill(rows[present]);
    for (std::size_t k = 1; k < parts; ++k) part[k].sum = 0;
    for (; e + parts <= end && row[e + parts - 1] == present; e += parts) {
      __builtin_prefetch(cost + e + kCostsAhead);
      for (std::int64_t k = 0; k < parts; ++k) add(part[at(k)], columns[column[e + k]], cost[e + k]);
    }
    for (; e < end && row[e] == present; ++e) add(part[0], columns[column[e]], cost[e]);
    rows[present].sum = (part[0].sum + part[1].sum) + (part[2].sum + part[3].sum);
  }
}

/// The same for one tile. Not inlined: four loops in one function leave each too few registers (4 %). `rows` and
/// `columns` are those of the whole problem.
template <class Slot, class Add>
[[gnu::noinline]] void for_each_in_tile_slots(const CostTiles& tiles, std::size_t t, Slot* rows, Slot* columns,
                                              Add&& add) {
  const auto& tile = tiles.tiles[t];
  Slot* const row = rows + tile.first_row;
  Slot* const column = columns + tile.first_column;
  if (tiles.by_rows) {
    const auto bounds = tiles.runs_of_tile(t);
    for (std::size_t r = 0; r < bounds.size(); ++r) {
      for_each_by_rows(tiles, bounds[r], r + 1 < bounds.size() ? bounds[r + 1] : tile.end, row, column, add);
    }
  } else if (tile.end - tile.begin < tiles.sparse_below) {
    for_each_in_slots<true>(tiles, tile, row, column, add);
  } else {
    for_each_in_slots<false>(tiles, tile, row, column, add);
  }
}

/// The same for bands begin..end-1.
template <class Slot, class Add>
void for_each_in_slots(const CostTiles& tiles, LocalIndex begin, LocalIndex end, Slot* rows, Slot* columns, Add&& add) {
  tiles.for_each_tile(begin, end, [&](std::size_t t) { for_each_in_tile_slots(tiles, t, rows, columns, add); });
}

}  // namespace synbal
