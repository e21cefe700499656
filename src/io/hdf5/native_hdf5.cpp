// Networks in HDF5 files: the matrix, in any of the layouts that matrix_object knows, and what stands beside it about
// the neurons. Written is the native format: /weights as compressed sparse rows.
#include <fmt/format.h>

#include <algorithm>

#include "io/arrays/activations.hpp"
#include "io/arrays/network_array.hpp"
#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/hdf5/hdf5_array.hpp"
#include "io/hdf5/matrix_object.hpp"
#include "io/hdf5/native_output.hpp"
#include "io/node_values.hpp"
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

void check_supported(const Hdf5Input& file, const Place& place) {
  if (file.exists(in_group(place.parent, "group"))) {
    throw file.error(fmt::format("{}: tied groups cannot be balanced yet: remove /group to balance neurons one by one",
                                 in_group(place.parent, "group")));
  }
}

NodeData read_nodes(const Hdf5Input& file, const Place& place, const Ownership& rows) {
  NodeData nodes;
  const auto name = [&](const char* what) { return in_group(place.parent, what); };
  if (file.exists(name("node_id"))) nodes.id = read_node_ids(file, name("node_id"), rows);
  if (file.exists(name("pinned"))) nodes.pinned = read_pinned(file, name("pinned"), rows);
  if (file.exists(name("gain"))) nodes.gain = read_gain(file, name("gain"), rows);
  if (file.exists(name("exponent"))) nodes.exponent = read_exponent(file, name("exponent"), rows);
  return nodes;
}

// ---- arrays around the network

struct NamedArray {
  std::string object;
  ArrayRole role;
};

/// input_weights, input_weights_2, ... as far as there are any.
std::vector<NamedArray> arrays_in(const Hdf5Input& file, const std::string& parent) {
  std::vector<NamedArray> found;
  for (const auto& [role, name] : enum_names<ArrayRole>) {
    const auto object = in_group(parent, std::string(name));
    for (int k = 1; k < 100; ++k) {
      const auto numbered = k == 1 ? object : fmt::format("{}_{}", object, k);
      if (!file.exists(numbered)) break;
      found.push_back({numbered, role});
    }
  }
  return found;
}

/// Collective.
NetworkArray read_sparse(const Comm& comm, const Hdf5Input& file, const NamedArray& named, GlobalIndex n,
                         const ReadOptions& options) {
  MatrixShape shape;
  const auto matrix = agreed(comm, [&] { return open_compressed(file, named.object, shape); });
  return read_array(comm, {named.object, named.role, {shape.rows, shape.columns}, false}, matrix, n, options);
}

/// Collective.
NetworkArray read_dense(const Comm& comm, const Hdf5Input& file, const NamedArray& named, GlobalIndex n,
                        const ReadOptions& options) {
  ArrayPlan plan{named.object, named.role, {}, false};
  const auto numbers = agreed(comm, [&] {
    const bool flat = file.dimensions(named.object) != 2;
    auto found = flat ? file.dataset(named.object, ElementKind::real) : file.table(named.object);
    plan.shape = flat ? std::vector{found.length} : std::vector{found.rows, found.width};
    plan.is_transposed = file.has_attribute(named.object, "MATLAB_class");
    return dataset_array(file, std::move(found));
  });
  return read_array(comm, plan, *numbers, n, options);
}

/// Collective.
std::vector<NetworkArray> read_arrays(const Comm& comm, const Hdf5Input& file, const std::string& parent, GlobalIndex n,
                                      const ReadOptions& options) {
  std::vector<NetworkArray> arrays;
  for (const auto& named : agreed(comm, [&] { return arrays_in(file, parent); })) {
    const bool sparse = agreed(comm, [&] { return file.is_group(named.object); });
    arrays.push_back(sparse ? read_sparse(comm, file, named, n, options) : read_dense(comm, file, named, n, options));
  }
  return arrays;
}

/// What the file says of the neurons' activation, if that is a word about it.
std::vector<std::string> notices(const Hdf5Input& file, const Place& place) {
  if (!file.has_attribute(place.parent, "activation")) return {};
  return notices_of_activation(file.text_attribute(place.parent, "activation"));
}
}  // namespace

Network read_native_hdf5(const Comm& comm, const InputFile& bytes, const Source& source, const ReadOptions& options) {
  const auto file = Hdf5Input::open(comm, bytes);
  const auto place = agreed(comm, [&] { return find_place(file, source.inside); });
  InputFacts facts;
  facts.path = bytes.path();
  const auto matrix = agreed(comm, [&] {
    check_supported(file, place);
    facts.notices = notices(file, place);
    return open_matrix(file, place.weights);
  });
  auto network = std::visit([&](const auto& found) { return network_of(comm, found, options, facts); }, matrix);
  network.nodes = agreed(comm, [&] { return read_nodes(file, place, network.rows); });
  network.arrays = read_arrays(comm, file, place.parent, network.size(), options);
  return network;
}

void write_native_hdf5(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) {
    Hdf5Output output;
    NativeOutput native(comm, ordered, output);
    output.create(comm, path);
    native.write();
    output.finish();
  });
}

}  // namespace synbal::io
