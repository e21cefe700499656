// Builds the pattern: every rank asks the owners for its ghosts, the owners note who asked for what.
#include "synbal/core/halo.hpp"

#include <algorithm>

namespace synbal {

std::vector<GlobalIndex> foreign(const Ownership& ownership, std::vector<GlobalIndex> ids) {
  std::erase_if(ids, [&](GlobalIndex g) { return ownership.owns(g); });
  return distinct(std::move(ids));
}

Halo::Halo(const Comm& comm, const Ownership& ownership, std::vector<GlobalIndex> ghosts)
    : comm_(comm.get()), first_(ownership.first()), owned_count_(ownership.count()), ghosts_(std::move(ghosts)) {
  std::vector<std::int64_t> counts(at(comm.size()), 0);
  for (auto g = ghosts_.begin(); g != ghosts_.end();) {
    const Rank owner = ownership.owner(*g);
    const auto end = std::lower_bound(g, ghosts_.end(), ownership.first(owner + 1));
    counts[at(owner)] = end - g;
    receives_.push_back({owner, static_cast<LocalIndex>(g - ghosts_.begin()), static_cast<LocalIndex>(end - g)});
    g = end;
  }
  const auto asked = comm.exchange(std::span<const GlobalIndex>(ghosts_), counts);
  LocalIndex first = 0;
  for (Rank r = 0; r < comm.size(); ++r) {
    const auto count = static_cast<LocalIndex>(asked.counts[at(r)]);
    if (count > 0) sends_.push_back({r, first, count});
    first += count;
  }
  send_indices_.reserve(asked.values.size());
  for (const auto g : asked.values) send_indices_.push_back(static_cast<LocalIndex>(g - ownership.first()));
}

LocalIndex Halo::local(GlobalIndex g) const noexcept {
  if (g >= first_ && g < first_ + owned_count_) return static_cast<LocalIndex>(g - first_);
  const auto found = std::lower_bound(ghosts_.begin(), ghosts_.end(), g);
  if (found == ghosts_.end() || *found != g) return -1;
  return owned_count_ + static_cast<LocalIndex>(found - ghosts_.begin());
}

}  // namespace synbal
