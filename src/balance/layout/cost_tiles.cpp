// The layout of tiles.
#include "synbal/balance/cost_tiles.hpp"

#include <algorithm>
#include <limits>

namespace synbal {

namespace {
constexpr int kFewestBits = 10, kMostBits = 14;  // 16 to 256 KiB of slots in a run
constexpr double kRun = 4;                       // entries of a row in a run
constexpr std::int64_t kSparse = 4;              // entries a column of a tile
constexpr std::int64_t kFewInTile = 1 << 16;     // 1 a column: rows met once then gain 7 to 20 %; at 3 they lose 8 %
constexpr double kLongRun = 24;                  // or at least so many: then their sum stays in a register
}  // namespace

void CostTiles::allocate(LocalIndex rows, LocalIndex columns, std::int64_t entries) {
  const double mean_length = static_cast<double>(entries) / std::max(rows, 1);
  by_rows = mean_length * std::min(1.0, static_cast<double>(1 << kMostBits) / std::max(columns, 1)) >= kLongRun;
  sparse_below = columns > (1 << kMostBits) ? kSparse << column_bits : 0;
  const double wanted = kRun * columns / std::max(mean_length, 1.0);
  run_bits = by_rows ? kMostBits : kFewestBits;
  while (run_bits < kMostBits && (1 << (run_bits + 1)) <= wanted) ++run_bits;
  per_band = static_cast<LocalIndex>((std::int64_t{columns} + (1 << column_bits) - 1) >> column_bits);
  const auto bands = (std::int64_t{rows} + kBandRows - 1) / kBandRows;
  if (entries < bands * per_band * kFewInTile) run_bits = column_bits;
  row.resize(at(entries));
  column.resize(at(entries + kColumnsAhead));
  std::fill_n(column.rbegin(), kColumnsAhead, 0);
  cost.resize(at(entries));
}

void CostTiles::add_band(LocalIndex first_row, std::span<const std::int64_t> counts) {
  std::int64_t end = tiles.empty() ? 0 : tiles.back().end;
  const auto in_tile = std::size_t{1} << (column_bits - run_bits);
  for (std::size_t t = 0; t < at(per_band); ++t) {
    const auto begin = end;
    for (const auto count : counts.subspan(t * in_tile, in_tile)) run_begin.push_back(end), end += count;
    tiles.push_back({first_row, static_cast<LocalIndex>(t << column_bits), begin, end});
  }
}

void CostTiles::give_back(LocalIndex band) noexcept {
  const auto tile = tiles_of_band(band);
  if (tile.empty()) return;
  const auto give_back_part = [&](auto& values) {
    synbal::give_back(values.data() + tile.front().begin, values.data() + tile.back().end);
  };
  give_back_part(row), give_back_part(column), give_back_part(cost);
}

double CostTiles::scale(std::span<const double> post, std::span<const double> pre) {
  double smallest = std::numeric_limits<double>::max();
  for_each_tile(0, bands(), [&](std::size_t t) {
    const auto& tile = tiles[t];
    const double* const rows = post.data() + tile.first_row;
    const double* const columns = pre.data() + tile.first_column;
    for (auto e = at(tile.begin); e < at(tile.end); ++e) {
      cost[e] = cost[e] * rows[row[e]] * columns[column[e]];
      smallest = std::min(smallest, cost[e]);
    }
  });
  return smallest;
}

BandCursor::BandCursor(const CostTiles& tiles, LocalIndex band) : bits_(tiles.run_bits) {
  const auto first = tiles.run_begin.begin() + std::ptrdiff_t{band} * tiles.runs();
  next_.assign(first, first + tiles.runs());
}

}  // namespace synbal
