// Which ids a rank has met: each gets a number in the order of the first meeting. Open addressing, few misses.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "synbal/core/error.hpp"
#include "synbal/core/huge_pages.hpp"
#include "synbal/core/texts.hpp"
#include "synbal/core/types.hpp"

namespace synbal::io {

/// The ids themselves in the order of their numbers: integers in a vector, names as Texts.
template <class Id>
struct IdStore;
template <>
struct IdStore<std::int64_t> {
  using Type = std::vector<std::int64_t>;
};
template <>
struct IdStore<std::string_view> {
  using Type = Texts;
};
template <class Id>
using Ids = typename IdStore<Id>::Type;

[[nodiscard]] inline std::uint64_t hash_of(std::int64_t id) noexcept {
  auto mixed = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15ULL;
  return mixed ^ (mixed >> 32);
}
[[nodiscard]] inline std::uint64_t hash_of(std::string_view id) noexcept { return std::hash<std::string_view>{}(id); }

template <class Id>
class IdTable {
 public:
  IdTable() : slots_(kSmallest) {}

  [[nodiscard]] const Ids<Id>& ids() const noexcept { return ids_; }
  [[nodiscard]] Ids<Id> take() { return std::move(ids_); }

  /// Appends the number of every id to `numbers`. The slots of all are asked for before the first is looked at.
  template <class Numbers>
  void number(std::span<const Id> ids, Numbers& numbers) {
    hashes_.clear();
    for (const auto id : ids) {
      hashes_.push_back(hash_of(id));
      __builtin_prefetch(&slots_[at_slot(hashes_.back())]);
    }
    for (std::size_t k = 0; k < ids.size(); ++k) numbers.push_back(number_of(ids[k], hashes_[k]));
  }

 private:
  static constexpr std::size_t kSmallest = std::size_t{1} << 12;

  struct Slot {
    std::uint64_t key = 0;  // the integer, or the hash of the name
    LocalIndex number = -1;
  };

  [[nodiscard]] std::size_t at_slot(std::uint64_t hash) const noexcept { return hash & (slots_.size() - 1); }
  [[nodiscard]] static std::uint64_t key_of(Id id, std::uint64_t hash) noexcept {
    if constexpr (std::is_same_v<Id, std::int64_t>) return static_cast<std::uint64_t>(id);
    return hash;
  }
  [[nodiscard]] bool holds(const Slot& slot, Id id, std::uint64_t key) const noexcept {
    if (slot.key != key) return false;
    if constexpr (std::is_same_v<Id, std::int64_t>)
      return true;
    else
      return ids_[at(slot.number)] == id;
  }

  LocalIndex number_of(Id id, std::uint64_t hash) {
    const auto key = key_of(id, hash);
    for (auto k = at_slot(hash);; k = (k + 1) & (slots_.size() - 1)) {
      auto& slot = slots_[k];
      if (slot.number < 0) {
        slot = {key, fresh(id)};
        const auto number = slot.number;
        if (2 * ids_.size() > slots_.size()) grow();
        return number;
      }
      if (holds(slot, id, key)) return slot.number;
    }
  }

  LocalIndex fresh(Id id) {
    if (ids_.size() >= at(std::numeric_limits<LocalIndex>::max())) {
      throw bad_input("one rank would meet more than 2^31 neurons (local indices are 32-bit): use more ranks");
    }
    ids_.push_back(id);
    return static_cast<LocalIndex>(ids_.size() - 1);
  }

  void grow() {
    HugeVector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const auto& slot : old) {
      if (slot.number < 0) continue;
      auto k = at_slot(hash_again(slot));
      while (slots_[k].number >= 0) k = (k + 1) & (slots_.size() - 1);
      slots_[k] = slot;
    }
  }
  [[nodiscard]] static std::uint64_t hash_again(const Slot& slot) noexcept {
    if constexpr (std::is_same_v<Id, std::int64_t>) return hash_of(static_cast<std::int64_t>(slot.key));
    return slot.key;
  }

  HugeVector<Slot> slots_;
  Ids<Id> ids_;
  std::vector<std::uint64_t> hashes_;  // of one call
};

}  // namespace synbal::io
