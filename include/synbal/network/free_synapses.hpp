// Synapses that cost nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Which stored entries cost nothing, through a gain of 0 of their presynaptic neuron or an alpha of 0 of their own
/// (Stock et al. 2022, eq. 23). Such a synapse is no edge in the search for components and no part of any cost; it is
/// scaled afterwards like one between components.
class FreeSynapses {
 public:
  FreeSynapses() = default;
  /// Collective. The network must outlive it; gains and alphas must stay.
  FreeSynapses(const Comm& comm, const Network& network);

  /// Whether there is one on any rank.
  [[nodiscard]] bool any() const noexcept { return any_; }
  /// Whether an entry of this rank is one.
  [[nodiscard]] bool operator()(std::int64_t entry) const noexcept {
    if (!any_) return false;
    const auto e = static_cast<std::size_t>(entry);
    if (!network_->alpha.empty() && network_->alpha[e] == 0) return true;
    return !silent_.empty() && silent_[static_cast<std::size_t>(network_->column[e])] != 0;
  }
  /// The network has these of its ghosts alone from now on.
  void keep_ghosts(std::span<const LocalIndex> ghosts) {
    if (!silent_.empty()) synbal::keep_ghosts(silent_, network_->local_size(), ghosts);
  }
  /// Collective. Over all ranks, self-loops included.
  [[nodiscard]] std::int64_t count(const Comm& comm) const;

 private:
  const Network* network_ = nullptr;
  std::vector<std::uint8_t> silent_;  // [n_local + ghosts] 1: of gain 0; empty where no rank has one
  bool any_ = false;
};

/// Collective. The places of all entries that cost something, without weights: what the search for components looks
/// at.
[[nodiscard]] Network costing_pattern(const Network& network, const FreeSynapses& free);

}  // namespace synbal
