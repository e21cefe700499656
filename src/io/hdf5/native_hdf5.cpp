// The native format: /weights as compressed sparse rows, and what is known about the neurons beside it.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/hdf5/native_csr.hpp"
#include "io/node_values.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

namespace {
/// Where in the file a network lies: the group of the weights, and the group with the node data.
struct Place {
  std::string weights, parent;
};

Place find_place(const Hdf5Input& file, const std::string& inside) {
  if (inside.empty() || inside == "/") return {"/weights", "/"};
  auto path = inside.front() == '/' ? inside : "/" + inside;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (file.is_group(in_group(path, "weights"))) return {in_group(path, "weights"), path};
  const auto slash = path.rfind('/');
  return {path, slash == 0 ? "/" : path.substr(0, slash)};
}

void check_supported(const Hdf5Input& file, const Place& place) {
  if (file.exists(in_group(place.parent, "group"))) {
    throw file.error(fmt::format("{}: tied groups cannot be balanced yet: remove /group to balance neurons one by one",
                                 in_group(place.parent, "group")));
  }
}

std::vector<std::string> notices(const Hdf5Input& file, const Place& place) {
  std::vector<std::string> told;
  for (const auto* name : {"input_weights", "output_weights", "bias"}) {
    const auto object = in_group(place.parent, name);
    if (file.exists(object)) told.push_back(object + " is not rescaled and not part of the result yet");
  }
  return told;
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

Ownership choose_rows(const Comm& comm, const Hdf5Input& file, const CsrGroup& csr, const ReadOptions& options) {
  auto even = Ownership::even(comm, csr.n);
  auto ptr = agreed(comm, [&] { return read_indptr(file, csr, even); });
  if (options.partition == PartitionKind::contiguous || options.orientation == Orientation::pre_post) return even;
  const auto first = ptr.front();
  for (auto& p : ptr) p -= first;
  return balanced_by_nonzeros(comm, even, ptr);
}

/// Collective.
Network made(const Comm& comm, Ownership&& rows, GlobalRows&& own, const ReadOptions& options, InputFacts&& facts) {
  if (options.orientation == Orientation::post_pre) {
    return assemble(comm, std::move(rows), std::move(own), options.duplicates, std::move(facts));
  }
  std::vector<GlobalIndex> number(at(rows.count()));
  std::iota(number.begin(), number.end(), rows.first());
  return network_of(comm, rows.size(), entries_of(number, std::move(own)), options, std::move(facts));
}
}  // namespace

Network read_native_hdf5(const Comm& comm, const InputFile& bytes, const Source& source, const ReadOptions& options) {
  const auto file = Hdf5Input::open(comm, bytes);
  const auto place = agreed(comm, [&] { return find_place(file, source.inside); });
  InputFacts facts;
  const auto csr = agreed(comm, [&] {
    check_supported(file, place);
    return open_csr(file, place.weights);
  });
  facts.path = bytes.path();
  facts.entries = csr.nnz;
  facts.notices = agreed(comm, [&] { return notices(file, place); });
  auto rows = choose_rows(comm, file, csr, options);
  auto own = agreed(comm, [&] { return read_rows(file, csr, rows); });
  auto network = made(comm, std::move(rows), std::move(own), options, std::move(facts));
  network.nodes = agreed(comm, [&] { return read_nodes(file, place, network.rows); });
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
