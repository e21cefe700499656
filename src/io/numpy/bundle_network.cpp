// Networks in .npz archives and .safetensors files: scipy's sparse matrices, or named dense arrays; and scipy's form
// written, with the arrays around the network beside it.
#include <algorithm>
#include <array>

#include "io/arrays/network_array.hpp"
#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/hdf5/native_output.hpp"
#include "io/numpy/network_names.hpp"
#include "io/numpy/npz_output.hpp"
#include "io/numpy/npz_sparse.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
DenseMatrix dense(const Bundle& bundle, const BundleArray& array) {
  const auto n = square_size(bundle.where(array), array.shape[0], array.shape[1]);
  return {bundle.numbers(array), n, array.by_columns};
}

/// Collective.
NetworkArray read_around(const Comm& comm, const Bundle& bundle, const NetworkNames::Around& around, GlobalIndex n,
                         const ReadOptions& options) {
  const auto& array = *around.array;
  ArrayPlan plan{array.name, around.role, array.shape, array.by_columns};
  std::erase(plan.shape, 1);  // states of one trial, biases as rows
  if (plan.shape.empty() || std::ranges::find(plan.shape, n) == plan.shape.end()) plan.shape = array.shape;
  if (plan.is_transposed) std::ranges::reverse(plan.shape);
  const auto numbers = agreed(comm, [&] { return bundle.numbers(array); });
  return read_array(comm, plan, *numbers, n, options);
}

/// Collective.
Network read_bundle(const Comm& comm, const Bundle& bundle, const ReadOptions& options) {
  const bool sparse = is_scipy_matrix(bundle) && !options.arrays.recurrent;
  const auto names = agreed(comm, [&] { return find_names(bundle, options, !sparse); });
  InputFacts facts;
  facts.path = bundle.file->path();
  facts.notices = names.notices;
  auto network = sparse
                     ? read_scipy_matrix(comm, bundle, options, facts)
                     : network_of(comm, agreed(comm, [&] { return dense(bundle, *names.recurrent); }), options, facts);
  for (const auto& around : names.around) {
    network.arrays.push_back(read_around(comm, bundle, around, network.size(), options));
  }
  return network;
}

NetworkSizes sizes_of(const Bundle& bundle, const ReadOptions& options) {
  const bool sparse = is_scipy_matrix(bundle) && !options.arrays.recurrent;
  if (sparse) return scipy_sizes(bundle);
  const auto n = dense(bundle, *find_names(bundle, options, true).recurrent).n;
  return {{}, n, n * n};
}
}  // namespace

NetworkSizes npz_sizes(const InputFile& file, const Source&, const ReadOptions& options) {
  return sizes_of(open_npz(file), options);
}
NetworkSizes safetensors_sizes(const InputFile& file, const Source&, const ReadOptions& options) {
  return sizes_of(open_safetensors(file), options);
}

Network read_npz(const Comm& comm, const InputFile& file, const Source&, const ReadOptions& options) {
  return read_bundle(comm, agreed(comm, [&] { return open_npz(file); }), options);
}

Network read_safetensors(const Comm& comm, const InputFile& file, const Source&, const ReadOptions& options) {
  return read_bundle(comm, agreed(comm, [&] { return open_safetensors(file); }), options);
}

// ---- writing

namespace {
/// scipy's arrays of a csr matrix; indices have 32 bits as long as they fit.
struct ScipyMembers {
  NpzOutput::MemberId indices, indptr, format, shape, data;
  bool is_wide;
};

ScipyMembers declare_matrix(const Network& network, NpzOutput& output) {
  const bool wide = std::max(network.size(), network.nnz) > INT32_MAX;
  const std::string type = wide ? "<i8" : "<i4";
  return {output.array("indices", type, {network.nnz}),
          output.array("indptr", type, {network.size() + 1}),
          output.array("format", "|S3", {}),
          output.array("shape", "<i8", {2}),
          output.array("data", "<f8", {network.nnz}),
          wide};
}

/// Not collective. `Index` is the type of the indices.
template <class Index>
void write_matrix(const Comm& comm, const Network& network, std::int64_t first_entry, const ScipyMembers& members,
                  NpzOutput& output) {
  const auto put = [&](NpzOutput::MemberId id, std::int64_t first, std::int64_t count, auto&& make) {
    write_in_pieces<Index>(
        count, [&](std::int64_t k) { return static_cast<Index>(make(k)); },
        [&](std::int64_t done, auto values) { output.write(id, first + done, values); });
  };
  const bool last = comm.rank() + 1 == comm.size();
  put(members.indptr, network.rows.first(), network.local_size() + (last ? 1 : 0),
      [&](std::int64_t i) { return first_entry + network.row_ptr[at(i)]; });
  put(members.indices, first_entry, std::ssize(network.column),
      [&](std::int64_t k) { return network.global(network.column[at(k)]); });
  output.write(members.data, first_entry, std::span<const double>(network.weight));
  if (!comm.is_root()) return;
  const std::array<std::int64_t, 2> shape{network.size(), network.size()};
  const std::array<char, 3> format{'c', 's', 'r'};
  output.write(members.shape, 0, std::span<const std::int64_t>(shape));
  output.write(members.format, 0, std::span<const char>(format));
}

}  // namespace

void write_npz(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) {
    NpzOutput output;
    const auto members = declare_matrix(ordered, output);
    std::vector<std::pair<NpzOutput::MemberId, NetworkArray>> arrays;
    for (auto& [name, array] : native_arrays(comm, ordered.arrays)) {
      auto whole = array.pattern ? filled(comm, std::move(array)) : std::move(array);
      const auto id = output.array(name, "<f8", whole.shape);
      arrays.emplace_back(id, std::move(whole));
    }
    output.create(comm, path);
    const auto first_entry = comm.sum_below(std::ssize(ordered.weight));
    agreed(comm, [&] {
      members.is_wide ? write_matrix<std::int64_t>(comm, ordered, first_entry, members, output)
                      : write_matrix<std::int32_t>(comm, ordered, first_entry, members, output);
      for (const auto& [id, array] : arrays) {
        output.write(id, array.elements.first(), std::span<const double>(array.values));
      }
    });
    output.finish();
  });
}

}  // namespace synbal::io
