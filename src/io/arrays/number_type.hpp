// Numbers as files store them: kind, width and byte order, and their conversion to what we compute with. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace synbal::io {

enum class NumberKind : std::uint8_t { boolean, unsigned_integer, signed_integer, real, brain_real };

/// E.g. a big-endian float32. brain_real is bfloat16.
struct NumberType {
  NumberKind kind = NumberKind::real;
  int bytes = 8;
  bool big_endian = false;

  [[nodiscard]] bool is_integer() const noexcept { return kind != NumberKind::real && kind != NumberKind::brain_real; }
  friend bool operator==(const NumberType&, const NumberType&) = default;
};

/// As numpy writes it in a header: "<f8", ">i4", "|u1", "|b1". Nothing for what is no number that can be read (complex,
/// text, objects, long double).
[[nodiscard]] std::optional<NumberType> numpy_type(std::string_view name);

inline constexpr std::int64_t kMostElements = std::int64_t{1} << 60;
inline constexpr std::size_t kMostArrayDimensions = 32;  ///< numpy's own limit
/// Elements of an array; nothing where none can have this shape.
[[nodiscard]] std::optional<std::int64_t> elements_of(std::span<const std::int64_t> shape) noexcept;

/// Elements in `bytes` (as many as `into` has) as doubles, or as integers.
void convert(std::span<const std::byte> bytes, const NumberType& type, std::span<double> into);
/// Returns the place of the first element that no int64 can hold (too large, or no whole number), if there is one.
[[nodiscard]] std::optional<std::size_t> convert(std::span<const std::byte> bytes, const NumberType& type,
                                                 std::span<std::int64_t> into);

}  // namespace synbal::io
