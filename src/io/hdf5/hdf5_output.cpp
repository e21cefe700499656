// Structure by rank 0, data by positioned writes, verification through HDF5.
#include "io/hdf5/hdf5_output.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "synbal/core/abandoned.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

Error hdf5_refused(const std::string& path, const std::string& what) {
  return io_failure(
      fmt::format("{}: HDF5 could not {} (disk full, or a locked or failing file system): free some "
                  "space, or set HDF5_USE_FILE_LOCKING=FALSE",
                  path, what));
}

Hid hdf5_made(hid_t raw, const std::string& path, const std::string& what) {
  if (raw < 0) throw hdf5_refused(path, what);
  return Hid::adopt(raw);
}

namespace {
constexpr std::size_t kLongestAttribute = 60'000;  // bytes of an attribute; HDF5 has room for 64 KiB

void write_attribute(hid_t owner, const std::string& name, hid_t type, hid_t space, const void* value,
                     const std::string& path) {
  const auto id =
      hdf5_made(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), path, "make attribute " + name);
  if (H5Awrite(id.get(), type, value) < 0) throw hdf5_refused(path, "write attribute " + name);
}

struct AttributeWriter {
  hid_t owner;
  const std::string& name;
  const std::string& path;

  void operator()(const std::string& text) const {
    const auto type = hdf5_made(H5Tcopy(H5T_C_S1), path, "make a text type");
    H5Tset_size(type.get(), std::clamp<std::size_t>(text.size(), 1, kLongestAttribute));
    H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
    write_scalar(type.get(), text.c_str());
  }
  void operator()(const VariableText& text) const {
    const auto type = hdf5_made(H5Tcopy(H5T_C_S1), path, "make a text type");
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
    const char* raw = text.text.c_str();
    write_scalar(type.get(), static_cast<const void*>(&raw));
  }
  void operator()(const std::vector<std::int64_t>& list) const {
    const hsize_t length = list.size();
    const auto space = hdf5_made(H5Screate_simple(1, &length, nullptr), path, "make a list");
    write_attribute(owner, name, H5T_NATIVE_INT64, space.get(), list.data(), path);
  }
  void operator()(std::int64_t integer) const { write_scalar(H5T_NATIVE_INT64, &integer); }
  void operator()(double real) const { write_scalar(H5T_NATIVE_DOUBLE, &real); }

 private:
  void write_scalar(hid_t type, const void* value) const {
    const auto space = hdf5_made(H5Screate(H5S_SCALAR), path, "make a scalar");
    write_attribute(owner, name, type, space.get(), value, path);
  }
};

/// The type of texts of `width` bytes.
Hid text_type(std::int64_t width, const std::string& path) {
  auto type = hdf5_made(H5Tcopy(H5T_C_S1), path, "make a text type");
  H5Tset_size(type.get(), at(width));
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

/// Where the dataset lies in the file.
std::int64_t make_dataset(hid_t file, const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                          const std::string& path) {
  const auto space = hdf5_made(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), path,
                               "make the shape of " + name);
  const auto plan = hdf5_made(H5Pcreate(H5P_DATASET_CREATE), path, "plan " + name);
  H5Pset_layout(plan.get(), H5D_CONTIGUOUS);
  H5Pset_alloc_time(plan.get(), H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(plan.get(), H5D_FILL_TIME_NEVER);
  H5Pset_obj_track_times(plan.get(), false);  // the same network gives the same bytes whenever it is written
  const auto id = hdf5_made(H5Dcreate2(file, name.c_str(), type, space.get(), H5P_DEFAULT, plan.get(), H5P_DEFAULT),
                            path, "make dataset " + name);
  if (std::find(shape.begin(), shape.end(), hsize_t{0}) != shape.end()) return 0;
  const auto offset = H5Dget_offset(id.get());
  if (offset == HADDR_UNDEF) throw hdf5_refused(path, "allocate dataset " + name);
  return static_cast<std::int64_t>(offset);
}
/// A file that is closed once, whatever comes of it: what HDF5 could not close it must not find again at its own end.
class FileInMaking {
 public:
  explicit FileInMaking(hid_t id) : id_(id) {}
  ~FileInMaking() { close(); }
  FileInMaking(const FileInMaking&) = delete;
  FileInMaking& operator=(const FileInMaking&) = delete;

  [[nodiscard]] hid_t get() const noexcept { return id_; }
  bool close() noexcept {
    const auto id = std::exchange(id_, H5I_INVALID_HID);
    const bool closed = id < 0 || H5Fclose(id) >= 0;
    if (!closed) abandon_libraries();
    return closed;
  }

 private:
  hid_t id_;
};

}  // namespace

void Hdf5Output::seal() {
  sealed_ = true;
  attribute("/", "sealed", std::int64_t{1});
}

