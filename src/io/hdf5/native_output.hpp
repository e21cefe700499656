// A network in the native format, being written: weights as compressed sparse rows, node data, and the arrays around.
#pragma once

#include <optional>

#include "io/hdf5/hdf5_output.hpp"
#include "io/hdf5/node_names.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/network/network.hpp"

namespace synbal::io {

/// Of a network in file order, into an Hdf5Output. Indices take 4 bytes below 2^31 neurons.
class NativeOutput {
 public:
  /// Declares /weights, the node data that some rank has, and the arrays around. Collective.
  NativeOutput(const Comm& comm, const Network& network, Hdf5Output& output, Precision precision = Precision::full);
  /// After output.create(). Not collective. Of a network without columns all but the entries, which are written by
  /// rows.
  void write();
  /// Not collective. The entries of this rank's rows from `begin` on.
  void write_rows(LocalIndex begin, const GlobalRows& rows);

 private:
  /// An array around the network, and the datasets that it goes to.
  struct ArrayOutput {
    NetworkArray array;
    Hdf5Output::DatasetId values = 0, index = 0, starts = 0;
    std::int64_t first = 0;  ///< of the own elements
  };

  void declare_array(const std::string& path, NetworkArray&& array);
  void write_weights();
  /// column(k), weight(k): of `count` entries from `first` on in the file.
  template <class Column>
  void write_columns(std::int64_t first, std::int64_t count, Column&& column);
  void write_values(std::int64_t first, std::span<const double> weights);
  void write_array(const ArrayOutput& array);
  /// visit(name, values, dataset) for the node data; only fields that some rank has get a dataset.
  template <class Visit>
  void for_each_field(Visit&& visit);

  const Network* network_;
  Hdf5Output* output_;
  Precision precision_;
  bool narrow_;  // indices
  std::int64_t first_entry_;
  Hdf5Output::DatasetId data_, indices_, indptr_;
  std::optional<NameOutput> names_;
  std::optional<Hdf5Output::DatasetId> id_, pinned_, gain_, exponent_, group_, alpha_, known_h_;
  std::vector<ArrayOutput> arrays_;
};

}  // namespace synbal::io
