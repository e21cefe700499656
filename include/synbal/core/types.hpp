// Index and size types by role: a local index, a global index and a rank are never mixed up. And two numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace synbal {

using LocalIndex = std::int32_t;   ///< index of something held by this rank (owned first, then ghosts)
using GlobalIndex = std::int64_t;  ///< index over all ranks
using Rank = int;                  ///< rank within a communicator
using ByteCount = std::int64_t;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kEps = std::numeric_limits<double>::epsilon();  ///< of doubles

/// An index or a count as containers want it.
[[nodiscard]] constexpr std::size_t at(std::int64_t i) noexcept { return static_cast<std::size_t>(i); }

}  // namespace synbal