void Hdf5Output::groups_above(const std::string& dataset) {
  for (auto end = dataset.find('/', 1); end != dataset.npos; end = dataset.find('/', end + 1)) {
    if (const auto above = dataset.substr(0, end); std::ranges::find(groups_, above) == groups_.end()) group(above);
  }
}

void Hdf5Output::attribute(const std::string& object, const std::string& name, AttributeValue value) {
  attributes_.push_back({object, name, std::move(value)});
}

template <class T>
Hdf5Output::DatasetId Hdf5Output::dataset(const std::string& path, std::int64_t length) {
  datasets_.push_back({path, memory_type<T>(), {static_cast<hsize_t>(length)}, 0});
  return datasets_.size() - 1;
}
template Hdf5Output::DatasetId Hdf5Output::dataset<double>(const std::string&, std::int64_t);
template Hdf5Output::DatasetId Hdf5Output::dataset<float>(const std::string&, std::int64_t);
template Hdf5Output::DatasetId Hdf5Output::dataset<std::int64_t>(const std::string&, std::int64_t);
template Hdf5Output::DatasetId Hdf5Output::dataset<std::int32_t>(const std::string&, std::int64_t);
template Hdf5Output::DatasetId Hdf5Output::dataset<std::uint8_t>(const std::string&, std::int64_t);

template <class T>
Hdf5Output::DatasetId Hdf5Output::table(const std::string& path, std::int64_t rows, std::int64_t width) {
  datasets_.push_back({path, memory_type<T>(), {static_cast<hsize_t>(rows), static_cast<hsize_t>(width)}, 0});
  return datasets_.size() - 1;
}
template Hdf5Output::DatasetId Hdf5Output::table<double>(const std::string&, std::int64_t, std::int64_t);
template Hdf5Output::DatasetId Hdf5Output::table<std::int64_t>(const std::string&, std::int64_t, std::int64_t);

template <class T>
Hdf5Output::DatasetId Hdf5Output::array(const std::string& path, const std::vector<std::int64_t>& shape) {
  datasets_.push_back({path, memory_type<T>(), {shape.begin(), shape.end()}, 0});
  return datasets_.size() - 1;
}
template Hdf5Output::DatasetId Hdf5Output::array<double>(const std::string&, const std::vector<std::int64_t>&);
template Hdf5Output::DatasetId Hdf5Output::array<std::int64_t>(const std::string&, const std::vector<std::int64_t>&);

Hdf5Output::DatasetId Hdf5Output::texts(const std::string& path, std::int64_t length, std::int64_t width) {
  datasets_.push_back({path, memory_type<std::uint8_t>(), {static_cast<hsize_t>(length)}, 0, width});
  return datasets_.size() - 1;
}

ByteCount Hdf5Output::Declared::bytes() const {
  return length() * (text_width > 0 ? text_width : static_cast<ByteCount>(H5Tget_size(type)));
}

std::int64_t Hdf5Output::Declared::length() const {
  return static_cast<std::int64_t>(std::accumulate(shape.begin(), shape.end(), hsize_t{1}, std::multiplies<>()));
}

void Hdf5Output::create(const Comm& comm, const std::string& path) {
  comm_ = &comm;
  path_ = path;
  file_ = std::make_unique<OutputFile>(comm, path);
  // HDF5 cannot even close a file whose metadata did not fit (it crashes when the program ends), so a disk that is too
  // full must be found before HDF5 sees the file.
  file_->allocate(expected_size());
  std::vector<std::int64_t> numbers(datasets_.size() + 1, 0);  // offsets, then the file's length
  agreed(comm, [&] {
    if (comm.is_root()) lay_down(file_->partial_path(), numbers);
  });
  comm.max(std::span(numbers));  // of rank 0: the others have nothing but zeros
  for (std::size_t k = 0; k < datasets_.size(); ++k) datasets_[k].offset = numbers[k];
  file_->allocate(numbers.back());
  file_->open_everywhere();
}

ByteCount Hdf5Output::expected_size() const {
  // For the metadata, generously: 64 KiB, and a page for every object.
  auto bytes = 65536 + 4096 * static_cast<ByteCount>(groups_.size() + datasets_.size() + attributes_.size());
  for (const auto& d : datasets_) bytes += d.bytes();
  for (const auto& a : attributes_) {
    if (const auto* text = std::get_if<std::string>(&a.value)) bytes += static_cast<ByteCount>(text->size());
  }
  return bytes;
}

