// The compressed sparse rows of the native format, as the group of an HDF5 file: read, and written.
#pragma once

#include "io/hdf5/hdf5_file.hpp"
#include "io/hdf5/hdf5_output.hpp"
#include "io/text/line_blocks.hpp"
#include "synbal/network/network.hpp"

namespace synbal::io {

/// A group in AnnData's csr_matrix layout whose description passed all checks.
struct CsrGroup {
  Dataset data, indices, indptr;
  GlobalIndex n = 0;
  std::int64_t nnz = 0;
};

/// Not collective. @throws Error bad_input.
CsrGroup open_csr(const Hdf5Input& file, const std::string& group);

/// Not collective. indptr of the given rows, rows.count() + 1 values as they are in the file.
/// @throws Error bad_input when they do not start at 0, fall, or end elsewhere than at the number of entries.
std::vector<std::int64_t> read_indptr(const Hdf5Input& file, const CsrGroup& csr, const Ownership& rows);

/// Not collective. The given rows, every index and value checked; holds 16 bytes an entry and no more.
GlobalRows read_rows(const Hdf5Input& file, const CsrGroup& csr, const Ownership& rows);

/// The weights and node data of a network in file order, being written to an Hdf5Output.
class NativeOutput {
 public:
  /// Declares /weights and the node data that some rank has. Collective.
  NativeOutput(const Comm& comm, const Network& network, Hdf5Output& output);
  /// After output.create(). Not collective.
  void write();

 private:
  void write_weights();
  /// visit(name, values, dataset) for the node data; only fields that some rank has get a dataset.
  template <class Visit>
  void for_each_field(Visit&& visit);

  const Network* network_;
  Hdf5Output* output_;
  std::int64_t first_entry_;
  Hdf5Output::DatasetId data_, indices_, indptr_;
  std::optional<Hdf5Output::DatasetId> id_, pinned_, gain_, exponent_;
};

}  // namespace synbal::io
