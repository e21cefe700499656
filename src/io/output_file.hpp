// A file that appears under its name only when it is whole: written by all ranks beside its place, then renamed.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/interrupt.hpp"

namespace synbal::io {

/// The new file is PATH.partial-XXXXXXXX until commit(); what stood at PATH stays untouched until then, and stays if
/// the object is destroyed without commit(). A symbolic link is followed and its target replaced, with the permissions
/// of what it replaces; a stream (`-` for stdout, a pipe, a device) is given all bytes at commit(). Ranks write
/// disjoint ranges with pwrite: unlike collective MPI-IO, which reports success on a full disk, each failure is seen by
/// the rank it happens to, and no other rank can hang on it.
class OutputFile {
 public:
  /// Collective. @throws Error io_failure when the folder cannot be written.
  OutputFile(const Comm& comm, std::string path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Not collective: rank 0 removes an uncommitted file.
  ~OutputFile();

  [[nodiscard]] const std::string& partial_path() const noexcept { return partial_; }
  /// Collective. Gives the file its length and the disk its blocks before any data are written, so that a full disk is
  /// found here. @throws Error io_failure.
  void allocate(ByteCount size);
  /// Collective. Opens the file, as it is now, on the ranks above 0 too: call once before write() on them.
  void open_everywhere();
  /// Not collective. @throws Error io_failure.
  void write(ByteCount offset, std::span<const char> bytes) const;
  /// Collective. Appends the line of seal.hpp, after open_everywhere() and all writes. @throws Error io_failure.
  void seal();
  /// Collective. Flushes to the disk, renames (after what rank 0 does before), flushes the folder.
  /// @throws Error io_failure.
  void commit(const std::function<void()>& before_rename = {});

 private:
  void sync_and_close();
  void create();
  bool try_to_create();
  void pour();

  const Comm* comm_;
  std::string path_, partial_;
  bool stream_ = false;
  int fd_ = -1;
  std::optional<RemovedOnDeath> removed_;
};

/// Not collective. Where a path leads: symbolic links followed, also to what is not there yet.
[[nodiscard]] std::string resolved(const std::string& path);

/// Not collective. Writes all bytes at an offset of an open file. @throws Error io_failure that names `path`.
void write_at(int descriptor, const std::string& path, ByteCount offset, std::span<const char> bytes);

/// The failure of writing `path` with this errno.
[[nodiscard]] Error cannot_write(const std::string& path, int code);

/// Not collective. @throws Error io_failure when PATH cannot be created or replaced (folder missing or not writable).
void check_can_create(const std::string& path);
/// The same by trying: makes a file of a temporary name and removes it, since names may be too long for that, and
/// folders full. @throws Error io_failure.
void check_has_place(const std::string& path);

}  // namespace synbal::io
