// Blocks of rows of a network on one rank, and what each would need of the others.
#include <algorithm>
#include <cstdlib>

#include "synbal/forecast/layout.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

/// What the blocks of one partition need, block after block.
class Counter {
 public:
  Counter(const Network& whole, const std::vector<GlobalIndex>& blocks)
      : whole_(whole), blocks_(blocks), seen_(at(whole.size()), -1), place_(at(whole.size())) {}

  void count(std::size_t block) {
    find_ghosts(block);
    ghosts_ += std::ssize(ghost_ids_);
    peers_ += owners();
    far_ += far_synapses(block);
    most_ = std::max(most_, synapses_of(block));
  }

  [[nodiscard]] Layout layout() const {
    const auto ranks = static_cast<double>(blocks_.size() - 1);
    const auto synapses = static_cast<double>(whole_.column.size());
    Layout layout{static_cast<std::int64_t>(blocks_.size()) - 1, static_cast<double>(whole_.size()) / ranks,
                  synapses / ranks};
    layout.ghosts = static_cast<double>(ghosts_) / ranks;
    layout.peers = static_cast<double>(peers_) / ranks;
    if (synapses == 0) return layout;
    layout.synapses_max_over_mean = static_cast<double>(most_) / layout.synapses;
    layout.far = static_cast<double>(far_) / synapses;
    return layout;
  }

 private:
  [[nodiscard]] std::int64_t synapses_of(std::size_t block) const {
    return whole_.row_ptr[at(blocks_[block + 1])] - whole_.row_ptr[at(blocks_[block])];
  }
  [[nodiscard]] std::span<const LocalIndex> columns_of(GlobalIndex row) const {
    const auto begin = at(whole_.row_ptr[at(row)]), end = at(whole_.row_ptr[at(row) + 1]);
    return std::span(whole_.column).subspan(begin, end - begin);
  }
  [[nodiscard]] bool owns(std::size_t block, GlobalIndex neuron) const {
    return neuron >= blocks_[block] && neuron < blocks_[block + 1];
  }

  /// Ascending, with their places behind the own neurons.
  void find_ghosts(std::size_t block) {
    ghost_ids_.clear();
    for (auto row = blocks_[block]; row < blocks_[block + 1]; ++row) {
      for (const auto column : columns_of(row)) {
        if (owns(block, column) || seen_[at(column)] == static_cast<std::int64_t>(block)) continue;
        seen_[at(column)] = static_cast<std::int64_t>(block);
        ghost_ids_.push_back(column);
      }
    }
    std::ranges::sort(ghost_ids_);
    auto place = blocks_[block + 1] - blocks_[block];
    for (const auto ghost : ghost_ids_) place_[at(ghost)] = place++;
  }

  /// How many blocks the ghosts belong to.
  [[nodiscard]] std::int64_t owners() const {
    std::int64_t count = 0;
    GlobalIndex known_to = 0;  // everything below belongs to owners that are counted
    for (const auto ghost : ghost_ids_) {
      if (ghost < known_to) continue;
      ++count;
      known_to = *std::ranges::upper_bound(blocks_, ghost);
    }
    return count;
  }

  [[nodiscard]] std::int64_t far_synapses(std::size_t block) const {
    constexpr auto far = static_cast<GlobalIndex>(kFarPlaces);
    std::int64_t count = 0;
    for (auto row = blocks_[block]; row < blocks_[block + 1]; ++row) {
      const auto own = row - blocks_[block];
      for (const auto column : columns_of(row)) {
        const auto place = owns(block, column) ? column - blocks_[block] : place_[at(column)];
        count += std::abs(place - own) > far ? 1 : 0;
      }
    }
    return count;
  }

  const Network& whole_;
  const std::vector<GlobalIndex>& blocks_;
  std::vector<std::int64_t> seen_;  // [neurons] the last block that hears it
  std::vector<GlobalIndex> place_;  // [neurons] where this block would keep it
  std::vector<GlobalIndex> ghost_ids_;
  std::int64_t ghosts_ = 0, peers_ = 0, far_ = 0, most_ = 0;
};

}  // namespace

std::vector<GlobalIndex> even_blocks(GlobalIndex neurons, std::int64_t ranks) {
  std::vector<GlobalIndex> first(at(ranks) + 1);
  for (std::int64_t r = 0; r <= ranks; ++r) first[at(r)] = neurons / ranks * r + std::min(neurons % ranks, r);
  return first;
}

std::vector<GlobalIndex> blocks_by_synapses(const Network& whole, std::int64_t ranks) {
  return shares_by_nonzeros(whole.row_ptr, ranks);
}

Layout counted_layout(const Network& whole, const std::vector<GlobalIndex>& blocks) {
  Counter counter(whole, blocks);
  for (std::size_t block = 0; block + 1 < blocks.size(); ++block) counter.count(block);
  return counter.layout();
}

}  // namespace synbal
