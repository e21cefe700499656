// How large a network is, from the header of its file alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "synbal/io/formats.hpp"
#include "synbal/network/generate.hpp"

namespace synbal {

struct NetworkSizes {
  std::string format;
  std::optional<GlobalIndex> neurons;          ///< nothing where only reading all of it would tell (edge lists)
  std::int64_t entries = 0;                    ///< that are stored: duplicates, zeros and self-loops among them
  bool estimated = false;                      ///< entries: from the length of the file or what a generator expects
  std::optional<GeneratorParams> generated{};  ///< complete: what the name of a network that needs no file means
};

/// Collective. Reads no entry of the network, or the first ones of an edge list.
/// @throws Error bad_input, io_failure, usage as read_network() does for what it looks at.
NetworkSizes network_sizes(const Comm& comm, const std::string& path, const ReadOptions& options);

}  // namespace synbal
