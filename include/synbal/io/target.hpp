// What stands where an output is to go: whether it may be replaced.
#pragma once

#include <string>

namespace synbal {

/// What a path leads to.
enum class Target {
  nothing,  ///< nothing that could be lost: no file, an empty one, or a stream
  network,  ///< a network that this program wrote
  data,     ///< a result, trajectory, table, report or checkpoint of this program
  foreign   ///< somebody else's, or in a format that cannot tell (edge lists, PETSc's)
};

/// Not collective. By marks in the file: attributes in HDF5, comments of Matrix Market and .npz, the metadata of
/// .safetensors, the words that tables and reports begin with.
[[nodiscard]] Target target_at(const std::string& path);

}  // namespace synbal
