// Arrays with names, as .npz archives and .safetensors files hold them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/arrays/number_array.hpp"

namespace synbal::io {

struct BundleArray {
  std::string name;  ///< without ".npy"
  std::string type_name;
  std::optional<NumberType> type;  ///< nothing for what is no number
  std::vector<std::int64_t> shape;
  bool by_columns = false;  ///< the first index runs fastest
  ByteSource bytes;         ///< of the elements
  ByteCount size = 0;       ///< of all elements

  [[nodiscard]] std::int64_t elements() const noexcept;
};

/// All arrays of a file, whose descriptions passed all checks. `file` must outlive it.
struct Bundle {
  const InputFile* file = nullptr;
  std::vector<BundleArray> arrays;
  std::string activation;  ///< what the file says of it, if anything
  std::map<std::string, std::string> metadata;

  [[nodiscard]] const BundleArray* find(const std::string& name) const;
  /// @throws Error bad_input when it is missing; the message lists what there is.
  [[nodiscard]] const BundleArray& get(const std::string& name) const;
  /// "FILE: array NAME"
  [[nodiscard]] std::string where(const BundleArray& array) const;
  /// @throws Error bad_input when they are no numbers.
  [[nodiscard]] std::unique_ptr<NumberArray> numbers(const BundleArray& array) const;
  /// A short text: of bytes, or of Unicode characters. @throws Error bad_input when it is none.
  [[nodiscard]] std::string text(const BundleArray& array) const;
  [[nodiscard]] Error error(const std::string& what) const;
  [[nodiscard]] std::string names() const;
};

/// Not collective. @throws Error bad_input.
Bundle open_npz(const InputFile& file);
Bundle open_safetensors(const InputFile& file);

}  // namespace synbal::io
