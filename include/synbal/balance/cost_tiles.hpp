// How costs lie in memory: tiles whose part of every vector stays in the cache, 12 bytes an entry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/huge_pages.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

/// One tile: entries begin..end-1; rows and columns are counted from the tile's first ones.
struct CostTile {
  LocalIndex first_row = 0, first_column = 0;
  std::int64_t begin = 0, end = 0;
};

/// Non-negative costs of this rank's rows, by bands of rows, within a band by tiles of columns, within a tile by runs
/// of columns (whose slots stay in the nearest cache), within a run by row and column. The band's tiles are all there,
/// empty ones too: tile t of band b is tiles[b * per_band + t].
struct CostTiles {
  static constexpr LocalIndex kBandRows = 1 << 16;  ///< as many as 16 bits count
  static constexpr int kColumnsAhead = 64;          ///< columns behind the last entry that may be read: they are 0
  /// 8 MiB of slots of rows. A pass over 8 x 10^7 entries of 4 x 10^6 neurons took .64 s with 1, .40 with 4, .37 with
  /// 8, .57 with 16 and .77 s with 32; of 2.5 x 10^7 of 5 x 10^5 .055 s with 1, .046 with 8.
  static constexpr LocalIndex kBandsTogether = 8;

  int column_bits = 16;           ///< log2 of the columns in a tile
  int run_bits = 14;              ///< log2 of the columns in a run
  bool by_rows = false;           ///< rows have so many entries in a run that their sums are worth a register
  std::int64_t sparse_below = 0;  ///< entries of a tile, with fewer of which most slots it needs are in no near cache
  LocalIndex per_band = 0;
  std::vector<CostTile> tiles;
  HugeVector<std::uint16_t> row;
  HugeVector<std::uint16_t> column;  ///< kColumnsAhead more than entries
  HugeVector<double> cost;
  std::vector<std::int64_t> run_begin;  ///< [bands * runs()] where each run's first entry lies

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(cost.size()); }
  [[nodiscard]] LocalIndex bands() const noexcept {
    return per_band > 0 ? static_cast<LocalIndex>(tiles.size() / at(per_band)) : 0;
  }
  /// Runs in a band.
  [[nodiscard]] LocalIndex runs() const noexcept { return per_band << (column_bits - run_bits); }
  [[nodiscard]] LocalIndex run_of(LocalIndex column_index) const noexcept { return column_index >> run_bits; }

  /// [runs of tile t] Where they begin.
  [[nodiscard]] std::span<const std::int64_t> runs_of_tile(std::size_t t) const {
    const auto count = std::size_t{1} << (column_bits - run_bits);
    return std::span(run_begin).subspan(t * count, count);
  }

  /// Memory, untouched, for `entries` of `columns` columns. Chooses the width of runs: so wide that many entries of a
  /// row follow each other, where there are many; else so narrow that few do (they wait for each other's sum), but wide
  /// enough to need few runs; a whole tile where it has few entries, which then meet each slot of a row once.
  void allocate(LocalIndex rows, LocalIndex columns, std::int64_t entries);
  /// Appends a band with these numbers of entries in its runs.
  void add_band(LocalIndex first_row, std::span<const std::int64_t> counts);
  [[nodiscard]] std::span<const CostTile> tiles_of_band(LocalIndex band) const {
    return std::span(tiles).subspan(at(band) * at(per_band), at(per_band));
  }
  /// visit(t) for the tiles of bands begin..end-1, some bands together: what one has fetched of a tile's columns serves
  /// the others, whose rows stay in the last cache. A row meets its columns in ascending tiles.
  template <class Visit>
  void for_each_tile(LocalIndex begin, LocalIndex end, Visit&& visit) const {
    const LocalIndex together = by_rows ? 1 : kBandsTogether;
    for (LocalIndex first = begin; first < end; first += together) {
      const auto last = std::min(end, first + together);
      for (LocalIndex t = 0; t < per_band; ++t) {
        for (LocalIndex band = first; band < last; ++band) visit(at(band) * at(per_band) + at(t));
      }
    }
  }
  /// The entries of a band will not be read again; their memory is someone else's.
  void give_back(LocalIndex band) noexcept;
  /// c_ij becomes (c_ij post_i) pre_j. The smallest cost that comes out; the largest double where there is none.
  double scale(std::span<const double> post, std::span<const double> pre);
};

/// Fills a band in the order of its rows: where the next entry of a column's run goes.
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
