// How costs lie in memory: tiles whose part of every vector stays in the cache, 12 bytes an entry.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/core/huge_pages.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

/// One tile: entries begin..end-1; rows and columns are counted from the tile's first ones.
struct CostTile {
  LocalIndex first_row = 0, first_column = 0;
  std::int64_t begin = 0, end = 0;
};

/// Non-negative costs of this rank's rows, by bands of rows, within a band by tiles of columns, within a tile by row
/// and column. The band's tiles are all there, empty ones too: tile t of band b is tiles[b * per_band + t].
struct CostTiles {
  static constexpr LocalIndex kBandRows = 1 << 16;  ///< as many as 16 bits count

  int column_bits = 14;  ///< log2 of the columns in a tile
  LocalIndex per_band = 0;
  std::vector<CostTile> tiles;
  HugeVector<std::uint16_t> row;
  HugeVector<std::uint16_t> column;
  HugeVector<double> cost;

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(cost.size()); }

  /// Chooses the width for `columns` columns and rows of `mean_length` entries: narrow enough that few entries of a row
  /// follow each other in a tile (they wait for each other's sum), wide enough to need few tiles.
  void choose_width(LocalIndex columns, double mean_length);
  /// Appends a band's tiles with these numbers of entries.
  void add_band(LocalIndex first_row, const std::vector<std::int64_t>& counts);
  /// After the last band: allocates the arrays at their exact size.
  void allocate();
};

/// Fills a band in the order of its rows: where the next entry of a column's tile goes.
class BandCursor {
 public:
  BandCursor(const CostTiles& tiles, LocalIndex band);
  [[nodiscard]] std::int64_t next(LocalIndex column) noexcept {
    return next_[static_cast<std::size_t>(column >> bits_)]++;
  }

 private:
  int bits_;
  std::vector<std::int64_t> next_;
};

}  // namespace synbal
