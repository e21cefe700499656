// The numbers of network that something else might be as good for. None came from a measurement: what each guards
// against is said.
#pragma once

#include <cstdint>

namespace synbal::tuning {

// Strongly connected components.
inline constexpr std::int64_t kPivotPasses = 2;   ///< times all edges, for one large piece: else all are searched
inline constexpr int kMostTrimRounds = 200;       ///< exchanges: a path that crosses ranks more often is left to later
inline constexpr std::int64_t kManyRounds = 100;  ///< exchanges: from then on one rank alone is tried on more
inline constexpr std::int64_t kMoreSerial = 4;    ///< times as much as usual

inline constexpr std::int64_t kBatch = std::int64_t{1} << 20;  ///< R-MAT synapses drawn and sent at once: bounds memory

}  // namespace synbal::tuning
