// A damaged file is looked through by a process that nobody will miss, before anybody relies on it.
#pragma once

#include "io/input_file.hpp"

namespace synbal::io {

/// Not collective. Whether HDF5 crashes over, or never ends with, the headers and attributes of a file's objects: HDF5
/// 1.10 reads beyond an attribute's message where the sizes in it lie. Files with very many objects are looked through
/// in part.
[[nodiscard]] bool is_deadly(const InputFile& file);

}  // namespace synbal::io
