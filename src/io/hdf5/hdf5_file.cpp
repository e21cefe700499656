// Inspection and reading of HDF5 objects.
#include "io/hdf5/hdf5_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "io/hdf5/in_child.hpp"
#include "io/hdf5/rehearsal.hpp"
#include "io/seal.hpp"
#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr const char* kNotHdf5 =
    "cannot be read as HDF5 (no HDF5 file, damaged, truncated, or locked by another program): check the file; on file "
    "systems without locks set HDF5_USE_FILE_LOCKING=FALSE";

Hid access_list() {
  auto access = adopt_hid(H5Pcreate(H5P_FILE_ACCESS), "HDF5 gave no property list");
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  return access;
}

void check_layout(const Dataset& dataset, hid_t plan, H5D_layout_t layout) {
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) {
    throw bad_input(dataset.name + " is virtual (its data are in other files): copy the data into this file");
  }
  if (H5Pget_external_count(plan) != 0) {
    throw bad_input(dataset.name + " has external storage (its data are in other files): copy the data into this file");
  }
}

/// Whether there are any. @throws Error bad_input for one that needs a plugin.
bool check_filters(const Dataset& dataset, hid_t plan) {
  const int filters = H5Pget_nfilters(plan);
  for (int k = 0; k < filters; ++k) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const auto filter = H5Pget_filter2(plan, static_cast<unsigned>(k), &flags, &values, nullptr, 0, nullptr, &config);
    if (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32) continue;
    throw bad_input(
        fmt::format("{} uses filter {}: store it uncompressed or with gzip", dataset.name, static_cast<int>(filter)));
  }
  return filters > 0;
}

/// Sets the shape of `found`. @throws Error bad_input for sizes that cannot be.
void take_extents(Dataset& found, hid_t space) {
  constexpr auto kMost = static_cast<hsize_t>(INT64_MAX / 16);
  hsize_t length = 1;
  bool fits = H5Sget_simple_extent_dims(space, found.shape.data(), nullptr) > 0;
  for (const auto size : found.shape) {
    fits = fits && size <= kMost && (size == 0 || length <= kMost / size);
    length *= size;
  }
  if (!fits) throw bad_input(found.name + " has an impossible length");
  found.length = static_cast<std::int64_t>(length);
}

/// Sets the sizes of `found`. @throws Error bad_input unless it has that many dimensions (0: as many as may be).
void take_shape(Dataset& found, int dimensions) {
  const auto space = adopt_hid(H5Dget_space(found.id.get()), found.name + " has no shape (damaged file)");
  const int there = H5Sget_simple_extent_ndims(space.get());
  const bool any = dimensions == 0 && there >= 1 && there <= Hdf5Input::kMostDimensions;
  if (!any && (there != dimensions || dimensions == 0)) {
    throw bad_input(found.name + (dimensions == 1   ? " is not one-dimensional: store a plain list of numbers"
                                  : dimensions == 2 ? " is not two-dimensional: store a table of numbers"
                                                    : " is no array: store one of 1 to 8 dimensions"));
  }
  found.shape.resize(at(there));
  take_extents(found, space.get());
  if (dimensions != 2) return;
  found.rows = static_cast<std::int64_t>(found.shape[0]), found.width = static_cast<std::int64_t>(found.shape[1]);
}

/// A box of elements of a dataset.
struct Box {
  std::vector<hsize_t> start, extent;
  hsize_t length = 1;
};

/// The largest box with which [first, first + count) begins.
Box first_box(const std::vector<hsize_t>& shape, hsize_t first, hsize_t count) {
  Box box{std::vector<hsize_t>(shape.size()), std::vector<hsize_t>(shape.size(), 1)};
  hsize_t stride = 1;  // elements between neighbours along the axis
  bool whole = true;   // all axes behind this one are taken whole
  for (auto axis = shape.size(); axis-- > 0; stride *= shape[axis]) {
    box.start[axis] = first / stride % shape[axis];
    if (!whole) continue;
    box.extent[axis] = std::min(count / stride, shape[axis] - box.start[axis]);
    whole = box.start[axis] == 0 && box.extent[axis] == shape[axis];
    box.length = stride * box.extent[axis];
  }
  return box;
}
/// h5py stores numpy's bool as an enumeration of one byte.
bool is_truth(hid_t type) { return H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1; }

