// Decompression of .gz text on one rank, block by block.
#pragma once

#include <zlib.h>

#include <string>

#include "io/input_file.hpp"
#include "synbal/core/handle.hpp"

namespace synbal::io {

struct GzTraits {
  static gzFile null() { return nullptr; }
  static void destroy(gzFile raw) noexcept { gzclose(raw); }
};

/// A gzip file (of one or several members) as a stream of text.
class GzText {
 public:
  /// @throws Error bad_input when the file is not gzip.
  explicit GzText(const InputFile& file);
  /// Fewer than `size` bytes only at the end. @throws Error bad_input when the data are damaged or truncated.
  std::size_t read(char* into, std::size_t size);
  /// How far reading has come in the compressed file.
  [[nodiscard]] ByteCount place() const noexcept { return gzoffset(stream_.get()); }

 private:
  [[nodiscard]] Error damaged() const;

  std::string path_;
  Handle<gzFile, GzTraits> stream_;
};

}  // namespace synbal::io
