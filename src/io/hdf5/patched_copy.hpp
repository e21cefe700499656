// An HDF5 file written again with some datasets of numbers replaced, by all ranks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/hdf5/hdf5_file.hpp"
#include "io/output_file.hpp"

namespace synbal::io {

/// Used in three steps: datasets to replace are named, the same on all ranks; create() copies the file byte for byte
/// and gives them room (float64, contiguous, with the attributes they had; those that are missing are made); write()
/// puts values there; finish() flushes and renames.
class PatchedCopy {
 public:
  void replace(const std::string& dataset, std::int64_t length) { patches_.push_back({dataset, length, 0}); }
  /// Collective. @throws Error io_failure.
  void create(const Comm& comm, const InputFile& from, const std::string& path);
  /// Not collective. Values of the dataset named as number `patch`.
  void write(std::size_t patch, std::int64_t first, std::span<const double> values) const;
  /// Collective. @throws Error io_failure, the file at its final path untouched.
  void finish() { file_->commit(); }

 private:
  struct Patch {
    std::string dataset;
    std::int64_t length;
    std::int64_t offset;  ///< in the file
  };
  void copy_bytes(const Comm& comm, const InputFile& from) const;
  /// numbers: where each dataset lies, then the length of the file.
  void make_room(const InputFile& from, std::span<std::int64_t> numbers) const;

  std::vector<Patch> patches_;
  std::string path_;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace synbal::io
