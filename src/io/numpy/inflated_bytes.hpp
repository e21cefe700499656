// The bytes of a deflated member of an archive, unpacked while they are read.
#pragma once

#include "io/numpy/zip_directory.hpp"

namespace synbal::io {

/// Bytes of `member`, whose packed bytes begin at `begin`. Ascending reads unpack it once; going back begins anew. The
/// checksum is compared when the end is reached. `file` must outlive it.
[[nodiscard]] ByteSource inflated_bytes(const InputFile& file, const ZipMember& member, ByteCount begin);

}  // namespace synbal::io
