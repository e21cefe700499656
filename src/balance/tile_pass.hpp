// The inner loop of the kernels: the entries of tiles, with what they will need asked for ahead.
#pragma once

#include "synbal/balance/cost_tiles.hpp"

namespace synbal {

inline constexpr std::int64_t kCostsAhead = 256;  // entries: asking for the stream this early gains about a tenth
inline constexpr std::int64_t kSparse = 16;       // entries a column in a tile, below which most slots are not in cache

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

/// The same for tiles begin..end-1. `rows` and `columns` are those of the whole problem.
template <class Slot, class Add>
void for_each_in_slots(const CostTiles& tiles, std::size_t begin, std::size_t end, Slot* rows, Slot* columns,
                       Add&& add) {
  for (std::size_t t = begin; t < end; ++t) {
    const auto& tile = tiles.tiles[t];
    Slot* const row = rows + tile.first_row;
    Slot* const column = columns + tile.first_column;
    if (tile.end - tile.begin < kSparse << tiles.column_bits) {
      for_each_in_slots<true>(tiles, tile, row, column, add);
    } else {
      for_each_in_slots<false>(tiles, tile, row, column, add);
    }
  }
}

}  // namespace synbal
