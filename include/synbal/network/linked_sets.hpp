// Connected components of whatever was linked, over all ranks.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/ownership.hpp"

namespace synbal {

inline constexpr auto kNoNeuron = std::numeric_limits<GlobalIndex>::max();  ///< above every index

class Directory;

/// Disjoint sets of owned places, ghosts and one common ground: union-find on every rank, then the smallest index of
/// each set travels between the sets of different ranks that share a place, and along what they have heard of each
/// other (FastSV: Zhang, Azad and Hu 2020), so that a set that crosses ranks n times in a row takes some log n rounds.
/// 4 bytes a place and ghost while linking.
class LinkedSets {
 public:
  /// Not collective. All must outlive the sets; `halo` has the ghosts of places owned as `ownership` says.
  LinkedSets(const Comm& comm, const Ownership& ownership, const Halo& halo);

  /// Not collective. Places count owned ones, then ghosts.
  void link(LocalIndex i, LocalIndex j) {
    if (!seen_together(i, j)) unite(find(i), find(j));
  }
  /// True for most of one large set, which are right below its root; never where they are not in one set.
  [[nodiscard]] bool seen_together(LocalIndex i, LocalIndex j) const noexcept {
    return parent_[static_cast<std::size_t>(i)] == parent_[static_cast<std::size_t>(j)];
  }
  /// Asks for what link() will look at.
  void prefetch(LocalIndex i) const noexcept { __builtin_prefetch(parent_.data() + i); }
  void link_to_ground(LocalIndex i) { link(i, ground_); }
  /// Not collective. Whether this rank's places and ghosts are in one set, with the ground or without.
  [[nodiscard]] bool all_together() const noexcept {
    const bool ground_alone = parent_[static_cast<std::size_t>(ground_)] == ground_;  // it is the root of nobody else
    return sets_here_ - (ground_alone ? 1 : 0) <= 1;
  }

  /// Collective. [owned] 1 for places that nothing is linked to on any rank.
  [[nodiscard]] std::vector<std::uint8_t> lone();

  struct Labels {
    std::vector<GlobalIndex> label;  ///< [owned + ghosts] the smallest index in each place's set
    GlobalIndex ground = -1;         ///< label of what is linked to ground; -1 where nothing is
    GlobalIndex count = 0;           ///< sets over all ranks, that of ground included if it has places
    int rounds = 0;                  ///< that labels travelled
  };
  /// Collective. Of what is linked so far.
  [[nodiscard]] Labels labels();

 private:
  /// A set of this rank, and the first place of the set of another rank that it shares a place with.
  struct Crossing {
    LocalIndex set;
    GlobalIndex there;
    auto operator<=>(const Crossing&) const = default;  // NOLINT: its zero is no pointer
  };
  [[nodiscard]] LocalIndex find(LocalIndex i);
  void unite(LocalIndex i, LocalIndex j);
  [[nodiscard]] GlobalIndex label(LocalIndex i) { return smallest_[at(find(i))]; }
  bool lower(LocalIndex i, GlobalIndex label);
  void tell_ghosts();
  [[nodiscard]] std::vector<Crossing> crossings();
  bool meet(const std::vector<Crossing>& crossing, const Directory& names);
  bool jump(const std::vector<LocalIndex>& sets, const std::vector<GlobalIndex>& before);
  int travel();

  const Comm* comm_;
  const Ownership* ownership_;
  const Halo* halo_;
  LocalIndex ground_;
  LocalIndex sets_here_;               // that of the ground included
  std::vector<LocalIndex> parent_;     // of a set, its first place is the root
  std::vector<GlobalIndex> smallest_;  // by set
};

}  // namespace synbal
