// Writing of .safetensors files by all ranks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/output_file.hpp"

namespace synbal::io {

/// Used in three steps like NpzOutput: tensors are declared, the same on all ranks; create(); write() and copy(), any
/// places in any order; finish().
class TensorsOutput {
 public:
  using TensorId = std::size_t;

  /// `dtype` as the format calls it; `size` in bytes.
  TensorId tensor(const std::string& name, const std::string& dtype, const std::vector<std::int64_t>& shape,
                  ByteCount size);
  void metadata(std::map<std::string, std::string> said) { metadata_ = std::move(said); }
  /// Collective. @throws Error io_failure.
  void create(const Comm& comm, const std::string& path);
  /// Not collective.
  void write(TensorId id, std::int64_t first, std::span<const double> values);
  void write_bytes(TensorId id, ByteCount offset, std::span<const std::byte> bytes);
  /// Collective. @throws Error io_failure, the file at its final path untouched.
  void finish() { file_->commit(); }

 private:
  struct Declared {
    std::string name, dtype;
    std::vector<std::int64_t> shape;
    ByteCount begin = 0, end = 0;  ///< in the data
  };
  [[nodiscard]] std::string header() const;

  std::vector<Declared> tensors_;
  std::map<std::string, std::string> metadata_;
  ByteCount data_ = 0;  ///< place of the data in the file
  std::unique_ptr<OutputFile> file_;
};

}  // namespace synbal::io
