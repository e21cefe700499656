// A file of arrays of any shape, from values that lie anywhere on the ranks.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "synbal/io/result.hpp"

namespace synbal {

/// An array of the file. It is taken as `rows` rows (the first axes) of `width` elements each; every rank has values of
/// the same elements in every row.
struct FileArray {
  std::string name;                 ///< dataset, with its groups where the name has several parts
  std::vector<std::int64_t> shape;  ///< equal on all ranks
  std::int64_t rows = 1;            ///< equal on all ranks; divides the number of elements
  std::vector<std::int64_t> place;  ///< [local] in a row, over all ranks a permutation of 0..width-1
  std::variant<std::vector<double>, std::vector<std::int64_t>> values;  ///< [rows * local]
};

/// An array that all ranks know; rank 0 writes it.
[[nodiscard]] FileArray common_array(const Comm& comm, std::string name, std::vector<std::int64_t> shape,
                                     std::vector<double> values);

/// Collective. HDF5, `about` as root attributes; a temporary name, checked, renamed. Names and shapes are the same on
/// all ranks. @throws Error io_failure.
void write_arrays(const Comm& comm, const std::vector<FileArray>& arrays, const Provenance& about,
                  const std::string& path);

}  // namespace synbal
