// The root attributes that say where a file comes from, for writing and for reading back.
#pragma once

#include "io/hdf5/hdf5_output.hpp"
#include "synbal/io/result.hpp"

namespace synbal::io {

void declare_provenance(const Provenance& told, Hdf5Output& output);

/// Not collective. @throws Error bad_input when one is missing.
Provenance read_provenance(const Hdf5Input& file);

}  // namespace synbal::io
