// The arrays around a network in an HDF5 file of the native layout: read.
#pragma once

#include "io/hdf5/hdf5_file.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

/// Collective. input_weights, output_weights, bias and initial_state in the group `parent`, as far as there are any
/// (and input_weights_2, ...), of a network of n neurons. @throws Error bad_input.
std::vector<NetworkArray> read_arrays(const Comm& comm, const Hdf5Input& file, const std::string& parent, GlobalIndex n,
                                      const ReadOptions& options);

}  // namespace synbal::io
