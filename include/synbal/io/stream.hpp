// Paths that are no places for files.
#pragma once

#include <string>

namespace synbal {

/// Whether a path means what the run prints to, `-` or `/dev/stdout`: wherever that leads, this is added to it.
[[nodiscard]] bool is_stdout(const std::string& path);

/// Not collective. Whether a path leads to no file but to a stream (`-`, a pipe, a device) that is written to.
[[nodiscard]] bool is_stream(const std::string& path);

}  // namespace synbal