/// HDF5 makes INT64_MAX of all that is too large for it.
void check_range(const Dataset& dataset, std::int64_t first, std::span<const std::int64_t> values) {
  if (!dataset.is_wide_unsigned) return;
  const auto wrong = std::ranges::find(values, INT64_MAX);
  if (wrong == values.end()) return;
  throw bad_input(fmt::format("{}: element {} is 2^63 - 1 or more: store numbers below that, as signed integers",
                              dataset.name, first + (wrong - values.begin())));
}
}  // namespace

void quiet_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
}

Hid adopt_hid(hid_t raw, const std::string& what) {
  if (raw < 0) throw bad_input(what);
  return Hid::adopt(raw);
}

template <>
hid_t memory_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t memory_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t memory_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t memory_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t memory_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

Hdf5Input Hdf5Input::open(const Comm& comm, const InputFile& file) {
  quiet_hdf5();
  // One rank looks first: what is no HDF5 file is not opened by all, nor what HDF5 itself does not stand.
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (is_deadly(file))
      throw bad_input(fmt::format("{}: is damaged (HDF5 crashes over it): get it again", file.path()));
    open_serial(file);
  });
  return agreed(comm, [&] { return open_serial(file); });
}

std::pair<Hdf5Input, bool> Hdf5Input::open_sealed(const Comm& comm, const std::string& path) {
  const auto bytes = agreed(comm, [&] { return InputFile(path); });
  const auto seal = seal_of(comm, bytes);
  auto file = open(comm, bytes);
  const bool lost =
      seal == SealState::none && agreed(comm, [&] { return H5Aexists(file.object("/").get(), "sealed") > 0; });
  return {std::move(file), seal != SealState::broken && !comm.any(lost)};
}

Hdf5Input Hdf5Input::open_unchanged(const Comm& comm, const std::string& path) {
  auto [file, unchanged] = open_sealed(comm, path);
  if (!unchanged) {
    throw bad_input(
        fmt::format("{}: was changed since it was written (its bytes do not add up to what its last line says, or that "
                    "line is lost): get the file again, or make it again",
                    path));
  }
  return std::move(file);
}

Hdf5Input Hdf5Input::open(const Comm& comm, const std::string& path) {
  return open(comm, agreed(comm, [&] { return InputFile(path); }));
}

Hdf5Input Hdf5Input::open_serial(const InputFile& file) {
  quiet_hdf5();
  const auto access = access_list();
  auto id = adopt_hid(H5Fopen(file.path().c_str(), H5F_ACC_RDONLY, access.get()),
                      fmt::format("{}: {}", file.path(), kNotHdf5));
  return {file, std::move(id)};
}

