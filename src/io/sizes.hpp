// Of every format: what its header says of the size of the network. Not collective; each stands beside its reader.
#pragma once

#include "io/format.hpp"
#include "synbal/io/sizes.hpp"

namespace synbal::io {

NetworkSizes matrix_market_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
NetworkSizes matrix_market_gz_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
NetworkSizes hdf5_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
NetworkSizes sonata_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
NetworkSizes petsc_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
NetworkSizes npz_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
NetworkSizes safetensors_sizes(const InputFile& file, const Source& source, const ReadOptions& options);
/// From the mean length of the first lines; of compressed files as if all of it were compressed like its beginning.
NetworkSizes edge_list_sizes(const InputFile& file, const Source& source, const ReadOptions& options);

}  // namespace synbal::io
