// Contributions to neurons of other ranks, added up where these neurons are.
#pragma once

#include <span>
#include <vector>

#include "synbal/core/block_exchange.hpp"

namespace synbal::detail {

/// Collective. [owned * columns] The sums over all ranks of what `all`, [(owned + ghosts) * columns], holds.
inline std::vector<double> owner_sums(const Halo& halo, std::span<const double> all, int columns) {
  const auto size = at(halo.owned_count()) * at(columns);
  std::vector<double> owned(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
  BlockExchange(halo).reverse_add(all.subspan(size), owned, columns);
  return owned;
}

}  // namespace synbal::detail