bool Hdf5Input::exists(const std::string& object) const {
  for (std::size_t end = object.find('/', 1);; end = object.find('/', end + 1)) {
    const auto step = object.substr(0, end);
    if (step != "/" && H5Lexists(id_.get(), step.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == object.npos) return true;
  }
}

void Hdf5Input::check_links(const std::string& name) const {
  for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    const auto step = name.substr(0, end);
    H5L_info_t info;
    if (step != "/") {
      if (H5Lexists(id_.get(), step.c_str(), H5P_DEFAULT) <= 0) {
        throw error(fmt::format(
            "{} is missing: a native network has it (compare with one that `synbal generate ring -o FILE.h5` writes)",
            step));
      }
      if (H5Lget_info(id_.get(), step.c_str(), &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_HARD) {
        throw error(
            fmt::format("{} is a soft or external link, which is not followed: copy the object into the file", step));
      }
    }
    if (end == name.npos) return;
  }
}

Hid Hdf5Input::object(const std::string& name) const {
  check_links(name);
  return adopt_hid(H5Oopen(id_.get(), name.c_str(), H5P_DEFAULT),
                   fmt::format("{}: {} cannot be opened (damaged file)", path_, name));
}

bool Hdf5Input::is_group(const std::string& name) const {
  return exists(name) && H5Iget_type(object(name).get()) == H5I_GROUP;
}

bool Hdf5Input::is_dataset(const std::string& name) const {
  return exists(name) && H5Iget_type(object(name).get()) == H5I_DATASET;
}

bool Hdf5Input::is_plain(const std::string& name) const {
  for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    const auto step = name.substr(0, end);
    H5L_info_t info;
    if (step != "/" && (H5Lexists(id_.get(), step.c_str(), H5P_DEFAULT) <= 0 ||
                        H5Lget_info(id_.get(), step.c_str(), &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_HARD)) {
      return false;
    }
    if (end == name.npos) return true;
  }
}

std::pair<std::int64_t, std::int64_t> Hdf5Input::extent(const std::string& name) const {
  Dataset found{object(name), fmt::format("{}: dataset {}", path_, name)};
  take_shape(found, 2);
  return {found.rows, found.width};
}

std::vector<std::string> Hdf5Input::names_in(const std::string& group) const {
  const auto owner = object(group);
  H5G_info_t facts;
  if (H5Gget_info(owner.get(), &facts) < 0 || facts.nlinks > kMostNames) {
    throw error(
        fmt::format("{} holds too many objects, or cannot be listed (damaged file): get the file again", group));
  }
  std::vector<std::string> names;
  for (hsize_t k = 0; k < facts.nlinks; ++k) {
    std::array<char, 1024> name{};
    const auto length =
        H5Lget_name_by_idx(owner.get(), ".", H5_INDEX_NAME, H5_ITER_INC, k, name.data(), name.size(), H5P_DEFAULT);
    if (length > 0 && at(length) < name.size()) names.emplace_back(name.data());
  }
  return names;
}

bool Hdf5Input::has_attribute(const std::string& name, const std::string& attribute_name) const {
  return H5Aexists(object(name).get(), attribute_name.c_str()) > 0;
}

int Hdf5Input::dimensions(const std::string& name) const {
  const auto found = object(name);
  if (H5Iget_type(found.get()) != H5I_DATASET) return 0;
  const auto space =
      adopt_hid(H5Dget_space(found.get()), fmt::format("{}: {} has no shape (damaged file)", path_, name));
  return std::max(0, H5Sget_simple_extent_ndims(space.get()));
}

Dataset Hdf5Input::dataset(const std::string& name, ElementKind kind) const { return described(name, kind, 1); }
Dataset Hdf5Input::table(const std::string& name) const { return described(name, ElementKind::real, 2); }
Dataset Hdf5Input::array(const std::string& name) const { return described(name, ElementKind::real, 0); }

Dataset Hdf5Input::described(const std::string& name, ElementKind kind, int dimensions) const {
  Dataset found{object(name), fmt::format("{}: dataset {}", path_, name)};
  if (H5Iget_type(found.id.get()) != H5I_DATASET)
    throw error(name + " is a group, not a dataset: store a list of numbers there");
  take_shape(found, dimensions);
  const auto type = adopt_hid(H5Dget_type(found.id.get()), found.name + " has no type (damaged file)");
  const auto type_class = H5Tget_class(type.get());
  found.is_wide_unsigned =
      type_class == H5T_INTEGER && H5Tget_sign(type.get()) == H5T_SGN_NONE && H5Tget_size(type.get()) == 8;
  if (!is_truth(type.get()) && type_class != H5T_INTEGER && !(kind == ElementKind::real && type_class == H5T_FLOAT)) {
    throw bad_input(fmt::format("{} has the wrong type: store {}", found.name,
                                kind == ElementKind::real ? "float64 numbers" : "signed integers, int64 best"));
  }
  check_storage(found);
  return found;
}

Dataset Hdf5Input::texts(const std::string& name) const {
  Dataset found{object(name), fmt::format("{}: dataset {}", path_, name)};
  if (H5Iget_type(found.id.get()) != H5I_DATASET) throw error(name + " is a group, not a dataset: store texts there");
  take_shape(found, 1);
  const auto type = adopt_hid(H5Dget_type(found.id.get()), found.name + " has no type (damaged file)");
  constexpr std::size_t kLongest = std::size_t{1} << 16;
  const auto width = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) > 0 || width == 0 || width > kLongest) {
    throw bad_input(found.name + " is no list of texts of fixed length: store numpy.array(names).astype('S')");
  }
  found.width = static_cast<std::int64_t>(width);
  check_storage(found);
  return found;
}

