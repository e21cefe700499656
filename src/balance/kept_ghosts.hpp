// What is left of values per column when some ghosts leave.
#pragma once

#include <span>
#include <vector>

#include "synbal/core/types.hpp"

namespace synbal {

/// [rows + ghosts] Values of some ghosts alone, which are named by their numbers.
template <class T>
void keep_ghosts(std::vector<T>& values, LocalIndex rows, std::span<const LocalIndex> ghosts) {
  for (std::size_t g = 0; g < ghosts.size(); ++g) values[at(rows) + g] = values[at(rows + ghosts[g])];
  values.resize(at(rows) + ghosts.size());
  values.shrink_to_fit();
}

}  // namespace synbal
