// One loop for each type of number.
#include "io/arrays/number_type.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace synbal::io {

namespace {
/// An element's bytes as an unsigned number of this machine (little-endian).
template <class Bits>
Bits bits_at(const std::byte* place, bool big_endian) {
  std::array<std::byte, sizeof(Bits)> bytes;
  std::memcpy(bytes.data(), place, sizeof(Bits));
  if (big_endian) std::ranges::reverse(bytes);
  return std::bit_cast<Bits>(bytes);
}

template <class T>
struct Plain {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t,
                                                     std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;
  static T value(Bits bits) { return std::bit_cast<T>(bits); }
};

/// IEEE half precision: 5 bits of exponent, 10 of mantissa.
struct Half {
  using Bits = std::uint16_t;
  static double value(Bits bits) {
    const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
    if (exponent == 31) return mantissa == 0 ? sign * HUGE_VAL : std::nan("");
    return exponent == 0 ? sign * std::ldexp(mantissa, -24) : sign * std::ldexp(mantissa + 1024, exponent - 25);
  }
};

/// The upper half of a float32.
struct BrainHalf {
  using Bits = std::uint16_t;
  static double value(Bits bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

/// Calls visit(decoder) with the one for the type.
template <class Visit>
void with_decoder(const NumberType& type, Visit&& visit) {
  const bool is_signed = type.kind == NumberKind::signed_integer;
  if (type.kind == NumberKind::brain_real) return visit(BrainHalf{});
  if (type.kind == NumberKind::real) {
    if (type.bytes == 2) return visit(Half{});
    return type.bytes == 4 ? visit(Plain<float>{}) : visit(Plain<double>{});
  }
  switch (type.bytes) {
    case 1:
      return is_signed ? visit(Plain<std::int8_t>{}) : visit(Plain<std::uint8_t>{});
    case 2:
      return is_signed ? visit(Plain<std::int16_t>{}) : visit(Plain<std::uint16_t>{});
    case 4:
      return is_signed ? visit(Plain<std::int32_t>{}) : visit(Plain<std::uint32_t>{});
    default:
      return is_signed ? visit(Plain<std::int64_t>{}) : visit(Plain<std::uint64_t>{});
  }
}

/// use(k, value) for every element.
template <class Decoder, class Use>
void for_each_value(std::span<const std::byte> bytes, bool big_endian, std::size_t count, Use&& use) {
  using Bits = typename Decoder::Bits;
  for (std::size_t k = 0; k < count; ++k) {
    use(k, Decoder::value(bits_at<Bits>(bytes.data() + k * sizeof(Bits), big_endian)));
  }
}

/// Whether an int64 holds the value exactly.
template <class T>
bool fits(T value) {
  if constexpr (std::is_integral_v<T>) return std::in_range<std::int64_t>(value);
  const double wide = static_cast<double>(value);
  return wide == std::floor(wide) && std::abs(wide) <= 0x1p53;
}
}  // namespace

std::optional<NumberType> numpy_type(std::string_view name) {
  if (name.size() != 3 || std::string_view("<>|=").find(name[0]) == name.npos) return std::nullopt;
  const int bytes = name[2] - '0';
  const bool big = name[0] == '>';
  const bool power = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  if (!power) return std::nullopt;
  switch (name[1]) {
    case 'b':
      return bytes == 1 ? std::optional(NumberType{NumberKind::boolean, 1, false}) : std::nullopt;
    case 'u':
      return NumberType{NumberKind::unsigned_integer, bytes, big};
    case 'i':
      return NumberType{NumberKind::signed_integer, bytes, big};
    case 'f':
      return bytes == 1 ? std::nullopt : std::optional(NumberType{NumberKind::real, bytes, big});
    default:
      return std::nullopt;
  }
}

void convert(std::span<const std::byte> bytes, const NumberType& type, std::span<double> into) {
  with_decoder(type, [&](auto decoder) {
    for_each_value<decltype(decoder)>(bytes, type.big_endian, into.size(),
                                      [&](std::size_t k, auto value) { into[k] = static_cast<double>(value); });
  });
}

std::optional<std::size_t> convert(std::span<const std::byte> bytes, const NumberType& type,
                                   std::span<std::int64_t> into) {
  std::optional<std::size_t> wrong;
  with_decoder(type, [&](auto decoder) {
    for_each_value<decltype(decoder)>(bytes, type.big_endian, into.size(), [&](std::size_t k, auto value) {
      if (!fits(value)) {
        if (!wrong) wrong = k;
      } else {
        into[k] = static_cast<std::int64_t>(value);
      }
    });
  });
  return wrong;
}

std::optional<std::int64_t> elements_of(std::span<const std::int64_t> shape) noexcept {
  if (shape.size() > kMostArrayDimensions) return std::nullopt;
  std::int64_t product = 1;
  for (const auto size : shape) {
    if (size > kMostElements / std::max<std::int64_t>(product, 1)) return std::nullopt;
    product *= size;
  }
  return product;
}

}  // namespace synbal::io
