// A long list of numbers somewhere in a file, of which every rank reads the parts it wants: the one view that readers
// of sparse and dense matrices have of HDF5 datasets, members of .npz archives, tensors and PETSc's sections.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "io/arrays/number_type.hpp"
#include "io/input_file.hpp"

namespace synbal::io {

/// Not collective; may be called inside agreed(). Its length was compared with the size of the file when it was made.
class NumberArray {
 public:
  NumberArray(std::string name, std::int64_t length) : name_(std::move(name)), length_(length) {}
  NumberArray(const NumberArray&) = delete;
  NumberArray& operator=(const NumberArray&) = delete;
  virtual ~NumberArray() = default;

  /// For messages: the file and the place in it.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::int64_t length() const noexcept { return length_; }

  /// Elements [first, first + count). Parts should be asked for in ascending order: compressed arrays begin anew
  /// otherwise. @throws Error bad_input for damaged data, integers beyond int64, numbers that are not whole.
  virtual void read(std::int64_t first, std::int64_t count, double* into) const = 0;
  virtual void read(std::int64_t first, std::int64_t count, std::int64_t* into) const = 0;

 private:
  std::string name_;
  std::int64_t length_;
};

/// Bytes of a file, from a place that is given in bytes from the array's own first one. @throws Error.
using ByteSource = std::function<void(ByteCount offset, std::span<std::byte> into)>;

/// An array whose elements lie one after the other.
[[nodiscard]] std::unique_ptr<NumberArray> stored_array(std::string name, std::int64_t length, NumberType type,
                                                        ByteSource bytes);

/// The bytes from `offset` on, as they are. `file` must outlive it.
[[nodiscard]] ByteSource plain_bytes(const InputFile& file, ByteCount offset);

}  // namespace synbal::io