void Hdf5Input::read_letters(const Dataset& texts, std::int64_t first, std::int64_t count, char* into) const {
  if (count == 0) return;
  const auto type = adopt_hid(H5Dget_type(texts.id.get()), texts.name + " has no type (damaged file)");
  const auto file_space = adopt_hid(H5Dget_space(texts.id.get()), texts.name + " has no shape (damaged file)");
  const auto step = (ByteCount{1} << 29) / texts.width;  // MPI-IO reads less than 2^31 bytes at once
  for (std::int64_t done = 0, all = count / texts.width; done < all;) {
    const auto start = static_cast<hsize_t>(first / texts.width + done);
    const auto length = static_cast<hsize_t>(std::min(step, all - done));
    const auto memory = adopt_hid(H5Screate_simple(1, &length, nullptr), "HDF5 gave no dataspace");
    H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, &start, nullptr, &length, nullptr);
    if (H5Dread(texts.id.get(), type.get(), memory.get(), file_space.get(), H5P_DEFAULT, into + done * texts.width) <
        0) {
      throw bad_input(texts.name + " cannot be read (damaged data or a failing disk): get the file again");
    }
    done += static_cast<std::int64_t>(length);
  }
}

void Hdf5Input::check_storage(const Dataset& dataset) const {
  const auto type = adopt_hid(H5Dget_type(dataset.id.get()), dataset.name + " has no type (damaged file)");
  const auto plan = adopt_hid(H5Dget_create_plist(dataset.id.get()), dataset.name + " has no layout (damaged file)");
  const auto layout = H5Pget_layout(plan.get());
  check_layout(dataset, plan.get(), layout);
  const bool filtered = check_filters(dataset, plan.get());
  const auto stored = static_cast<double>(H5Dget_storage_size(dataset.id.get()));
  const auto bytes = static_cast<double>(dataset.length) * static_cast<double>(H5Tget_size(type.get()));
  if (stored > static_cast<double>(file_size_) || bytes > stored * (filtered ? tuning::kMostCompression : 1.0)) {
    throw bad_input(
        fmt::format("{} has {} elements but the file stores only {} bytes for them (truncated, or never "
                    "written): get the file again",
                    dataset.name, dataset.length, stored));
  }
  if (layout != H5D_CONTIGUOUS || dataset.length == 0) return;
  const auto offset = H5Dget_offset(dataset.id.get());
  if (offset == HADDR_UNDEF || static_cast<double>(offset) + bytes > static_cast<double>(file_size_)) {
    throw bad_input(dataset.name + " lies behind the end of the file (truncated): get the file again");
  }
}

std::optional<ByteCount> offset_of_doubles(const Dataset& dataset, std::int64_t rows, std::int64_t width) {
  const auto type = adopt_hid(H5Dget_type(dataset.id.get()), dataset.name + " has no type (damaged file)");
  const auto plan = adopt_hid(H5Dget_create_plist(dataset.id.get()), dataset.name + " has no layout (damaged file)");
  const bool plain = H5Tequal(type.get(), H5T_NATIVE_DOUBLE) > 0 && H5Pget_layout(plan.get()) == H5D_CONTIGUOUS;
  const auto own_width = dataset.shape.size() == 2 ? dataset.width : 1;
  const auto own_rows = dataset.shape.size() == 2 ? dataset.rows : dataset.length;
  if (!plain || own_width != width || own_rows < rows) return {};
  return dataset.length == 0 ? 0 : static_cast<ByteCount>(H5Dget_offset(dataset.id.get()));
}

