// Looking arrays up, and opening the two kinds of files that hold them.
#include "io/numpy/bundle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/numpy/inflated_bytes.hpp"
#include "io/numpy/npy_header.hpp"
#include "io/numpy/safetensors_header.hpp"

namespace synbal::io {

namespace {
constexpr std::size_t kLongestFormat = 256;  // bytes: texts here are names of formats

ByteSource behind(ByteSource bytes, ByteCount skip) {
  return [bytes = std::move(bytes), skip](ByteCount offset, std::span<std::byte> into) { bytes(offset + skip, into); };
}

std::string some(const std::string& name) { return name.size() <= 60 ? name : name.substr(0, 57) + "..."; }
}  // namespace

std::int64_t BundleArray::elements() const noexcept {
  std::int64_t product = 1;
  for (const auto s : shape) product *= s;
  return product;
}

const BundleArray* Bundle::find(const std::string& name) const {
  const auto found = std::ranges::find(arrays, name, &BundleArray::name);
  return found == arrays.end() ? nullptr : &*found;
}

const BundleArray& Bundle::get(const std::string& name) const {
  if (const auto* found = find(name)) return *found;
  throw error(fmt::format("has no array '{}' (it has {}): name one of them", some(name), names()));
}

std::string Bundle::where(const BundleArray& array) const {
  return fmt::format("{}: array {}", file->path(), some(array.name));
}

Error Bundle::error(const std::string& what) const { return bad_input(file->path() + ": " + what); }

std::string Bundle::names() const {
  std::string list;
  for (const auto& array : arrays) {
    if (list.size() > 200) return list + ", ...";
    list += (list.empty() ? "" : ", ") + some(array.name);
  }
  return list.empty() ? "none" : list;
}

std::unique_ptr<NumberArray> Bundle::numbers(const BundleArray& array) const {
  if (array.type) return stored_array(where(array), array.elements(), *array.type, array.bytes);
  throw bad_input(fmt::format("{} holds no real numbers (its type is {}): store it as float64 or int64", where(array),
                              some(array.type_name)));
}

std::string Bundle::text(const BundleArray& array) const {
  const bool bytes = array.type_name.starts_with("|S"), wide = array.type_name.starts_with("<U");
  if ((!bytes && !wide) || array.elements() != 1 || array.size > static_cast<ByteCount>(kLongestFormat)) {
    throw bad_input(where(array) + " is no short text: write the file with scipy.sparse.save_npz");
  }
  std::vector<std::byte> raw(at(array.size));
  array.bytes(0, raw);
  std::string text;
  for (std::size_t k = 0; k < raw.size(); k += wide ? 4 : 1) {
    if (raw[k] != std::byte{0}) text += static_cast<char>(raw[k]);
  }
  return text;
}

// ---- .npz

namespace {
BundleArray npz_array(const InputFile& file, const ZipMember& member) {
  const auto where = fmt::format("{}: member {}", file.path(), some(member.name));
  const auto begin = packed_bytes_of(where, file.size(), member, plain_bytes(file, 0));
  auto bytes = member.method == kZipStored ? plain_bytes(file, begin) : inflated_bytes(file, member, begin);
  std::vector<char> start(at(std::min(member.size, static_cast<ByteCount>(kNpyStart))));
  bytes(0, std::as_writable_bytes(std::span(start)));
  std::vector<char> whole(std::min(npy_header_size(where, start), at(member.size)));
  bytes(0, std::as_writable_bytes(std::span(whole)));
  const auto header = parse_npy_header(where, whole);
  const auto data = static_cast<ByteCount>(header.data);
  BundleArray array{member.name,
                    header.type,
                    numpy_type(header.type),
                    header.shape,
                    header.by_columns && header.shape.size() > 1,
                    {},
                    member.size - data};
  if (array.name.ends_with(".npy")) array.name.resize(array.name.size() - 4);
  array.bytes = behind(std::move(bytes), data);
  const auto bytes_each = array.type ? array.type->bytes : 1;
  if (array.type && (array.elements() > array.size / bytes_each || array.elements() * bytes_each != array.size)) {
    throw bad_input(fmt::format("{} announces {} elements of type {} but has {} bytes for them: get the file again",
                                where, array.elements(), header.type, array.size));
  }
  return array;
}

constexpr std::array kActivationNames{"activation", "nonlinearity", "transfer_function", "phi"};

/// A short text of one of the usual names.
std::string activation_in(const Bundle& bundle) {
  for (const auto* name : kActivationNames) {
    const auto* array = bundle.find(name);
    const bool is_text = array != nullptr && !array->type && array->elements() == 1 && array->size <= 256 &&
                         (array->type_name.starts_with("|S") || array->type_name.starts_with("<U"));
    if (is_text) return bundle.text(*array);
  }
  return {};
}

/// What there is, without ".npy"; other files in the archive are left alone.
bool is_array(const ZipMember& member) { return member.name.ends_with(".npy"); }
}  // namespace

Bundle open_npz(const InputFile& file) {
  Bundle bundle{&file, {}, {}, {}};
  for (const auto& member : read_zip_directory(file.path(), file.size(), plain_bytes(file, 0))) {
    if (is_array(member)) bundle.arrays.push_back(npz_array(file, member));
  }
  bundle.activation = activation_in(bundle);
  return bundle;
}

// ---- .safetensors

Bundle open_safetensors(const InputFile& file) {
  std::vector<char> start(at(std::min(kTensorsStart, file.size())));
  file.read(0, start);
  const auto length = tensors_header_size(file.path(), {start.data(), start.size()}, file.size());
  std::vector<char> header(at(length));
  file.read(kTensorsStart, header);
  const auto data = kTensorsStart + length;
  Bundle bundle{&file, {}, {}, {}};
  const auto parsed = parse_tensors(file.path(), {header.data(), header.size()}, file.size() - data);
  for (const auto* name : kActivationNames) {
    const auto said = parsed.metadata.find(name);
    if (said != parsed.metadata.end()) bundle.activation = said->second;
  }
  bundle.metadata = parsed.metadata;
  for (const auto& t : parsed.tensors) {
    bundle.arrays.push_back(
        {t.name, t.dtype, t.type, t.shape, false, plain_bytes(file, data + t.begin), t.end - t.begin});
  }
  return bundle;
}

}  // namespace synbal::io
