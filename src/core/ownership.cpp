// Ranges of global indices per rank.
#include "synbal/core/ownership.hpp"

#include <algorithm>
#include <limits>

#include "synbal/core/error.hpp"

namespace synbal {

Ownership::Ownership(std::vector<GlobalIndex> offsets, Rank rank) : offsets_(std::move(offsets)), rank_(rank) {
  for (std::size_t r = 0; r + 1 < offsets_.size(); ++r) {
    if (offsets_[r + 1] - offsets_[r] > std::numeric_limits<LocalIndex>::max()) {
      throw bad_input("one rank would own more than 2^31 neurons (local indices are 32-bit): use more ranks");
    }
  }
}

Ownership Ownership::of_counts(const Comm& comm, GlobalIndex own_count) {
  const auto counts = comm.gather_all(own_count);
  std::vector<GlobalIndex> offsets{0};
  for (const auto c : counts) offsets.push_back(offsets.back() + c);
  return {std::move(offsets), comm.rank()};
}

Ownership Ownership::even(const Comm& comm, GlobalIndex size) {
  std::vector<GlobalIndex> offsets{0};
  const GlobalIndex ranks = comm.size();
  for (GlobalIndex r = 0; r < ranks; ++r) offsets.push_back(offsets.back() + size / ranks + (r < size % ranks ? 1 : 0));
  return {std::move(offsets), comm.rank()};
}

Rank Ownership::owner(GlobalIndex g) const noexcept {
  return static_cast<Rank>(std::upper_bound(offsets_.begin(), offsets_.end(), g) - offsets_.begin()) - 1;
}

}  // namespace synbal
