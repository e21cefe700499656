// The header of a .safetensors file: which tensors there are and where their bytes lie. A pure function.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/arrays/number_type.hpp"
#include "synbal/core/types.hpp"

namespace synbal::io {

struct Tensor {
  std::string name;
  std::string dtype;               ///< as in the file: "F32"
  std::optional<NumberType> type;  ///< nothing for one that is not read (8-bit floats, complex)
  std::vector<std::int64_t> shape;
  ByteCount begin = 0, end = 0;  ///< in the data, which follow the header
};

/// Bytes before the header, which state its length (little-endian).
inline constexpr ByteCount kTensorsStart = 8;

/// The length of the header. @throws Error bad_input when a file of `size` bytes cannot hold it.
[[nodiscard]] ByteCount tensors_header_size(const std::string& where, std::string_view start, ByteCount size);

struct TensorsHeader {
  std::vector<Tensor> tensors;                  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;  ///< what else the writer had to say
};

/// Tensors cover the data without holes and overlaps up to `data_size`. @throws Error bad_input, `where` names the
/// file.
[[nodiscard]] TensorsHeader parse_tensors(const std::string& where, std::string_view header, ByteCount data_size);

}  // namespace synbal::io
