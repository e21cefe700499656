// Which rank owns which global index: contiguous ranges in rank order.
#pragma once

#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

/// Contiguous ranges [offset(r), offset(r+1)) of 0..size-1, one per rank; ranges may be empty.
class Ownership {
 public:
  Ownership() = default;
  /// `offsets` has P+1 non-decreasing entries, the first 0. Not collective, but must be equal on all ranks.
  Ownership(std::vector<GlobalIndex> offsets, Rank rank);
  /// Collective. Ranges in rank order of the lengths that the ranks state.
  static Ownership of_counts(const Comm& comm, GlobalIndex own_count);
  /// Equal lengths, the first ranks one longer.
  static Ownership even(const Comm& comm, GlobalIndex size);

  [[nodiscard]] GlobalIndex size() const noexcept { return offsets_.back(); }
  [[nodiscard]] GlobalIndex first() const noexcept { return first(rank_); }
  [[nodiscard]] LocalIndex count() const noexcept { return static_cast<LocalIndex>(count(rank_)); }
  [[nodiscard]] GlobalIndex first(Rank r) const noexcept { return offsets_[at(r)]; }
  [[nodiscard]] GlobalIndex count(Rank r) const noexcept { return first(r + 1) - first(r); }
  [[nodiscard]] bool owns(GlobalIndex g) const noexcept { return g >= first() && g < first() + count(rank_); }
  [[nodiscard]] Rank owner(GlobalIndex g) const noexcept;
  [[nodiscard]] const std::vector<GlobalIndex>& offsets() const noexcept { return offsets_; }

 private:
  std::vector<GlobalIndex> offsets_{0, 0};
  Rank rank_ = 0;
};

}  // namespace synbal
