// R-MAT networks: every synapse is drawn by its own number, wherever that happens, and sent to the owner of its row in
// batches of bounded size. Drawn twice, once to count and once to place, so that nothing but the columns is ever kept.
#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "network/generator.hpp"
#include "network/tuning.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal::generators {

namespace {

constexpr int kLevelsPerDraw = 8;  // 16 of 128 random bits choose a quadrant

struct Edge {
  GlobalIndex row;
  GlobalIndex column;
};

/// A bijection of 0 .. 2^bits-1 that scatters the hubs, which R-MAT puts first.
class Scramble {
 public:
  Scramble(std::uint64_t seed, int bits) : mask_((std::uint64_t{1} << bits) - 1), shift_(std::max(1, bits / 2)) {
    const CounterRandom random(seed, kScramble);
    for (std::size_t k = 0; k < rounds_.size(); ++k) rounds_[k] = random.bits(k);
  }
  GlobalIndex operator()(std::uint64_t x) const {
    for (const auto& [factor, shift] : rounds_) {
      x = (x * (factor | 1) + shift) & mask_;
      x ^= x >> shift_;
    }
    return static_cast<GlobalIndex>(x);
  }

 private:
  std::uint64_t mask_;
  int shift_;
  std::array<std::array<std::uint64_t, 2>, 4> rounds_{};
};

/// The synapse with a given number. Numbers of neurons that do not exist (nodes is no power of two) are drawn again.
class Edges {
 public:
  explicit Edges(const GeneratorParams& params)
      : random_(params.seed, kEdges),
        nodes_(*params.nodes),
        levels_(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<GlobalIndex>(nodes_, 1) - 1)))),
        scramble_(params.seed, levels_) {}

  [[nodiscard]] Edge operator()(std::int64_t number) const {
    for (std::uint32_t step = 0;;) {
      std::uint64_t row = 0;
      std::uint64_t column = 0;
      for (int level = 0; level < levels_; level += kLevelsPerDraw) {
        descend(random_.bits(static_cast<std::uint64_t>(number), step++), std::min(kLevelsPerDraw, levels_ - level),
                row, column);
      }
      const Edge edge{scramble_(row), scramble_(column)};
      if (edge.row < nodes_ && edge.column < nodes_) return edge;
    }
  }

 private:
  static void descend(std::array<std::uint64_t, 2> bits, int levels, std::uint64_t& row, std::uint64_t& column) {
    constexpr std::array<std::uint64_t, 3> kEnds{37356, 49808, 62260};  // quadrants 0.57, 0.19, 0.19 in units of 2^-16
    for (int k = 0; k < levels; ++k) {
      auto& word = bits[at(k / 4)];
      const auto u = word & 0xffff;
      word >>= 16;
      // Without branches, which a random quadrant would mispredict.
      row = 2 * row + static_cast<std::uint64_t>(u >= kEnds[1]);
      column = 2 * column + (static_cast<std::uint64_t>(u >= kEnds[0]) ^ static_cast<std::uint64_t>(u >= kEnds[1]) ^
                             static_cast<std::uint64_t>(u >= kEnds[2]));
    }
  }

  CounterRandom random_;
  GlobalIndex nodes_;
  int levels_;
  Scramble scramble_;
};

/// Synapses and the owners of their rows.
struct Batch {
  std::vector<Edge> edges;
  std::vector<Rank> owner;
};

Batch drawn(const Edges& edges, const Ownership& rows, std::int64_t first, std::int64_t end) {
  Batch batch;
  for (auto number = first; number < end; ++number) {
    const auto edge = edges(number);
    if (edge.row == edge.column) continue;
    batch.edges.push_back(edge);
    batch.owner.push_back(rows.owner(edge.row));
  }
  return batch;
}

/// Collective. Draws all synapses, a batch at a time, equally often on every rank: use(route to the owners, synapses).
template <class Use>
void in_batches(const Comm& comm, const Ownership& rows, const GeneratorParams& params, Use&& use) {
  const Edges edges(params);
  const auto total = *params.nodes * *params.degree;
  const auto share = total / comm.size() + 1;
  const auto first = std::min(total, share * comm.rank());
  const auto end = std::min(total, first + share);
  for (std::int64_t done = 0; done < share; done += tuning::kBatch) {
    const auto next = std::min(end, first + done);
    auto batch = agreed(comm, [&] { return drawn(edges, rows, next, std::min(end, next + tuning::kBatch)); });
    use(Route(comm, std::move(batch.owner)), std::move(batch.edges));
  }
}

/// Collective. Synapses drawn for every row, repeated ones included, as row starts. Only rows travel.
std::vector<std::int64_t> drawn_row_starts(const Comm& comm, const Ownership& rows, const GeneratorParams& params) {
  std::vector<std::int64_t> lengths(at(rows.count()), 0);
  in_batches(comm, rows, params, [&](const Route& route, std::vector<Edge>&& edges) {
    std::vector<GlobalIndex> row;
    row.reserve(edges.size());
    for (const auto& edge : edges) row.push_back(edge.row);
    for (const auto i : route.send(std::move(row))) ++lengths[at(i - rows.first())];
  });
  return starts_of(lengths);
}

}  // namespace

GlobalRows kronecker_columns(const Comm& comm, const Ownership& rows, const GeneratorParams& params) {
  GlobalRows made;
  made.row_ptr = drawn_row_starts(comm, rows, params);
  auto next = made.row_ptr;
  agreed(comm, [&] { made.column.resize(at(made.row_ptr.back())); });
  in_batches(comm, rows, params, [&](const Route& route, std::vector<Edge>&& edges) {
    for (const auto& edge : route.send(std::move(edges))) {
      made.column[at(next[at(edge.row - rows.first())]++)] = edge.column;
    }
  });
  agreed(comm, [&] { drop_repeated(made.row_ptr, made.column); });
  return made;
}

}  // namespace synbal::generators
