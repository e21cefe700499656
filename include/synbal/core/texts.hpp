// Many short texts, such as names, in one piece of memory; and their way over a route.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "synbal/core/types.hpp"

namespace synbal {

class Comm;
class Route;
class Placement;

/// Text k is letters[start[k]] .. letters[start[k+1]-1].
struct Texts {
  std::vector<std::int64_t> start{0};
  std::vector<char> letters;

  [[nodiscard]] std::size_t size() const noexcept { return start.size() - 1; }
  [[nodiscard]] bool empty() const noexcept { return start.size() == 1; }
  [[nodiscard]] std::string_view operator[](std::size_t k) const noexcept {
    return {letters.data() + start[k], at(start[k + 1] - start[k])};
  }
  void push_back(std::string_view text) {
    letters.insert(letters.end(), text.begin(), text.end());
    start.push_back(static_cast<std::int64_t>(letters.size()));
  }
  [[nodiscard]] bool operator==(const Texts&) const = default;
};

/// Collective. [received] As Route::send: one text per item, at the ranks the items go to.
[[nodiscard]] Texts send(const Route& route, const Texts& texts);
/// Collective. [items] As Route::reply.
[[nodiscard]] Texts reply(const Route& route, const Texts& answers);
/// Collective. [owned places] As Placement::send.
[[nodiscard]] Texts send(const Placement& placement, const Texts& texts);

}  // namespace synbal
