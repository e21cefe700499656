// Each may be a dataset, or a group with a sparse matrix.
#include "io/hdf5/native_arrays.hpp"

#include <fmt/format.h>

#include "io/arrays/network_array.hpp"
#include "io/hdf5/hdf5_array.hpp"
#include "io/hdf5/matrix_object.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
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
}  // namespace

std::vector<NetworkArray> read_arrays(const Comm& comm, const Hdf5Input& file, const std::string& parent, GlobalIndex n,
                                      const ReadOptions& options) {
  std::vector<NetworkArray> arrays;
  for (const auto& named : agreed(comm, [&] { return arrays_in(file, parent); })) {
    const bool sparse = agreed(comm, [&] { return file.is_group(named.object); });
    arrays.push_back(sparse ? read_sparse(comm, file, named, n, options) : read_dense(comm, file, named, n, options));
  }
  return arrays;
}

}  // namespace synbal::io
