// Connected components of whatever was linked, over all ranks.
#pragma once

#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/ownership.hpp"

namespace synbal {

/// Disjoint sets of owned places, ghosts and one common ground: union-find on every rank, then the smallest index of
/// each set travels over the halo until nothing changes. 4 bytes a place and ghost while linking.
class LinkedSets {
 public:
  /// Not collective. All must outlive the sets; `halo` has the ghosts of places owned as `ownership` says.
  LinkedSets(const Comm& comm, const Ownership& ownership, const Halo& halo);

  /// Not collective. Places count owned ones, then ghosts.
  void link(LocalIndex i, LocalIndex j);
  void link_to_ground(LocalIndex i) { link(i, ground_); }

  struct Labels {
    std::vector<GlobalIndex> label;  ///< [owned + ghosts] the smallest index in each place's set
    GlobalIndex ground = -1;         ///< label of what is linked to ground; -1 where nothing is
    GlobalIndex count = 0;           ///< sets over all ranks, that of ground included if it has places
  };
  /// Collective. To be called once, after the last link. As many exchanges as ranks that a set crosses in a row.
  [[nodiscard]] Labels labels();

 private:
  [[nodiscard]] LocalIndex find(LocalIndex i);
  bool lower(LocalIndex i, GlobalIndex label);
  bool travel();

  const Comm* comm_;
  const Ownership* ownership_;
  const Halo* halo_;
  LocalIndex ground_;
  std::vector<LocalIndex> parent_;
  std::vector<GlobalIndex> smallest_;  // by set
};

}  // namespace synbal
