// Writing of .npz archives by all ranks: members stored uncompressed, every rank its part of each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/numpy/zip_directory.hpp"
#include "io/output_file.hpp"

namespace synbal::io {

/// Used in three steps: members are declared, the same on all ranks; create() lays out the file; write() and copy() put
/// bytes to their places, every rank a run of each member that follows those of the ranks below it, in ascending order;
/// finish() adds what an archive needs around them. Sizes and places are always written in their 64-bit form.
class NpzOutput {
 public:
  using MemberId = std::size_t;

  /// An array; `type` as numpy calls it, little-endian. C order unless by_columns.
  MemberId array(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                 bool by_columns = false);
  /// A member of another archive, as it is packed there.
  MemberId copied(const ZipMember& member);

  /// Collective. @throws Error io_failure.
  void create(const Comm& comm, const std::string& path);
  /// Not collective. Elements from `first` on.
  template <class T>
  void write(MemberId id, std::int64_t first, std::span<const T> values) {
    put(id, first * static_cast<ByteCount>(sizeof(T)), std::as_bytes(values));
  }
  /// Not collective. This rank's share of the packed bytes that begin at `begin` in `from`.
  void copy(MemberId id, const InputFile& from, ByteCount begin);
  /// Collective. @throws Error io_failure, the file at its final path untouched; internal when bytes are missing.
  void finish();

 private:
  struct Member {
    ZipMember facts;     ///< facts.header: place of its header in this file
    std::string header;  ///< of the .npy format; empty for a copied one
    ByteCount data = 0;  ///< place of its elements
    std::uint32_t crc = 0;
    ByteCount written = 0;  ///< by this rank
  };

  void put(MemberId id, ByteCount offset, std::span<const std::byte> bytes);
  void complete(Member& member) const;
  [[nodiscard]] std::string directory() const;
  [[nodiscard]] std::string end_records(ByteCount directory_size) const;
  void write_frame() const;

  std::vector<Member> members_;
  ByteCount directory_ = 0;  ///< place of it
  const Comm* comm_ = nullptr;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace synbal::io
