// A set of global indices that knows the number of each member in ascending order: a bitmap in pages, of which only the
// touched ones exist. Costs about range/512 bytes plus 768 bytes a touched page, at most 0.19 bytes an index of the
// range.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "synbal/core/types.hpp"

namespace synbal {

class IndexSet {
 public:
  /// For indices 0 .. range-1.
  explicit IndexSet(GlobalIndex range) : pages_(at((range + kPage - 1) / kPage)) {}

  void insert(GlobalIndex g) {
    auto& page = pages_[at(g / kPage)];
    if (!page) page = std::make_unique<Page>();
    page->bits[word(g)] |= bit(g);
  }

  /// The members, ascending. number() may be called afterwards.
  std::vector<GlobalIndex> seal() {
    std::vector<GlobalIndex> members;
    members.reserve(count());
    for (std::size_t p = 0; p < pages_.size(); ++p) {
      if (pages_[p]) seal(*pages_[p], static_cast<GlobalIndex>(p) * kPage, members);
    }
    return members;
  }

  /// Place of the member g in the ascending order of members.
  [[nodiscard]] LocalIndex number(GlobalIndex g) const {
    const auto& page = *pages_[at(g / kPage)];
    return static_cast<LocalIndex>(page.below[word(g)]) + std::popcount(page.bits[word(g)] & (bit(g) - 1));
  }

 private:
  static constexpr GlobalIndex kPage = 4096;
  struct Page {
    std::array<std::uint64_t, kPage / 64> bits{};
    std::array<std::uint32_t, kPage / 64> below{};  ///< members before each word
  };
  static std::size_t word(GlobalIndex g) { return at(g % kPage) / 64; }
  static std::uint64_t bit(GlobalIndex g) { return std::uint64_t{1} << (g % 64); }

  [[nodiscard]] std::size_t count() const {
    std::size_t members = 0;
    for (const auto& page : pages_) {
      if (!page) continue;
      for (const auto bits : page->bits) members += at(std::popcount(bits));
    }
    return members;
  }
  static void seal(Page& page, GlobalIndex first, std::vector<GlobalIndex>& members) {
    for (std::size_t w = 0; w < page.bits.size(); ++w) {
      page.below[w] = static_cast<std::uint32_t>(members.size());
      for (auto rest = page.bits[w]; rest != 0; rest &= rest - 1) {
        members.push_back(first + static_cast<GlobalIndex>(64 * w) + std::countr_zero(rest));
      }
    }
  }

  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace synbal
