// The directory of a zip archive (zip64 included): which members there are and where their bytes lie. No MPI.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/arrays/number_array.hpp"

namespace synbal::io {

struct ZipMember {
  std::string name;
  std::uint16_t flags = 0, method = 0;  ///< method 0: stored, 8: deflated
  std::uint32_t crc = 0;
  ByteCount packed = 0, size = 0;  ///< bytes in the archive, and as they are
  ByteCount header = 0;            ///< where its own header begins
};

inline constexpr ByteCount kZipLocalSize = 30, kZipEntrySize = 46;  ///< of a member's own header, and its entry
inline constexpr std::uint16_t kZipStored = 0, kZipDeflated = 8;

/// Of an archive of `size` bytes. Members lie within the file before the directory, are not encrypted, stored or
/// deflated, claim no more than deflate can give, and have different names.
/// @throws Error bad_input (`where` names the file) and what `read` throws.
[[nodiscard]] std::vector<ZipMember> read_zip_directory(const std::string& where, ByteCount size,
                                                        const ByteSource& read);

/// Where the packed bytes of a member begin, from its own header. @throws Error bad_input when that contradicts the
/// directory.
[[nodiscard]] ByteCount packed_bytes_of(const std::string& where, ByteCount size, const ZipMember& member,
                                        const ByteSource& read);

}  // namespace synbal::io
