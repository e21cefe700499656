// Values per neuron (ids, pinned, gains, exponents, labels of groups) from datasets and from text files.
#pragma once

#include "io/hdf5/hdf5_file.hpp"
#include "synbal/network/network.hpp"

namespace synbal::io {

/// Not collective. The values of the given rows; the dataset must have one per neuron. @throws Error bad_input.
std::vector<std::int64_t> read_node_ids(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);
std::vector<std::uint8_t> read_pinned(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);
std::vector<double> read_gain(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);
std::vector<double> read_exponent(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);
std::vector<double> read_known_h(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);
std::vector<std::int64_t> read_group(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);

/// Collective. What FILE.h5[:/dataset] says of every owned neuron, 0 or 1. @throws Error bad_input, io_failure.
std::vector<std::uint8_t> flagged_neurons(const Comm& comm, const Network& network, const std::string& from);

/// What one rank has of a text file of ids or names.
struct IdLines {
  std::vector<std::int64_t> id;
  Texts name;                      ///< instead of ids where `names`
  std::vector<std::int64_t> line;  ///< of each
  bool names = false;

  /// As find_neurons wants them.
  [[nodiscard]] const Texts* names_or_none() const noexcept { return names ? &name : nullptr; }
};
/// Collective. `per_line` ids on every line ('#' starts a comment), or names where the network has such: a whole line
/// is one, two have a tab, else a comma, else blanks between them. @throws Error bad_input with file and line.
IdLines read_id_lines(const Comm& comm, const std::string& path, int per_line, bool names);

/// Collective. Set the gains, the homogeneity exponents, the labels of tied groups of all neurons from `from`
/// (FILE[:/dataset], see ReadOptions). @throws Error bad_input with file and line or element.
void apply_gain(const Comm& comm, Network& network, const std::string& from);
void apply_exponent(const Comm& comm, Network& network, const std::string& from);
void apply_group(const Comm& comm, Network& network, const std::string& from);
/// Collective. [n_local] The labels that apply_group sets.
std::vector<std::int64_t> read_labels(const Comm& comm, const Network& network, const std::string& from);

}  // namespace synbal::io
