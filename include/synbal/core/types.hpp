// Index and size types by role: a local index, a global index and a rank are never mixed up.
#pragma once

#include <cstdint>

namespace synbal {

using LocalIndex = std::int32_t;   ///< index of something held by this rank (owned first, then ghosts)
using GlobalIndex = std::int64_t;  ///< index over all ranks
using Rank = int;                  ///< rank within a communicator
using ByteCount = std::int64_t;

}  // namespace synbal
