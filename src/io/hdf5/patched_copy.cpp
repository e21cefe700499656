// Bytes copied by all ranks, structure changed by rank 0 alone, values put to where HDF5 says.
#include "io/hdf5/patched_copy.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "io/hdf5/hdf5_output.hpp"
#include "io/mark.hpp"
#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
/// Whether values can be put where they are: little-endian float64 in one piece.
bool is_plain(hid_t dataset) {
  const Hid type = adopt_hid(H5Dget_type(dataset), "no type"),
            plan = adopt_hid(H5Dget_create_plist(dataset), "no plan");
  return H5Tequal(type.get(), H5T_IEEE_F64LE) > 0 && H5Pget_layout(plan.get()) == H5D_CONTIGUOUS &&
         H5Dget_offset(dataset) != HADDR_UNDEF;
}

Hid new_dataset(hid_t file, const std::string& name, std::int64_t length, const std::string& path) {
  const auto size = static_cast<hsize_t>(length);
  const auto space = hdf5_made(H5Screate_simple(1, &size, nullptr), path, "make the shape of " + name);
  const auto plan = hdf5_made(H5Pcreate(H5P_DATASET_CREATE), path, "plan " + name);
  H5Pset_layout(plan.get(), H5D_CONTIGUOUS);
  H5Pset_alloc_time(plan.get(), H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(plan.get(), H5D_FILL_TIME_NEVER);
  return hdf5_made(H5Dcreate2(file, name.c_str(), H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, plan.get(), H5P_DEFAULT),
                   path, "make dataset " + name);
}

constexpr std::size_t kLargestCopied = std::size_t{1} << 20;  // bytes

/// Texts of variable length are read by `original`, which does not trust what the file says of them.
void copy_text(const Hdf5Input& original, const std::string& dataset, hid_t to, const std::string& name, hid_t type,
               const std::string& path) {
  const auto text = original.text_attribute(dataset, name);
  const char* raw = text.c_str();
  const auto space = hdf5_made(H5Screate(H5S_SCALAR), path, "copy an attribute");
  const auto copy =
      hdf5_made(H5Acreate2(to, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), path, "copy " + name);
  if (H5Awrite(copy.get(), type, static_cast<const void*>(&raw)) < 0)
    throw hdf5_refused(path, "copy attribute " + name);
}

void copy_numbers(const Hid& old, hid_t to, const std::string& name, const Hid& type, const std::string& path) {
  const auto space = hdf5_made(H5Aget_space(old.get()), path, "copy an attribute");
  const auto size = H5Tget_size(type.get()) * at(std::max<hssize_t>(1, H5Sget_simple_extent_npoints(space.get())));
  if (size > kLargestCopied || H5Tdetect_class(type.get(), H5T_VLEN) > 0) {
    throw bad_input(fmt::format("{}: attribute '{}' of syn_weight is no number and no text: remove it", path, name));
  }
  std::vector<std::byte> value(size);
  const auto copy =
      hdf5_made(H5Acreate2(to, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), path, "copy " + name);
  const bool good =
      H5Aread(old.get(), type.get(), value.data()) >= 0 && H5Awrite(copy.get(), type.get(), value.data()) >= 0;
  if (!good) throw hdf5_refused(path, "copy attribute " + name);
}

void copy_attribute(const Hdf5Input& original, const std::string& dataset, hid_t from, hid_t to, unsigned number,
                    const std::string& path) {
  const auto old = hdf5_made(H5Aopen_by_idx(from, ".", H5_INDEX_NAME, H5_ITER_INC, number, H5P_DEFAULT, H5P_DEFAULT),
                             path, "copy an attribute");
  const auto type = hdf5_made(H5Aget_type(old.get()), path, "copy an attribute");
  std::string name(256, '\0');
  name.resize(at(std::clamp<ssize_t>(H5Aget_name(old.get(), name.size(), name.data()), 0, 255)));
  if (H5Tis_variable_str(type.get()) > 0) {
    copy_text(original, dataset, to, name, type.get(), path);
  } else {
    copy_numbers(old, to, name, type, path);
  }
}

/// The dataset made anew under its name, with the attributes it had.
Hid made_anew(const Hdf5Input& original, hid_t file, const std::string& name, std::int64_t length, const Hid& old,
              const std::string& path) {
  const auto aside = name + ".new";
  auto fresh = new_dataset(file, aside, length, path);
  H5O_info_t facts;
  if (H5Oget_info(old.get(), &facts) < 0) throw hdf5_refused(path, "look at " + name);
  for (unsigned k = 0; k < facts.num_attrs; ++k) copy_attribute(original, name, old.get(), fresh.get(), k, path);
  const bool good = H5Ldelete(file, name.c_str(), H5P_DEFAULT) >= 0 &&
                    H5Lmove(file, aside.c_str(), file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0;
  if (!good) throw hdf5_refused(path, "replace dataset " + name);
  return fresh;
}

std::int64_t room_for(const Hdf5Input& original, hid_t file, const std::string& name, std::int64_t length,
                      const std::string& path) {
  Hid dataset;
  if (H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0) {
    dataset = hdf5_made(H5Dopen2(file, name.c_str(), H5P_DEFAULT), path, "open " + name);
    if (length > 0 && !is_plain(dataset.get())) dataset = made_anew(original, file, name, length, dataset, path);
  } else {
    dataset = new_dataset(file, name, length, path);
  }
  const auto offset = length == 0 ? 0 : H5Dget_offset(dataset.get());
  if (offset == HADDR_UNDEF) throw hdf5_refused(path, "allocate dataset " + name);
  return static_cast<std::int64_t>(offset);
}
}  // namespace

void PatchedCopy::copy_bytes(const Comm& comm, const InputFile& from) const {
  const auto share = from.size() / comm.size();
  auto offset = share * comm.rank();
  const auto end = comm.rank() + 1 == comm.size() ? from.size() : offset + share;
  std::vector<char> block(at(std::min(static_cast<ByteCount>(tuning::kTextBlock), end - offset)));
  while (offset < end) {
    const auto part = std::span(block).first(at(std::min(std::ssize(block), end - offset)));
    if (from.read(offset, part) < part.size()) {
      throw bad_input(from.path() + ": became shorter while being read: try again");
    }
    file_->write(offset, part);
    offset += std::ssize(part);
  }
}

void PatchedCopy::make_room(const InputFile& from, std::span<std::int64_t> numbers) const {
  const auto original = Hdf5Input::open_serial(from);
  const auto access = hdf5_made(H5Pcreate(H5P_FILE_ACCESS), path_, "start");
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  auto file = hdf5_made(H5Fopen(file_->partial_path().c_str(), H5F_ACC_RDWR, access.get()), path_, "open the copy");
  for (std::size_t k = 0; k < patches_.size(); ++k) {
    numbers[k] = room_for(original, file.get(), patches_[k].dataset, patches_[k].length, path_);
  }
  if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0) throw hdf5_refused(path_, "flush the copy");
  file.reset();
  struct stat facts {};
  if (::stat(file_->partial_path().c_str(), &facts) != 0) throw hdf5_refused(path_, "change the copy");
  numbers.back() = facts.st_size;
}

void PatchedCopy::create(const Comm& comm, const InputFile& from, const std::string& path) {
  const std::string_view mark = kMark;  // behind all that is HDF5's: the rest is as it was
  path_ = path;
  file_ = std::make_unique<OutputFile>(comm, path);
  ByteCount more = 65536;  // for metadata
  for (const auto& patch : patches_) more += patch.length * 8 + 4096;
  file_->allocate(from.size() + more);
  file_->open_everywhere();
  agreed(comm, [&] { copy_bytes(comm, from); });
  std::vector<std::int64_t> numbers(patches_.size() + 1, 0);
  agreed(comm, [&] {
    if (comm.is_root()) make_room(from, numbers);
  });
  comm.max(std::span(numbers));  // of rank 0: the others have nothing but zeros
  for (std::size_t k = 0; k < patches_.size(); ++k) patches_[k].offset = numbers[k];
  file_->allocate(numbers.back() + std::ssize(mark));
  agreed(comm, [&] {
    if (comm.is_root()) file_->write(numbers.back(), mark);
  });
}

void PatchedCopy::write(std::size_t patch, std::int64_t first, std::span<const double> values) const {
  const auto bytes = std::as_bytes(values);
  file_->write(patches_[patch].offset + first * 8, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace synbal::io
