// Reading and writing networks: one file per format, found by the extension of the path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "synbal/core/enum_names.hpp"
#include "synbal/network/network.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

/// Which index of an entry is postsynaptic.
enum class Orientation { post_pre, pre_post };

template <>
inline constexpr auto enum_names<Orientation> =
    std::to_array<EnumName<Orientation>>({{Orientation::post_pre, "post-pre"}, {Orientation::pre_post, "pre-post"}});
template <>
inline constexpr auto enum_names<Duplicates> = std::to_array<EnumName<Duplicates>>({{Duplicates::sum, "sum"},
                                                                                    {Duplicates::keep, "keep"},
                                                                                    {Duplicates::error, "error"}});
template <>
inline constexpr auto enum_names<PartitionKind> = std::to_array<EnumName<PartitionKind>>(
    {{PartitionKind::contiguous, "contiguous"}, {PartitionKind::nnz, "nnz"}, {PartitionKind::ptscotch, "ptscotch"}});

struct ReadOptions {
  Duplicates duplicates = Duplicates::sum;
  Orientation orientation = Orientation::post_pre;
  PartitionKind partition = PartitionKind::nnz;
  /// FILE[:/dataset]: node ids one a line ('#' starts a comment), or a 0/1 dataset. Ids are those of the network's
  /// /node_id; without it the places in the file, from 0 in a .h5, from 1 in a .mtx as its own indices.
  std::optional<std::string> pinned;
  std::optional<std::string> gain;  ///< FILE[:/dataset]: one value a line, or a dataset of N values
  bool checksum = true;             ///< compute the checksum of the file's bytes
};

/// Collective. Reads FILE, or FILE.h5:/group; every rank takes its share, none holds the whole.
/// @throws Error bad_input (file, line or dataset, value, why, what to do), io_failure; the same on all ranks.
Network read_network(const Comm& comm, const std::string& path, const ReadOptions& options);

/// A path as users write it, taken apart: FILE.h5:/group names something inside FILE.h5.
struct Hdf5Path {
  std::string file;    ///< FILE.h5, or the whole path when it has no such colon
  std::string inside;  ///< what follows the colon; empty: nothing was named
  explicit Hdf5Path(const std::string& path);
  [[nodiscard]] bool is_hdf5() const { return file.ends_with(".h5"); }
};

/// @throws Error usage when the extension names no format that can be written. Not collective: call before long work.
void check_writable_format(const std::string& path);

/// @throws Error io_failure when no file can be made at `path` (folder missing or not writable). Not collective: call
/// on one rank, before long work.
void check_can_write(const std::string& path);

/// Not collective: for one rank alone. `text` becomes the whole content of the file at `path`, which is either that or
/// as it was: a temporary name, flushed to the disk, renamed. @throws Error io_failure.
void replace_file(const std::string& path, std::string_view text);

/// Collective. Writes to a temporary name beside `path`, then renames: `path` is either whole or as it was. The
/// file has the order of the network's own file. Matrix Market files keep the weights alone, not the node data.
/// @throws Error usage for an unknown extension, io_failure.
void write_network(const Comm& comm, const Network& network, const std::string& path);

}  // namespace synbal
