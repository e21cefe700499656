// Row by row, each brought to blocks of neighbouring elements.
#include "synbal/io/array_file.hpp"

#include <numeric>

#include "io/hdf5/provenance.hpp"
#include "io/trajectory/trajectory_columns.hpp"

namespace synbal {

namespace {
std::int64_t elements_of(const FileArray& array) {
  return std::accumulate(array.shape.begin(), array.shape.end(), std::int64_t{1}, std::multiplies<>());
}

template <class T>
io::Hdf5Output::DatasetId declare(io::Hdf5Output& output, const FileArray& array, const std::vector<T>&) {
  return output.array<T>("/" + array.name, array.shape);
}

/// Collective.
template <class T>
void write_rows(const Comm& comm, const FileArray& array, const std::vector<T>& values, io::Hdf5Output& output,
                io::Hdf5Output::DatasetId id) {
  const auto elements = elements_of(array);
  if (elements == 0) return;
  const auto width = elements / array.rows;
  const io::ScatteredColumns columns(comm, array.place, width);
  const auto local = array.place.size();
  for (std::int64_t row = 0; row < array.rows; ++row) {
    const auto own = columns.block<T>(std::span(values).subspan(at(row) * local, local));
    output.write<T>(id, row * width + columns.first(), own);
  }
}
}  // namespace

FileArray common_array(const Comm& comm, std::string name, std::vector<std::int64_t> shape,
                       std::vector<double> values) {
  FileArray array{std::move(name), std::move(shape), 1, {}, {}};
  if (!comm.is_root()) return array;
  array.place.resize(values.size());
  std::iota(array.place.begin(), array.place.end(), std::int64_t{0});
  array.values = std::move(values);
  return array;
}

void write_arrays(const Comm& comm, const std::vector<FileArray>& arrays, const Provenance& about,
                  const std::string& path) {
  io::Hdf5Output output;
  for (const auto& array : arrays) output.groups_above("/" + array.name);
  std::vector<io::Hdf5Output::DatasetId> ids;
  for (const auto& array : arrays) {
    ids.push_back(std::visit([&](const auto& values) { return declare(output, array, values); }, array.values));
  }
  io::declare_provenance(about, output);
  output.create(comm, path);
  for (std::size_t k = 0; k < arrays.size(); ++k) {
    std::visit([&](const auto& values) { write_rows(comm, arrays[k], values, output, ids[k]); }, arrays[k].values);
  }
  output.finish();
}

}  // namespace synbal
