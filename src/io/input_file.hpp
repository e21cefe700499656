// A regular file for reading at any place, and the checksum of its bytes taken by all ranks together.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/handle.hpp"

namespace synbal::io {

struct FileTraits {
  static int null() { return -1; }
  static void destroy(int descriptor) noexcept;
};
using FileDescriptor = Handle<int, FileTraits>;

/// Not collective. Reads at an offset of an open file and returns how many bytes that were: fewer than asked only at
/// its end. @throws Error io_failure that names `path`.
std::size_t read_at(int descriptor, const std::string& path, ByteCount offset, std::span<char> into);

/// Not collective. All ranks read at many places, which a pipe and the like cannot give: @throws Error io_failure for
/// what is there and is no regular file, folders left out, and for "-".
void refuse_stream(const std::string& path);

/// An open file; every failure is an Error io_failure that names the file and the reason. Not collective.
class InputFile {
 public:
  explicit InputFile(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] ByteCount size() const noexcept { return size_; }
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }
  /// Reads min(into.size(), size() - offset) bytes and returns how many that were.
  std::size_t read(ByteCount offset, std::span<char> into) const { return read_at(fd_.get(), path_, offset, into); }

 private:
  std::string path_;
  FileDescriptor fd_;
  ByteCount size_ = 0;
};

/// CRC-32 of bytes, going on from that of the bytes before them.
[[nodiscard]] std::uint32_t checksum_of(std::span<const std::byte> bytes, std::uint32_t so_far = 0) noexcept;

/// Collective. "crc32:xxxxxxxx" of the files one after the other; every rank reads its share of the bytes of each.
std::string checksum(const Comm& comm, std::span<const InputFile> files);
/// Collective. CRC-32 of the first `size` bytes of one file; every rank reads its share.
std::uint32_t checksum_of(const Comm& comm, const InputFile& file, ByteCount size);
/// A checksum as it is told: "crc32:xxxxxxxx".
std::string checksum_words(std::uint32_t sum);

}  // namespace synbal::io
