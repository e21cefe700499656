// Where the costs of a rank's synapses lie: tiles for its own columns and tiles for ghosts.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "synbal/balance/active_neurons.hpp"
#include "synbal/balance/cost_tiles.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// Costs are laid out band by band (CostTiles), in the order of the network's rows; then for_each_placed() finds the
/// place of every entry again. The active neurons are given each time: layouts move with the problems they are of.
class CostLayout {
 public:
  /// Collective. Makes room for the synapses inside components; none is placed yet.
  CostLayout(const Comm& comm, const ActiveNeurons& active);

  /// Neurons of other ranks that synapses inside components come from.
  [[nodiscard]] const Halo& halo() const noexcept { return halo_; }
  /// Costs whose columns are this rank's neurons, and those whose columns are ghosts.
  [[nodiscard]] const CostTiles& local() const noexcept { return local_; }
  [[nodiscard]] const CostTiles& remote() const noexcept { return remote_; }
  /// Costs of this rank.
  [[nodiscard]] std::int64_t size() const noexcept { return local_.size() + remote_.size(); }
  /// Bands of rows that the tiles have (CostTiles::kBandRows each).
  [[nodiscard]] LocalIndex bands() const noexcept;
  /// Network rows of a band, so that every row is in one.
  [[nodiscard]] std::pair<LocalIndex, LocalIndex> band_rows(const ActiveNeurons& active,
                                                            LocalIndex band) const noexcept;

  /// Makes room for the next band.
  void lay_out_band(const ActiveNeurons& active, LocalIndex band);
  /// Puts an inside entry where for_each_placed() says, once; its cost is still to be set.
  void place(const ActiveNeurons& active, LocalIndex row, LocalIndex column, std::int64_t place);
  /// visit(row, entry, column, role, place) for every stored entry of a band; `place` is that of an inside entry in its
  /// tiles.
  template <class Visit>
  void for_each_placed(const ActiveNeurons& active, LocalIndex band, Visit&& visit) const;
  /// Of an entry in the network's column, at its place.
  void set_cost(LocalIndex column, std::int64_t place, double cost) noexcept {
    (column < network_rows_ ? local_ : remote_).cost[static_cast<std::size_t>(place)] = cost;
  }

  /// c_ij becomes (c_ij post_i) pre_j; [n], [n + ghosts]. The smallest cost that comes out.
  double scale(std::span<const double> post, std::span<const double> pre);
  [[nodiscard]] double largest() const noexcept;
  [[nodiscard]] double sum() const noexcept;
  /// The costs of a band will not be read again; their memory is someone else's.
  void give_back(LocalIndex band) noexcept { local_.give_back(band), remote_.give_back(band); }
  /// No entry of the network is placed any more.
  void leave_network() noexcept { ghost_place_ = {}; }

 private:
  [[nodiscard]] LocalIndex place_of(const ActiveNeurons& active, LocalIndex column) const noexcept;

  LocalIndex size_, network_rows_;
  Halo halo_;
  CostTiles local_, remote_;
  std::vector<LocalIndex> ghost_place_;  // [network ghosts] place among the ghosts here, or -1
  bool all_take_part_ = false;           // neurons and ghosts of the network have the same places among the costs
};

/// Of a column of the network, among active neurons or ghosts; not looked up where that would be the same number: it is
/// a read at random for every entry.
[[gnu::always_inline]] inline LocalIndex CostLayout::place_of(const ActiveNeurons& active,
                                                              LocalIndex column) const noexcept {
  if (all_take_part_) return column < network_rows_ ? column : column - network_rows_;
  return column < network_rows_ ? active.place_of(column)
                                : ghost_place_[static_cast<std::size_t>(column - network_rows_)];
}

template <class Visit>
void CostLayout::for_each_placed(const ActiveNeurons& active, LocalIndex band, Visit&& visit) const {
  BandCursor local(local_, band), remote(remote_, band);
  const auto [begin, end] = band_rows(active, band);
  active.for_each_entry(begin, end, [&](LocalIndex i, std::int64_t e, LocalIndex j, SynapseRole role) {
    std::int64_t place = -1;
    if (role == SynapseRole::inside) {
      const auto column = place_of(active, j);
      place = j < network_rows_ ? local.next(column) : remote.next(column);
    }
    visit(i, e, j, role, place);
  });
}

}  // namespace synbal
