// The header of numpy's .npy format, which says what numbers follow and how they are arranged. A pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synbal::io {

struct NpyHeader {
  std::string type;                 ///< numpy's name of it: "<f8"; "" for records
  bool by_columns = false;          ///< fortran_order: the first index runs fastest
  std::vector<std::int64_t> shape;  ///< empty: a single element
  std::size_t data = 0;             ///< bytes from the beginning of the array to its elements

  /// The product of the shape.
  [[nodiscard]] std::int64_t elements() const noexcept;
};

/// The bytes that a header has, from its first kNpyStart bytes (or fewer, if there are no more).
/// @throws Error bad_input; `where` names the array.
inline constexpr std::size_t kNpyStart = 12;
[[nodiscard]] std::size_t npy_header_size(std::string_view where, std::span<const char> start);

/// From all of its bytes. Every size is at least 0 and their product at most 2^60.
[[nodiscard]] NpyHeader parse_npy_header(std::string_view where, std::span<const char> header);

/// The header of an array of this type and shape, padded as numpy does it.
[[nodiscard]] std::string npy_header(std::string_view type, const std::vector<std::int64_t>& shape, bool by_columns);

}  // namespace synbal::io
