// Work that a damaged file can make crash or hang, done by a process that nobody will miss.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace synbal::io {

/// Not collective. What `work` returns, run in a child process: at most 1 MiB of text, a few seconds and little memory
/// beyond what there is. Nothing when it returns nothing, breaks a limit, crashes, or when no process can be made. It
/// may use HDF5 files that are open here, and nothing of MPI.
[[nodiscard]] std::optional<std::string> in_child(const std::function<std::optional<std::string>()>& work);

/// Not collective. Whether the same work, which returns nothing, crashes there or goes on without end; false where that
/// cannot be known.
[[nodiscard]] bool dies_in_child(const std::function<void()>& work);

/// Not collective. The text of variable length that an attribute (or anything that H5Aread takes) of one element holds:
/// its size lies in a heap of the file, and HDF5 trusts it.
[[nodiscard]] std::optional<std::string> read_variable_text(std::int64_t attribute, std::int64_t type);

}  // namespace synbal::io
