// Networks in HDF5 files: the matrix, in any of the layouts that matrix_object knows, and what stands beside it about
// the neurons. Written is the native format: /weights as compressed sparse rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/arrays/activations.hpp"
#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/hdf5/matrix_object.hpp"
#include "io/hdf5/native_arrays.hpp"
#include "io/hdf5/native_output.hpp"
#include "io/hdf5/node_names.hpp"
#include "io/mark.hpp"
#include "io/nodes/node_values.hpp"
#include "io/sizes.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::io {

namespace {
/// Where in the file a network lies: the object of the weights, and the group with the node data.
struct Place {
  std::string weights, parent;
};

Place find_place(const Hdf5Input& file, const std::string& inside) {
  std::string path = inside;
  if (path.empty() || path == "/") {
    path = find_matrix(file);
  } else {
    if (path.front() != '/') path = fmt::format("/{}", path);
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (file.exists(in_group(path, "weights"))) return {in_group(path, "weights"), path};
  }
  const auto slash = path.rfind('/');
  return {path, slash == 0 ? "/" : path.substr(0, slash)};
}

/// The options with the file's own alphas, unless others are asked for.
ReadOptions with_own_alphas(const Hdf5Input& file, const Place& place, ReadOptions options) {
  const auto own = in_group(place.parent, "alpha");
  if (!options.alpha && file.exists(own)) options.alpha = file.path() + ":" + own;
  return options;
}

NodeData read_nodes(const Hdf5Input& file, const Place& place, const Ownership& rows) {
  NodeData nodes;
  const auto name = [&](const char* what) { return in_group(place.parent, what); };
  if (file.exists(name("node_id"))) nodes.id = read_node_ids(file, name("node_id"), rows);
  if (file.exists(name("node_name")) && nodes.id.empty()) {
    nodes.name = read_node_names(file, name("node_name"), rows);
  }
  if (file.exists(name("pinned"))) nodes.pinned = read_pinned(file, name("pinned"), rows);
  if (file.exists(name("gain"))) nodes.gain = read_gain(file, name("gain"), rows);
  if (file.exists(name("exponent"))) nodes.exponent = read_exponent(file, name("exponent"), rows);
  if (file.exists(name("known_h"))) nodes.known_h = read_known_h(file, name("known_h"), rows);
  if (file.exists(name("group"))) nodes.group = read_group(file, name("group"), rows);
  return nodes;
}

/// What the file says of the neurons' activation, if that is a word about it.
std::vector<std::string> notices(const Hdf5Input& file, const Place& place) {
  if (!file.has_attribute(place.parent, "activation")) return {};
  return notices_of_activation(file.text_attribute(place.parent, "activation"));
}
}  // namespace

NetworkSizes hdf5_sizes(const InputFile& bytes, const Source& source, const ReadOptions& /*options*/) {
  const auto file = Hdf5Input::open_serial(bytes);
  const auto matrix = open_matrix(file, find_place(file, source.inside).weights);
  if (const auto* dense = std::get_if<DenseMatrix>(&matrix)) return {{}, dense->n, dense->n * dense->n};
  const auto& rows = std::get<CompressedMatrix>(matrix);
  return {{}, rows.n, rows.nnz()};
}

Network read_native_hdf5(const Comm& comm, const InputFile& bytes, const Source& source, const ReadOptions& options) {
  const auto file = Hdf5Input::open(comm, bytes);
  const auto place = agreed(comm, [&] { return find_place(file, source.inside); });
  InputFacts facts;
  facts.path = bytes.path();
  const auto matrix = agreed(comm, [&] {
    facts.notices = notices(file, place);
    return open_matrix(file, place.weights);
  });
  const auto wanted = agreed(comm, [&] { return with_own_alphas(file, place, options); });
  auto network = std::visit([&](const auto& found) { return network_of(comm, found, wanted, facts); }, matrix);
  network.nodes = agreed(comm, [&] { return read_nodes(file, place, network.rows); });
  network.arrays = read_arrays(comm, file, place.parent, network.size(), options);
  return network;
}

namespace {
void write(const Comm& comm, const Network& network, const std::string& path, Precision precision) {
  with_file_order(comm, network, [&](const Network& ordered) {
    Hdf5Output output;
    output.seal();
    NativeOutput native(comm, ordered, output, precision);
    output.attribute("/", kMarkName, std::string(kMark));
    output.create(comm, path);
    native.write();
    output.finish();
  });
}

bool fits_single(double weight) {
  const auto single = static_cast<float>(weight);
  return std::isfinite(single) && single != 0;
}

Error beyond_single(double weight, GlobalIndex row, GlobalIndex column) {
  return bad_input(
      fmt::format("the weight {} (row {}, column {}) is not in the range of single precision, 1e-45 to 3.4e38: "
                  "write it in full precision",
                  weight, row + 1, column + 1));
}

/// @throws Error bad_input for a weight that becomes 0 or infinite.
void check_single_range(const Network& network) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      if (fits_single(network.weight[at(e)])) continue;
      throw beyond_single(network.weight[at(e)], network.file_index(i), network.global(network.column[at(e)]));
    }
  }
}

/// The same of rows from `first` on.
void check_single_range(GlobalIndex first, const GlobalRows& rows) {
  const auto beyond = std::ranges::find_if_not(rows.weight, fits_single);
  if (beyond == rows.weight.end()) return;
  const auto entry = beyond - rows.weight.begin();
  const auto row = std::ranges::upper_bound(rows.row_ptr, entry) - rows.row_ptr.begin() - 1;
  throw beyond_single(*beyond, first + row, rows.column[at(entry)]);
}
}  // namespace

void write_native_rows(const Comm& comm, const GeneratedRows& made, const std::string& path, Precision precision) {
  constexpr std::int64_t block = std::int64_t{1} << 20;  // entries, or one row: 24 MB and what they are made from
  const auto& outline = made.outline();
  Hdf5Output output;
  output.seal();
  NativeOutput native(comm, outline, output, precision);
  output.attribute("/", kMarkName, std::string(kMark));
  output.create(comm, path);
  native.write();
  agreed(comm, [&] {
    for (LocalIndex begin = 0; begin < outline.local_size();) {
      auto end = begin + 1;
      while (end < outline.local_size() && outline.row_ptr[at(end)] - outline.row_ptr[at(begin)] < block) ++end;
      const auto rows = made.rows(begin, end);
      if (precision == Precision::single) check_single_range(outline.rows.first() + begin, rows);
      native.write_rows(begin, rows);
      begin = end;
    }
  });
  output.finish();
}

void write_native_hdf5(const Comm& comm, const Network& network, const std::string& path) {
  write(comm, network, path, Precision::full);
}

void write_single_hdf5(const Comm& comm, const Network& network, const std::string& path) {
  agreed(comm, [&] { check_single_range(network); });
  write(comm, network, path, Precision::single);
}

}  // namespace synbal::io
