// The layout of tiles.
#include "synbal/balance/cost_tiles.hpp"

#include <algorithm>

namespace synbal {

namespace {
constexpr int kFewestBits = 10, kMostBits = 14;  // 16 to 256 KiB of slots
constexpr double kRun = 4;                       // entries of a row in a tile
}  // namespace

void CostTiles::choose_width(LocalIndex columns, double mean_length) {
  column_bits = kFewestBits;
  const double wanted = kRun * columns / std::max(mean_length, 1.0);
  while (column_bits < kMostBits && (1 << (column_bits + 1)) <= wanted) ++column_bits;
  per_band = static_cast<LocalIndex>((std::int64_t{columns} + (1 << column_bits) - 1) >> column_bits);
}

void CostTiles::add_band(LocalIndex first_row, const std::vector<std::int64_t>& counts) {
  std::int64_t begin = tiles.empty() ? 0 : tiles.back().end;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    tiles.push_back({first_row, static_cast<LocalIndex>(t << column_bits), begin, begin + counts[t]});
    begin += counts[t];
  }
}

void CostTiles::allocate() {
  const auto entries = tiles.empty() ? 0 : tiles.back().end;
  row.resize(at(entries));
  column.resize(at(entries));
  cost.resize(at(entries));
}

BandCursor::BandCursor(const CostTiles& tiles, LocalIndex band) : bits_(tiles.column_bits) {
  for (LocalIndex t = 0; t < tiles.per_band; ++t) {
    next_.push_back(tiles.tiles[at(std::int64_t{band} * tiles.per_band + t)].begin);
  }
}

}  // namespace synbal
