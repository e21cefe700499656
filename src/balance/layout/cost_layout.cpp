// Ghosts, then bands of tiles.
#include "synbal/balance/cost_layout.hpp"

#include <algorithm>

namespace synbal {

// Ghosts of the network that take part become ghosts of the problem, in the same order. Counts entries on the way.
CostLayout::CostLayout(const Comm& comm, const ActiveNeurons& active)
    : size_(active.size()), network_rows_(active.network().local_size()) {
  const auto rows = network_rows_;
  std::vector<std::uint8_t> used(active.columns() - at(rows), 0);
  std::int64_t local = 0, remote = 0;
  active.for_each_entry(0, rows, [&](LocalIndex, std::int64_t, LocalIndex j, SynapseRole role) {
    if (role != SynapseRole::inside) return;
    ++(j < rows ? local : remote);
    if (j >= rows) used[at(j - rows)] = 1;
  });
  const auto number = active.numbers();
  ghost_place_.assign(used.size(), -1);
  std::vector<GlobalIndex> ghosts;
  ghosts.reserve(at(std::ranges::count(used, 1)));
  for (std::size_t g = 0; g < used.size(); ++g) {
    if (used[g] == 0) continue;
    ghost_place_[g] = static_cast<LocalIndex>(ghosts.size());
    ghosts.push_back(number[at(rows) + g]);
  }
  all_take_part_ = size_ == rows && ghosts.size() == used.size();
  halo_ = Halo(comm, active.neurons(), std::move(ghosts));
  local_.allocate(size_, size_, local);
  remote_.allocate(size_, halo_.ghost_count(), remote);
}

/// Network rows of a band: from its first active neuron to the next band's; the first band starts at row 0 so that rows
/// without active neurons are in some band, too.
std::pair<LocalIndex, LocalIndex> CostLayout::band_rows(const ActiveNeurons& active, LocalIndex band) const noexcept {
  const auto first = std::int64_t{band} * CostTiles::kBandRows, next = first + CostTiles::kBandRows;
  return {band == 0 ? 0 : active.network_row()[at(first)],
          next < size_ ? active.network_row()[at(next)] : network_rows_};
}

LocalIndex CostLayout::bands() const noexcept {
  return static_cast<LocalIndex>((std::int64_t{std::max(size_, 1)} + CostTiles::kBandRows - 1) / CostTiles::kBandRows);
}

void CostLayout::lay_out_band(const ActiveNeurons& active, LocalIndex band) {
  std::vector<std::int64_t> local(at(local_.runs()), 0), remote(at(remote_.runs()), 0);
  const auto [begin, end] = band_rows(active, band);
  active.for_each_entry(begin, end, [&](LocalIndex, std::int64_t, LocalIndex j, SynapseRole role) {
    if (role != SynapseRole::inside) return;
    ++(j < network_rows_ ? local[at(local_.run_of(place_of(active, j)))]
                         : remote[at(remote_.run_of(place_of(active, j)))]);
  });
  local_.add_band(band * CostTiles::kBandRows, local);
  remote_.add_band(band * CostTiles::kBandRows, remote);
}

void CostLayout::place(const ActiveNeurons& active, LocalIndex row, LocalIndex column, std::int64_t place) {
  auto& tiles = column < network_rows_ ? local_ : remote_;
  const auto j = place_of(active, column);
  tiles.row[at(place)] = static_cast<std::uint16_t>(active.place_of(row) % CostTiles::kBandRows);
  tiles.column[at(place)] = static_cast<std::uint16_t>(j & ((1 << tiles.column_bits) - 1));
}

double CostLayout::scale(std::span<const double> post, std::span<const double> pre) {
  return std::min(local_.scale(post, pre.first(at(size_))), remote_.scale(post, pre.subspan(at(size_))));
}

double CostLayout::largest() const noexcept {
  double largest = 0;
  for (const auto* costs : {&local_.cost, &remote_.cost}) {
    for (const double c : *costs) largest = std::max(largest, c);
  }
  return largest;
}

double CostLayout::sum() const noexcept {
  double sum = 0;
  for (const auto* costs : {&local_.cost, &remote_.cost}) {
    for (const double c : *costs) sum += c;
  }
  return sum;
}

}  // namespace synbal
