// Bundles of arrays written again: the recurrent weights and what was scaled with them as float64 under their own
// names, all else byte for byte.
#include <fmt/format.h>

#include <algorithm>

#include "io/arrays/network_array.hpp"
#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/hdf5/native_output.hpp"
#include "io/numpy/dense_rows.hpp"
#include "io/numpy/network_names.hpp"
#include "io/numpy/npz_output.hpp"
#include "io/numpy/npz_sparse.hpp"
#include "io/numpy/tensors_output.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
/// The scaled values of an array of the bundle: the recurrent weights, one of the arrays around, or none.
struct Scaled {
  bool is_recurrent = false;
  const NetworkArray* around = nullptr;
  [[nodiscard]] bool any() const { return is_recurrent || around != nullptr; }
};

Scaled scaled_values(const BundleArray& array, const NetworkNames& names, const Network& network) {
  const auto found = std::ranges::find(network.arrays, array.name, &NetworkArray::name);
  return {&array == names.recurrent, found == network.arrays.end() ? nullptr : &*found};
}

bool lies_across(const BundleArray& recurrent, const ReadOptions& options) {
  return recurrent.by_columns != (options.orientation == Orientation::pre_post);
}

/// This rank's share of the bytes of an array.
std::pair<ByteCount, ByteCount> own_bytes(const Comm& comm, ByteCount size) {
  const auto share = size / comm.size();
  const auto first = share * comm.rank();
  return {first, comm.rank() + 1 == comm.size() ? size : first + share};
}

/// put(id, first, values) for all that was scaled. Not collective.
template <class Put>
void write_scaled_values(const std::vector<Scaled>& scaled, const DenseRows& weights, Put&& put) {
  for (std::size_t id = 0; id < scaled.size(); ++id) {
    if (scaled[id].is_recurrent) weights.write([&](std::int64_t first, auto values) { put(id, first, values); });
    if (const auto* around = scaled[id].around) {
      put(id, around->elements.first(), std::span<const double>(around->values));
    }
  }
}

// ---- .npz

/// Collective. Members of an archive, in their order.
void copy_members(const Comm& comm, const Bundle& bundle, const NetworkNames& names, const Network& ordered,
                  const ReadOptions& options, const std::string& path) {
  const auto& file = *bundle.file;
  const auto read = plain_bytes(file, 0);
  const auto members = agreed(comm, [&] { return read_zip_directory(file.path(), file.size(), read); });
  NpzOutput output;
  std::vector<Scaled> scaled;
  for (const auto& member : members) {
    const auto name = member.name.substr(0, member.name.size() - std::min<std::size_t>(member.name.size(), 4));
    const auto* array = member.name.ends_with(".npy") ? bundle.find(name) : nullptr;
    scaled.push_back(array == nullptr ? Scaled{} : scaled_values(*array, names, ordered));
    scaled.back().any() ? output.array(name, "<f8", array->shape, array->by_columns) : output.copied(member);
  }
  output.create(comm, path);
  const DenseRows weights(comm, ordered, lies_across(*names.recurrent, options));
  agreed(comm, [&] {
    write_scaled_values(scaled, weights, [&](auto id, auto first, auto values) { output.write(id, first, values); });
    for (std::size_t k = 0; k < members.size(); ++k) {
      if (!scaled[k].any()) output.copy(k, file, packed_bytes_of(file.path(), file.size(), members[k], read));
    }
  });
  output.finish();
}

// ---- .safetensors

/// Collective.
void copy_tensors(const Comm& comm, const Bundle& bundle, const NetworkNames& names, const Network& ordered,
                  const ReadOptions& options, const std::string& path) {
  TensorsOutput output;
  output.metadata(bundle.metadata);
  std::vector<Scaled> scaled;
  for (const auto& array : bundle.arrays) {
    scaled.push_back(scaled_values(array, names, ordered));
    const bool changes = scaled.back().any();
    output.tensor(array.name, changes ? "F64" : array.type_name, array.shape,
                  changes ? array.elements() * 8 : array.size);
  }
  output.create(comm, path);
  const DenseRows weights(comm, ordered, lies_across(*names.recurrent, options));
  agreed(comm, [&] {
    write_scaled_values(scaled, weights, [&](auto id, auto first, auto values) { output.write(id, first, values); });
    std::vector<std::byte> block;
    for (std::size_t k = 0; k < scaled.size(); ++k) {
      if (scaled[k].any()) continue;
      const auto [first, end] = own_bytes(comm, bundle.arrays[k].size);
      for (auto offset = first; offset < end; offset += std::ssize(block)) {
        block.resize(at(std::min(static_cast<ByteCount>(tuning::kTextBlock), end - offset)));
        bundle.arrays[k].bytes(offset, block);
        output.write_bytes(k, offset, block);
      }
    }
  });
  output.finish();
}

using CopyArrays = void (*)(const Comm&, const Bundle&, const NetworkNames&, const Network&, const ReadOptions&,
                            const std::string&);

/// Collective.
void copy_bundle(const Comm& comm, const Bundle& bundle, const ScaledCopy& copy, const std::string& path,
                 CopyArrays copy_arrays) {
  const auto names = agreed(comm, [&] { return find_names(bundle, copy.options, true); });
  with_file_order(comm, copy.network,
                  [&](const Network& ordered) { copy_arrays(comm, bundle, names, ordered, copy.options, path); });
}
}  // namespace

void copy_npz(const Comm& comm, const InputFile& file, const ScaledCopy& copy, const std::string& path) {
  const auto bundle = agreed(comm, [&] { return open_npz(file); });
  if (is_scipy_matrix(bundle) && !copy.options.arrays.recurrent) {
    write_npz(comm, copy.network, path);
  } else {
    copy_bundle(comm, bundle, copy, path, copy_members);
  }
}

void copy_safetensors(const Comm& comm, const InputFile& file, const ScaledCopy& copy, const std::string& path) {
  copy_bundle(comm, agreed(comm, [&] { return open_safetensors(file); }), copy, path, copy_tensors);
}

// ---- from other formats

namespace {
void check_dense(const Network& network, const std::string& path) {
  constexpr GlobalIndex kMost = 50'000;  // neurons: 20 GB of weights
  if (network.size() <= kMost) return;
  throw usage_error(fmt::format(
      "{}: {} neurons would become a dense matrix of {:.3g} bytes: write a sparse one (.npz or "
      ".h5)",
      path, network.size(), 8.0 * static_cast<double>(network.size()) * static_cast<double>(network.size())));
}
}  // namespace

void write_safetensors(const Comm& comm, const Network& network, const std::string& path) {
  agreed(comm, [&] { check_dense(network, path); });
  with_file_order(comm, network, [&](const Network& ordered) {
    TensorsOutput output;
    const auto n = ordered.size();
    output.tensor("recurrent_weights", "F64", {n, n}, n * n * 8);
    std::vector<NetworkArray> arrays;
    for (auto& [name, array] : native_arrays(comm, ordered.arrays)) {
      arrays.push_back(array.pattern ? filled(comm, std::move(array)) : std::move(array));
      output.tensor(name, "F64", arrays.back().shape, arrays.back().elements.size() * 8);
    }
    output.create(comm, path);
    const DenseRows weights(comm, ordered, false);
    agreed(comm, [&] {
      weights.write([&](std::int64_t first, auto values) { output.write(0, first, values); });
      for (std::size_t k = 0; k < arrays.size(); ++k) {
        output.write(k + 1, arrays[k].elements.first(), arrays[k].values);
      }
    });
    output.finish();
  });
}

}  // namespace synbal::io
