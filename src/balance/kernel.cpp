// One pass over the local and the remote tiles, both halo exchanges overlapped with halves of the local ones.
#include "synbal/balance/kernel.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kAhead = 256;  // entries: asking for the stream this early gains about a tenth
constexpr std::int64_t kSparse = 16;  // entries a column in a tile, below which most slots are not in the cache

/// The entries of a tile; where `sparse`, the slots of columns are asked for ahead of their use.
template <bool sparse, class Slot>
void multiply_tile(const CostTiles& tiles, const CostTile& tile, Slot* rows, Slot* columns) {
  const std::uint16_t* const row = tiles.row.data();
  const std::uint16_t* const column = tiles.column.data();
  const double* const cost = tiles.cost.data();
  for (auto e = tile.begin; e < tile.end; ++e) {
    __builtin_prefetch(cost + e + kAhead);
    if constexpr (sparse) __builtin_prefetch(columns + column[e + CostTiles::kColumnsAhead], 1);
    Slot& i = rows[row[e]];
    Slot& j = columns[column[e]];
    const double c = cost[e];
    i.sum += c * j.read;
    j.sum += c * i.read;
  }
}

}  // namespace

FusedKernel::FusedKernel(const BalanceProblem& problem)
    : problem_(&problem),
      rows_(at(problem.size())),
      columns_(at(problem.size()) + problem.halo().ghosts().size()),
      exchange_(problem.halo()) {}

void FusedKernel::pass(const CostTiles& tiles, std::size_t begin, std::size_t end, Slot* columns) {
  for (std::size_t t = begin; t < end; ++t) {
    const auto& tile = tiles.tiles[t];
    const bool sparse = tile.end - tile.begin < kSparse << tiles.column_bits;
    const auto multiply = sparse ? multiply_tile<true, Slot> : multiply_tile<false, Slot>;
    multiply(tiles, tile, rows_.data() + tile.first_row, columns + tile.first_column);
  }
}

// From what the slots hold to their sums.
void FusedKernel::multiply() {
  const auto n = problem_->size();
  const auto& local = problem_->local();
  const auto& remote = problem_->remote();
  const auto half = local.tiles.size() / 2;
  Slot* const ghosts = columns_.data() + n;
  exchange_.forward_begin([&](LocalIndex i) { return columns_[at(i)].read; });
  pass(local, 0, half, columns_.data());
  exchange_.forward_end([&](LocalIndex g, double value) { ghosts[g] = {value, 0.0}; });
  pass(remote, 0, remote.tiles.size(), ghosts);
  exchange_.reverse_begin([&](LocalIndex g) { return ghosts[g].sum; });
  pass(local, half, local.tiles.size(), columns_.data());
  exchange_.reverse_end([&](LocalIndex i, double value) { columns_[at(i)].sum += value; });
  ++passes_;
}

void FusedKernel::operator()(std::span<const double> x, std::span<const double> y, std::span<double> in,
                             std::span<double> out) {
  run([&](LocalIndex i) { return std::pair(x[at(i)], y[at(i)]); },
      [&](LocalIndex i, double row, double column) { in[at(i)] = row, out[at(i)] = column; });
}

}  // namespace synbal
