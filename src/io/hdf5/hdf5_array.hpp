// An HDF5 dataset as a list of numbers.
#pragma once

#include "io/arrays/number_array.hpp"
#include "io/hdf5/hdf5_file.hpp"

namespace synbal::io {

/// `file` must outlive it.
[[nodiscard]] std::unique_ptr<NumberArray> dataset_array(const Hdf5Input& file, Dataset dataset);

}  // namespace synbal::io