void Hdf5Output::lay_down(const std::string& partial_path, std::span<std::int64_t> numbers) const {
  quiet_hdf5();
  const auto access = hdf5_made(H5Pcreate(H5P_FILE_ACCESS), path_, "start");
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  FileInMaking file(H5Fcreate(partial_path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
  if (file.get() < 0) throw hdf5_refused(path_, "create the file");
  for (const auto& g : groups_) {
    hdf5_made(H5Gcreate2(file.get(), g.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path_, "make group " + g);
  }
  std::transform(datasets_.begin(), datasets_.end(), numbers.begin(), [&](const Declared& d) {
    if (d.text_width == 0) return make_dataset(file.get(), d.path, d.type, d.shape, path_);
    return make_dataset(file.get(), d.path, text_type(d.text_width, path_).get(), d.shape, path_);
  });
  for (const auto& a : attributes_) {
    const auto owner = hdf5_made(H5Oopen(file.get(), a.object.c_str(), H5P_DEFAULT), path_, "open " + a.object);
    std::visit(AttributeWriter{owner.get(), a.name, path_}, a.value);
  }
  if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0) throw hdf5_refused(path_, "flush the file");
  if (!file.close()) throw hdf5_refused(path_, "close the file");
  struct stat facts {};
  if (::stat(partial_path.c_str(), &facts) != 0) throw hdf5_refused(path_, "create the file");
  numbers.back() = facts.st_size;
}

void Hdf5Output::note(DatasetId id, std::int64_t first, std::int64_t count, std::span<const std::byte> bytes) {
  const auto extends =
      !written_.empty() && written_.back().dataset == id && written_.back().first + written_.back().count == first;
  if (!extends) written_.push_back({id, first, 0, 0});
  auto& range = written_.back();
  range.checksum = checksum_of(bytes, range.checksum);
  range.count += count;
}

template <class T>
void Hdf5Output::write(DatasetId id, std::int64_t first, std::span<const T> values) noexcept {
  if (failure_ || values.empty()) return;
  try {
    file_->write(datasets_.at(id).offset + first * static_cast<std::int64_t>(sizeof(T)),
                 {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    note(id, first, std::ssize(values), std::as_bytes(values));
  } catch (const Error& e) {
    failure_ = e;
  } catch (const std::exception& e) {
    failure_ = internal_error(e.what());
  }
}
template void Hdf5Output::write(DatasetId, std::int64_t, std::span<const double>) noexcept;
template void Hdf5Output::write(DatasetId, std::int64_t, std::span<const float>) noexcept;
template void Hdf5Output::write(DatasetId, std::int64_t, std::span<const std::int64_t>) noexcept;
template void Hdf5Output::write(DatasetId, std::int64_t, std::span<const std::int32_t>) noexcept;
template void Hdf5Output::write(DatasetId, std::int64_t, std::span<const std::uint8_t>) noexcept;

Error Hdf5Output::damaged(const std::string& what) const {
  return io_failure(
      fmt::format("{}: {} was not stored as written (failing or full disk): write elsewhere", path_, what));
}

template <class T>
void Hdf5Output::read_back(const Hdf5Input& file, const Written& range) const {
  const auto& declared = datasets_[range.dataset];
  const auto& name = declared.path;
  const auto stored = declared.text_width > 0 ? file.texts(name) : file.array(name);
  std::vector<T> piece(at(std::min(std::max(tuning::kPiece, declared.text_width), range.count)));
  std::uint32_t sum = 0;
  const auto whole = std::max<std::int64_t>(declared.text_width, 1);  // elements are read back whole
  const auto step = std::max(tuning::kPiece / whole, std::int64_t{1}) * whole;
  for (std::int64_t done = 0; done < range.count; done += step) {
    const auto length = std::min(step, range.count - done);
    if (declared.text_width > 0) {
      file.read_letters(stored, range.first + done, length, reinterpret_cast<char*>(piece.data()));
    } else {
      file.read(stored, range.first + done, length, piece.data());
    }
    sum = checksum_of(std::as_bytes(std::span(piece).first(at(length))), sum);
  }
  if (sum != range.checksum) throw damaged("dataset " + name);
}

void Hdf5Output::read_back() const {
  const InputFile bytes(file_->partial_path());
  const auto file = Hdf5Input::open_serial(bytes);
  for (const auto& range : written_) {
    const auto type = datasets_[range.dataset].type;
    if (type == memory_type<double>()) read_back<double>(file, range);
    if (type == memory_type<float>()) read_back<float>(file, range);
    if (type == memory_type<std::int64_t>()) read_back<std::int64_t>(file, range);
    if (type == memory_type<std::int32_t>()) read_back<std::int32_t>(file, range);
    if (type == memory_type<std::uint8_t>()) read_back<std::uint8_t>(file, range);
  }
}

void Hdf5Output::finish(const std::function<void()>& before_rename) {
  agree(*comm_, failure_);
  agreed(*comm_, [&] {
    try {
      read_back();
    } catch (const Error& e) {
      throw e.code() == ExitCode::io_failure ? e : damaged(e.what());
    }
  });
  if (sealed_) file_->seal();
  file_->commit(before_rename);
}

}  // namespace synbal::io
