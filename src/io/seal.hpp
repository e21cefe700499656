// The last line of a file that says what all bytes before it add up to, so that no later change goes unnoticed. HDF5
// does not mind bytes behind its own.
#pragma once

#include <string>

#include "io/input_file.hpp"

namespace synbal::io {

/// Bytes of the line.
inline constexpr ByteCount kSealSize = 48;

/// The line for so many bytes with this checksum.
[[nodiscard]] std::string seal_line(std::uint32_t checksum, ByteCount size);

enum class SealState { none, whole, broken };  // none: it does not end with such a line

/// What one reading of a file tells.
struct SealedSum {
  std::uint32_t checksum = 0;  ///< of all bytes
  SealState seal = SealState::none;
};
/// Collective. Reads all of the file.
[[nodiscard]] SealedSum sealed_sum_of(const Comm& comm, const InputFile& file);
/// Collective. Reads all of a file that ends with such a line.
[[nodiscard]] SealState seal_of(const Comm& comm, const InputFile& file);

}  // namespace synbal::io
