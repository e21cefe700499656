// Datasets are read by rows; lines of text by all ranks, each its own, and then brought to the neurons.
#include "synbal/io/neuron_vectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/hdf5/hdf5_file.hpp"
#include "io/nodes/node_values.hpp"
#include "io/text/number_lines.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

namespace {
/// Vectors of the neurons at the places `rows` of the file.
struct FileRows {
  Ownership rows;
  int columns = 1;
  std::vector<double> values;
};

// ---- HDF5

void check_shape(const io::Dataset& found, std::int64_t n, std::int64_t rows, std::int64_t columns) {
  const auto shape = columns == 0 ? fmt::format("[{}]", rows) : fmt::format("[{}, {}]", rows, columns);
  if (rows != n) {
    throw bad_input(fmt::format("{} has the shape {} for {} neurons{}: give one of shape [{}] or [{}, columns]",
                                found.name, shape, n, columns == n ? " (it lies on its side: transpose it)" : "", n,
                                n));
  }
  if (columns > 1 << 20) throw bad_input(fmt::format("{} has {} columns: give fewer", found.name, columns));
}

/// Not collective.
FileRows read_dataset(const io::Hdf5Input& file, const std::string& name, const Ownership& rows) {
  if (!file.exists(name)) throw file.error(fmt::format("has no dataset {}: name one of its datasets", name));
  const bool flat = file.dimensions(name) != 2;
  const auto found = flat ? file.dataset(name, io::ElementKind::real) : file.table(name);
  check_shape(found, rows.size(), flat ? found.length : found.rows, flat ? 0 : found.width);
  FileRows part{rows, flat ? 1 : static_cast<int>(found.width), {}};
  part.values.resize(at(rows.count()) * at(part.columns));
  file.read(found, rows.first() * part.columns, std::ssize(part.values), part.values.data());
  const auto odd = std::ranges::find_if_not(part.values, [](double v) { return std::isfinite(v); });
  if (odd != part.values.end()) {
    throw bad_input(fmt::format("{}: element {} is {}: give finite numbers", found.name,
                                rows.first() * part.columns + (odd - part.values.begin()), *odd));
  }
  return part;
}

FileRows from_hdf5(const Comm& comm, const std::string& option, const std::string& from, const Ownership& rows) {
  const Hdf5Path path(from);
  if (path.inside.empty()) {
    throw usage_error(fmt::format("{} {}: which dataset is meant? Write {}:/NAME", option, from, path.file));
  }
  const auto file = io::Hdf5Input::open(comm, path.file);
  return agreed(comm, [&] { return read_dataset(file, path.inside, rows); });
}

// ---- text

FileRows from_text(const Comm& comm, const std::string& path, GlobalIndex n) {
  auto part = io::read_number_lines<double>(comm, path, {0, true, ": give finite numbers, a line for every neuron"});
  const auto rows = comm.sum(part.rows);
  if (rows != n) {
    throw bad_input(
        fmt::format("{}: has {} lines with numbers for {} neurons: give a line for every neuron, in the "
                    "order of the network's file",
                    path, rows, n));
  }
  return {Ownership::of_counts(comm, part.rows), static_cast<int>(std::max<std::int64_t>(part.per_line, 1)),
          std::move(part.values)};
}

// ---- to the neurons

// Collective. Column by column, as a partition moves single values.
std::vector<double> brought_to_neurons(const Comm& comm, const Network& network, const FileRows& read) {
  const auto m = at(read.columns);
  std::vector<double> values(at(network.local_size()) * m);
  std::vector<double> column(read.values.size() / m);
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = read.values[i * m + k];
    const auto own = from_file_order<double>(comm, network, read.rows, column);
    for (std::size_t i = 0; i < own.size(); ++i) values[i * m + k] = own[i];
  }
  return values;
}
}  // namespace

NeuronVectors read_neuron_vectors(const Comm& comm, const Network& network, const std::string& option,
                                  const std::string& from) {
  const auto read = Hdf5Path(from).is_hdf5() ? from_hdf5(comm, option, from, Ownership::even(comm, network.size()))
                                             : from_text(comm, from, network.size());
  return {read.columns, brought_to_neurons(comm, network, read)};
}

std::vector<std::int64_t> read_neuron_labels(const Comm& comm, const Network& network, const std::string& from) {
  return io::read_labels(comm, network, from);
}

}  // namespace synbal
