// Small files of the binary formats as bytes, right ones and slightly wrong ones: numpy arrays, zip archives,
// safetensors, PETSc matrices.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

namespace synbal::test {

/// The bytes of numbers one after the other, as this machine has them.
template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
/// The same with the most significant byte first.
template <class T>
std::string big_endian(const std::vector<T>& values) {
  std::string bytes;
  for (const auto value : values) {
    const auto one = raw(std::vector<T>{value});
    bytes.append(one.rbegin(), one.rend());
  }
  return bytes;
}

/// An .npy array with this dictionary as it stands.
std::string npy(const std::string& dictionary, const std::string& data);
/// The dictionary of a one- or more-dimensional array in C order; `shape` as Python writes it: "(4, 4)".
std::string npy_dictionary(const std::string& type, const std::string& shape);
template <class T>
std::string npy_list(const std::string& type, const std::vector<T>& values) {
  return npy(npy_dictionary(type, fmt::format("({},)", values.size())), raw(values));
}

/// A member of an archive; what its headers say can be made wrong.
struct ZipEntry {
  std::string name, bytes;
  std::uint16_t method = 0, flags = 0;
  std::int64_t claimed = -1;  ///< size it claims to unpack to; -1: the true one
  bool deflate = false;       ///< bytes are compressed (and method is 8)
};
/// An archive; `entries` the number of members that the end record claims, -1 the true one.
std::string zip(const std::vector<ZipEntry>& members, int entries = -1);

/// scipy's archive of a sound 4 x 4 csr matrix, every array named; change what should be wrong.
struct ScipySample {
  std::string format = "csr";
  std::vector<std::int64_t> shape{4, 4};
  std::vector<double> data{0.5, -1.5, 2.5, 3.5, 0.25};
  std::vector<std::int32_t> indices{1, 2, 2, 3, 0}, indptr{0, 2, 3, 4, 5};
  std::string left_out;  ///< name of an array that is missing
  [[nodiscard]] std::vector<ZipEntry> members() const;
};

std::string safetensors(const std::string& header, const std::string& data);

struct PetscSample {
  std::vector<std::int32_t> head{1211216, 4, 4, 5}, lengths{2, 1, 1, 1}, columns{1, 2, 2, 3, 0};
  std::vector<double> values{0.5, -1.5, 2.5, 3.5, 0.25};
  [[nodiscard]] std::string bytes() const;
};

}  // namespace synbal::test
