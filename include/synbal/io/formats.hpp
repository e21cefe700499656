// Reading and writing networks: one file per format, found by the extension of the path.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synbal/core/enum_names.hpp"
#include "synbal/network/generate.hpp"
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

/// Whether the first row of an edge list names the columns.
enum class Header { recognised, present, absent };
template <>
inline constexpr auto enum_names<Header> =
    std::to_array<EnumName<Header>>({{Header::recognised, "auto"}, {Header::present, "yes"}, {Header::absent, "no"}});

/// How the columns of edge lists are taken. A column is named as in the header, or by its number from 1. What is left
/// open is recognised.
struct EdgeListOptions {
  std::optional<std::string> source, target;  ///< columns of the pre- and the postsynaptic neuron
  std::optional<std::string> weight;          ///< column; "none": every row weighs 1
  std::optional<std::string> sign_column;     ///< the weight is negative where this column says inhibitory
  std::optional<std::string> sign;            ///< FILE: "neuron sign" a line; weights from inhibitory ones are negative
  std::vector<std::string> inhibitory;        ///< the words that mean inhibitory, where they are not the usual ones
  std::vector<std::string> where;             ///< "column=value", "column!=value", "column>=number": rows to take
  std::optional<std::string> neurons;         ///< FILE: the neurons, one a line; rows with others are left out
  std::string separator;                      ///< one character; "" is recognised, " " is any run of blanks
  Header header = Header::recognised;

  /// Whether nothing is asked for.
  [[nodiscard]] bool operator==(const EdgeListOptions&) const = default;
};

/// Arrays of a bundle (.npz, .safetensors) by name. What is left open is found by the names that are usual; "none":
/// there is none.
struct ArrayNames {
  std::optional<std::string> recurrent;
  std::vector<std::string> input, output_weights, bias, initial_state;
};

struct ReadOptions {
  Duplicates duplicates = Duplicates::sum;
  Orientation orientation = Orientation::post_pre;
  PartitionKind partition = PartitionKind::nnz;
  /// I,J,... or FILE[:/dataset]: node ids one a line ('#' starts a comment), or a 0/1 dataset. Ids are those of the
  /// network's /node_id; without it the places in the file, from 0, in every format.
  std::optional<std::string> pinned;
  /// FILE[:/dataset]: one value a line, or a dataset of N values. "none", here and below: not those of the network's
  /// own file either.
  std::optional<std::string> gain;
  std::optional<std::string> exponent;  ///< likewise: homogeneity exponents
  /// FILE[:/dataset]: a label for every neuron; those of one label are tied (NodeData::group). Whole numbers or words,
  /// one a line, or a dataset of N integers; -1: tied to none.
  std::optional<std::string> tie;
  /// FILE[:/dataset]: the factor of every synapse's cost, one a line or a dataset, in the order of the file's entries.
  std::optional<std::string> alpha;
  bool checksum = true;   ///< compute the checksum of the file's bytes
  EdgeListOptions edges;  ///< for edge lists alone
  ArrayNames arrays;      ///< for bundles of arrays alone
  /// For SONATA files alone: the population of the network's neurons, and the table of edge types.
  std::optional<std::string> population, edge_types;
};

/// Collective. Reads FILE, or FILE.h5:/group; every rank takes its share, none holds the whole. `path` may be a pattern
/// with * and ? that several files match, the parts of one network (edge lists).
/// @throws Error bad_input (file, line or dataset, value, why, what to do), io_failure; the same on all ranks.
Network read_network(const Comm& comm, const std::string& path, const ReadOptions& options);
/// Collective. The network of which these files are the parts, in this order; one file: as above.
Network read_network(const Comm& comm, const std::vector<std::string>& paths, const ReadOptions& options);

/// Not collective. The files that a path with * or ? matches, sorted; the path itself where a file has that name, or
/// nothing matches.
[[nodiscard]] std::vector<std::string> files_of(const std::string& path);

/// A path as users write it, taken apart: FILE.h5:/group names something inside FILE.h5.
struct Hdf5Path {
  std::string file;    ///< FILE.h5, or the whole path when it has no such colon
  std::string inside;  ///< what follows the colon; empty: nothing was named
  explicit Hdf5Path(const std::string& path);
  [[nodiscard]] bool is_hdf5() const;
  /// Of files that are looked into.
  static constexpr std::array<std::string_view, 4> kExtensions{".h5", ".hdf5", ".h5ad", ".mat"};
};

/// What a network file tells of single neurons: nothing but their order, their names or ids too, or all of NodeData.
enum class NodesKept { nothing, names, all };
/// Of a network written to `path`. Not collective. @throws Error usage as check_writable_format().
[[nodiscard]] NodesKept nodes_kept(const std::string& path);
/// Whether a network written to `path` takes its inputs, outputs, biases and states along. Not collective. @throws
/// Error usage as check_writable_format().
[[nodiscard]] bool keeps_arrays(const std::string& path);

/// How weights are written: as doubles, or as the nearest floats (native files alone).
enum class Precision { full, single };

/// @throws Error usage when the extension names no format that can be written so. Not collective: call before long
/// work.
void check_writable_format(const std::string& path, Precision precision = Precision::full);

/// @throws Error io_failure when no file can be made at `path` (folder missing or not writable). Not collective: call
/// on one rank, before long work.
void check_can_write(const std::string& path);

/// Not collective: for one rank alone. `text` becomes the whole content of the file at `path`, which is either that or
/// as it was: a temporary name, flushed to the disk, renamed. @throws Error io_failure.
void replace_file(const std::string& path, std::string_view text);

/// Collective. Writes to a temporary name beside `path`, then renames: `path` is either whole or as it was. The
/// file has the order of the network's own file. Matrix Market files keep the weights alone, edge lists the weights and
/// the names or ids of neurons that have synapses; the native format keeps all.
/// @throws Error usage for an unknown extension, bad_input for a weight that single precision cannot hold, io_failure.
/// @pre check_writable_format()
void write_network(const Comm& comm, const Network& network, const std::string& path,
                   Precision precision = Precision::full);

/// Collective. The same file as write_network() makes of the same network, whose rows are made and written some
/// megabytes at a time. Native files alone. @throws Error usage for others, and as write_network().
void write_network(const Comm& comm, const GeneratedRows& made, const std::string& path,
                   Precision precision = Precision::full);

/// Collective. Writes a network that read_network() made of the file `input` with these options, and that was scaled by
/// `h` [n_local] since. Where `path` has the extension of `input`, and that is a SONATA file or a bundle of arrays, it
/// becomes a copy of the whole file: only weights and the arrays scaled with them differ, and these are float64.
/// Otherwise as write_network(). @throws Error usage, bad_input, io_failure.
void write_scaled(const Comm& comm, const Network& network, std::span<const double> h, const std::string& input,
                  const ReadOptions& options, const std::string& path);

}  // namespace synbal
