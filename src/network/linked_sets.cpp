// Union-find, and the way of the smallest labels.
#include "synbal/network/linked_sets.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace synbal {

namespace {
constexpr auto kNone = std::numeric_limits<GlobalIndex>::max();
}

LinkedSets::LinkedSets(const Comm& comm, const Ownership& ownership, const Halo& halo)
    : comm_(&comm), ownership_(&ownership), halo_(&halo), ground_(ownership.count() + halo.ghost_count()) {
  parent_.resize(at(ground_) + 1);
  for (LocalIndex i = 0; i <= ground_; ++i) parent_[at(i)] = i;
}

LocalIndex LinkedSets::find(LocalIndex i) {
  while (parent_[at(i)] != i) i = parent_[at(i)] = parent_[at(parent_[at(i)])];
  return i;
}

void LinkedSets::link(LocalIndex i, LocalIndex j) {
  i = find(i), j = find(j);
  if (i != j) parent_[at(std::max(i, j))] = std::min(i, j);
}

bool LinkedSets::lower(LocalIndex i, GlobalIndex label) {
  auto& present = smallest_[at(find(i))];
  const bool lowers = label < present;
  if (lowers) present = label;
  return lowers;
}

/// Collective. One exchange in each direction; true when a label changed anywhere.
bool LinkedSets::travel() {
  const auto n = ownership_->count();
  const auto label = [&](LocalIndex i) { return smallest_[at(find(i))]; };
  bool changed = lower(ground_, comm_->min(label(ground_)));
  HaloExchange<GlobalIndex> exchange(*halo_);
  exchange.forward_begin(label);
  exchange.forward_end([&](LocalIndex g, GlobalIndex value) { changed = lower(n + g, value) || changed; });
  exchange.reverse_begin([&](LocalIndex g) { return label(n + g); });
  exchange.reverse_end([&](LocalIndex i, GlobalIndex value) { changed = lower(i, value) || changed; });
  return comm_->any(changed);
}

LinkedSets::Labels LinkedSets::labels() {
  const auto n = ownership_->count();
  smallest_.assign(parent_.size(), kNone);
  for (LocalIndex i = 0; i < n; ++i) lower(i, ownership_->first() + i);
  for (LocalIndex g = 0; g < halo_->ghost_count(); ++g) lower(n + g, halo_->ghosts()[at(g)]);
  while (travel()) {
  }
  const auto ground = smallest_[at(find(ground_))];
  for (LocalIndex i = 0; i < ground_; ++i) smallest_[at(i)] = smallest_[at(find(i))];  // that of a set stays
  smallest_.pop_back();
  Labels found{std::move(smallest_), ground == kNone ? -1 : ground};
  GlobalIndex leaders = 0;
  for (LocalIndex i = 0; i < n; ++i) leaders += found.label[at(i)] == ownership_->first() + i ? 1 : 0;
  found.count = comm_->sum(leaders);
  return found;
}

}  // namespace synbal
