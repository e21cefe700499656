// Union-find, and the way of the smallest labels.
#include "synbal/network/linked_sets.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "synbal/core/route.hpp"

namespace synbal {

namespace {

constexpr int kPlainRounds = 3;  // between neighbours alone, which is all that most sets need

/// A set that was called `old` is called `now`.
struct Renamed {
  GlobalIndex old, now;
};

}  // namespace

LinkedSets::LinkedSets(const Comm& comm, const Ownership& ownership, const Halo& halo)
    : comm_(&comm),
      ownership_(&ownership),
      halo_(&halo),
      ground_(ownership.count() + halo.ghost_count()),
      sets_here_(ground_ + 1) {
  parent_.resize(at(ground_) + 1);
  for (LocalIndex i = 0; i <= ground_; ++i) parent_[at(i)] = i;
}

LocalIndex LinkedSets::find(LocalIndex i) {
  while (parent_[at(i)] != i) i = parent_[at(i)] = parent_[at(parent_[at(i)])];
  return i;
}

void LinkedSets::unite(LocalIndex i, LocalIndex j) {
  if (i == j) return;
  parent_[at(std::max(i, j))] = std::min(i, j);
  --sets_here_;
}

std::vector<std::uint8_t> LinkedSets::lone() {
  std::vector<std::uint8_t> lone(parent_.size(), 1);
  for (LocalIndex i = 0; i <= ground_; ++i) {
    if (const auto root = find(i); root != i) lone[at(i)] = lone[at(root)] = 0;
  }
  HaloExchange<std::uint8_t> exchange(*halo_);
  exchange.reverse_begin([&](LocalIndex g) { return lone[at(ownership_->count() + g)]; });
  exchange.reverse_end([&](LocalIndex i, std::uint8_t value) { lone[at(i)] = std::min(lone[at(i)], value); });
  lone.resize(at(ownership_->count()));
  return lone;
}

bool LinkedSets::lower(LocalIndex i, GlobalIndex label) {
  auto& present = smallest_[at(find(i))];
  const bool lowers = label < present;
  if (lowers) present = label;
  return lowers;
}

/// Collective. Ghosts take the labels that their owners have for them.
void LinkedSets::tell_ghosts() {
  HaloExchange<GlobalIndex> exchange(*halo_);
  exchange.forward_begin([&](LocalIndex i) { return label(i); });
  exchange.forward_end([&](LocalIndex g, GlobalIndex value) { smallest_[at(ownership_->count() + g)] = value; });
}

/// Collective. Ghosts that nothing is linked to lead nowhere.
std::vector<LinkedSets::Crossing> LinkedSets::crossings() {
  tell_ghosts();
  std::vector<Crossing> found;
  for (auto g = ownership_->count(); g < ground_; ++g) {
    const Crossing crossing{find(g), smallest_[at(g)]};
    if (crossing.set != g && (found.empty() || found.back() != crossing)) found.push_back(crossing);
  }
  return distinct(std::move(found));
}

/// Collective. Sets that share a place hear of each other; true when a label of this rank changed.
bool LinkedSets::meet(const std::vector<Crossing>& crossing, const Directory& names) {
  const auto n = ownership_->count();
  bool changed = lower(ground_, comm_->min(label(ground_)));
  std::vector<GlobalIndex> heard(names.halo().ghosts().size());
  HaloExchange<GlobalIndex> exchange(names.halo());
  exchange.forward_begin([&](LocalIndex i) { return label(i); });
  exchange.forward_end([&](LocalIndex g, GlobalIndex value) { heard[at(g)] = value; });
  const auto there = [&](std::size_t k) -> GlobalIndex& { return heard[at(names.slots()[k] - n)]; };
  for (std::size_t k = 0; k < crossing.size(); ++k) changed = lower(crossing[k].set, there(k)) || changed;
  for (std::size_t k = 0; k < crossing.size(); ++k) there(k) = std::min(there(k), label(crossing[k].set));
  exchange.reverse_begin([&](LocalIndex g) { return heard[at(g)]; });
  exchange.reverse_end([&](LocalIndex i, GlobalIndex value) { changed = lower(i, value) || changed; });
  return changed;
}

/// Collective. The set whose first place was a label learns what became of it, and whoever goes by a label asks the set
/// of that place what it is called itself.
bool LinkedSets::jump(const std::vector<LocalIndex>& sets, const std::vector<GlobalIndex>& before) {
  bool changed = false;
  std::vector<GlobalIndex> old, now;
  std::vector<Renamed> renamed;
  for (std::size_t k = 0; k < sets.size(); ++k) {
    now.push_back(label(sets[k]));
    if (now.back() == before[k]) continue;
    old.push_back(before[k]);
    renamed.push_back({before[k], now.back()});
  }
  for (const auto& r : Route(*comm_, *ownership_, old).send(renamed)) {
    changed = lower(static_cast<LocalIndex>(r.old - ownership_->first()), r.now) || changed;
  }
  const auto wanted = distinct(now);
  const Route route(*comm_, *ownership_, wanted);
  auto answers = route.send(wanted);
  for (auto& a : answers) a = label(static_cast<LocalIndex>(a - ownership_->first()));
  const auto known = route.reply(answers);
  for (std::size_t k = 0; k < sets.size(); ++k) {
    const auto place = std::lower_bound(wanted.begin(), wanted.end(), now[k]) - wanted.begin();
    changed = lower(sets[k], known[at(place)]) || changed;
  }
  return changed;
}

/// Collective. Until all labels are the smallest; how many rounds that took.
int LinkedSets::travel() {
  const auto crossing = crossings();
  std::vector<GlobalIndex> there;
  std::vector<LocalIndex> sets;
  for (const auto& c : crossing) there.push_back(c.there), sets.push_back(c.set);
  const Directory names(*comm_, *ownership_, there);
  for (const auto i : names.halo().send_indices()) sets.push_back(find(i));
  if (find(ground_) != ground_) sets.push_back(find(ground_));
  sets = distinct(std::move(sets));
  std::vector<GlobalIndex> before(sets.size());
  for (int round = 1;; ++round) {
    for (std::size_t k = 0; k < sets.size(); ++k) before[k] = label(sets[k]);
    bool changed = meet(crossing, names);
    if (round > kPlainRounds) changed = jump(sets, before) || changed;
    if (!comm_->any(changed)) return round;
  }
}

LinkedSets::Labels LinkedSets::labels() {
  const auto n = ownership_->count();
  smallest_.assign(parent_.size(), kNoNeuron);
  for (LocalIndex i = 0; i < n; ++i) {
    if (parent_[at(i)] == i) smallest_[at(i)] = ownership_->first() + i;
  }
  const int rounds = travel();
  const auto ground = label(ground_);
  for (LocalIndex i = 0; i < n; ++i) smallest_[at(i)] = label(i);
  tell_ghosts();
  smallest_.pop_back();
  Labels found{std::move(smallest_), ground == kNoNeuron ? -1 : ground, 0, rounds};
  GlobalIndex leaders = 0;
  for (LocalIndex i = 0; i < n; ++i) leaders += found.label[at(i)] == ownership_->first() + i ? 1 : 0;
  found.count = comm_->sum(leaders);
  return found;
}

}  // namespace synbal
