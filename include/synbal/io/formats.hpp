// Reading and writing networks: one file per format, found by the extension of the path.
#pragma once

#include <optional>
#include <string>

#include "synbal/network/network.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

/// Which index of an entry is postsynaptic.
enum class Orientation { post_pre, pre_post };

struct ReadOptions {
  Duplicates duplicates = Duplicates::sum;
  Orientation orientation = Orientation::post_pre;
  PartitionKind partition = PartitionKind::nnz;
  std::optional<std::string> pinned;  ///< FILE[:/dataset]: node ids one a line, or a 0/1 dataset
  std::optional<std::string> gain;    ///< FILE[:/dataset]: one value a line, or a dataset of N values
  bool checksum = true;               ///< compute the checksum of the file's bytes
};

/// Collective. Reads FILE, or FILE.h5:/group; every rank takes its share, none holds the whole.
/// @throws Error bad_input (file, line or dataset, value, why, what to do), io_failure; the same on all ranks.
Network read_network(const Comm& comm, const std::string& path, const ReadOptions& options);

/// @throws Error usage when the extension names no format that can be written. Not collective: call before long work.
void check_writable_format(const std::string& path);

/// Collective. Writes to a temporary name beside `path`, then renames: `path` is either whole or as it was.
void write_network(const Comm& comm, const Network& network, const std::string& path);

}  // namespace synbal
