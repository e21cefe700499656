// Names of neurons in HDF5 files: texts of equal room, one per neuron.
#pragma once

#include <optional>

#include "io/hdf5/hdf5_file.hpp"
#include "io/hdf5/hdf5_output.hpp"
#include "synbal/network/network.hpp"

namespace synbal::io {

/// Not collective. The names of the given rows; the dataset must have one per neuron. @throws Error bad_input.
Texts read_node_names(const Hdf5Input& file, const std::string& dataset, const Ownership& rows);

/// Texts of all ranks on their way to a dataset; nothing where no rank has any.
class NameOutput {
 public:
  /// Collective. `names`: those of rows first, first + 1, ... of `length`.
  NameOutput(const Comm& comm, const std::string& path, const Texts& names, GlobalIndex first, GlobalIndex length,
             Hdf5Output& output);
  /// After output.create(). Not collective.
  void write(Hdf5Output& output) const;

 private:
  const Texts* names_;
  GlobalIndex first_;
  std::int64_t width_ = 0;
  std::optional<Hdf5Output::DatasetId> id_;
};

}  // namespace synbal::io
