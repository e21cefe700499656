// The numbers of io that something else might be as good for. None came from a measurement: what each guards against is
// said.
#pragma once

#include <cstddef>
#include <cstdint>

namespace synbal::io::tuning {

inline constexpr std::size_t kTextBlock = std::size_t{1} << 22;    ///< bytes of text read, formatted or sent at once
inline constexpr std::int64_t kPiece = std::int64_t{1} << 19;      ///< elements converted or read back at once
inline constexpr std::size_t kLongestLine = std::size_t{1} << 20;  ///< bytes; longer lines are refused: bounds memory
inline constexpr double kMostCompression = 1100;                   ///< deflate gives 1032 at best; more is a lie

}  // namespace synbal::io::tuning