template <class T>
void Hdf5Input::read(const Dataset& dataset, std::int64_t first, std::int64_t count, T* into) const {
  const auto step =
      (ByteCount{1} << 29) / static_cast<ByteCount>(sizeof(T));  // HDF5 reads less than 2^31 bytes at once
  const auto file_space = adopt_hid(H5Dget_space(dataset.id.get()), dataset.name + " has no shape (damaged file)");
  while (count > 0) {
    const auto box = first_box(dataset.shape, static_cast<hsize_t>(first), static_cast<hsize_t>(std::min(count, step)));
    const auto memory = adopt_hid(H5Screate_simple(1, &box.length, nullptr), "HDF5 gave no dataspace");
    H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, box.start.data(), nullptr, box.extent.data(), nullptr);
    if (H5Dread(dataset.id.get(), memory_type<T>(), memory.get(), file_space.get(), H5P_DEFAULT, into) < 0) {
      throw bad_input(dataset.name + " cannot be read (damaged data or a failing disk): get the file again");
    }
    const auto done = static_cast<std::int64_t>(box.length);
    if constexpr (std::is_same_v<T, std::int64_t>) check_range(dataset, first, {into, at(done)});
    count -= done, first += done, into += done;
  }
}
template void Hdf5Input::read(const Dataset&, std::int64_t, std::int64_t, double*) const;
template void Hdf5Input::read(const Dataset&, std::int64_t, std::int64_t, float*) const;
template void Hdf5Input::read(const Dataset&, std::int64_t, std::int64_t, std::int32_t*) const;
template void Hdf5Input::read(const Dataset&, std::int64_t, std::int64_t, std::int64_t*) const;
template void Hdf5Input::read(const Dataset&, std::int64_t, std::int64_t, std::uint8_t*) const;

// ---- attributes

Hid Hdf5Input::open_attribute(const std::string& name, const std::string& attribute_name) const {
  const auto owner = object(name);
  if (H5Aexists(owner.get(), attribute_name.c_str()) <= 0) {
    throw error(fmt::format("attribute '{}' of {} is missing: write the file again with a program that stores it",
                            attribute_name, name));
  }
  return adopt_hid(
      H5Aopen(owner.get(), attribute_name.c_str(), H5P_DEFAULT),
      fmt::format("{}: attribute '{}' of {} cannot be opened (damaged file)", path_, attribute_name, name));
}

Hdf5Input::Attribute Hdf5Input::attribute(const std::string& name, const std::string& attribute_name,
                                          const char* kind) const {
  auto found = open_attribute(name, attribute_name);
  auto wrong =
      fmt::format("{}: attribute '{}' of {} is not {}: write the file again", path_, attribute_name, name, kind);
  auto type = adopt_hid(H5Aget_type(found.get()), wrong);
  const auto space = adopt_hid(H5Aget_space(found.get()), wrong);
  const auto type_class = H5Tget_class(type.get());
  return {std::move(found), std::move(type), type_class, H5Sget_simple_extent_npoints(space.get()), std::move(wrong)};
}

std::string Hdf5Input::text_attribute(const std::string& name, const std::string& attribute_name) const {
  const auto found = attribute(name, attribute_name, "a text");
  found.require(found.type_class == H5T_STRING && found.elements == 1);
  if (H5Tis_variable_str(found.type.get()) > 0) {
    const auto text = read_variable_text(found.id.get(), found.type.get());
    found.require(text.has_value());
    return *text;
  }
  std::string text(H5Tget_size(found.type.get()), '\0');
  found.require(text.size() <= std::size_t{1} << 20 && H5Aread(found.id.get(), found.type.get(), text.data()) >= 0);
  text.resize(std::min(text.size(), text.find('\0')));
  // Some programs pad with blanks instead.
  if (H5Tget_strpad(found.type.get()) == H5T_STR_SPACEPAD) text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

std::vector<std::int64_t> Hdf5Input::integer_attribute(const std::string& name,
                                                       const std::string& attribute_name) const {
  const auto found = attribute(name, attribute_name, "a list of integers");
  found.require(found.type_class == H5T_INTEGER && found.elements >= 1 && found.elements <= 16);
  std::vector<std::int64_t> values(at(found.elements));
  found.require(H5Aread(found.id.get(), H5T_NATIVE_INT64, values.data()) >= 0);
  return values;
}

double Hdf5Input::real_attribute(const std::string& name, const std::string& attribute_name) const {
  const auto found = attribute(name, attribute_name, "a number");
  found.require((found.type_class == H5T_FLOAT || found.type_class == H5T_INTEGER) && found.elements == 1);
  double value = 0;
  found.require(H5Aread(found.id.get(), H5T_NATIVE_DOUBLE, &value) >= 0);
  return value;
}

}  // namespace synbal::io
