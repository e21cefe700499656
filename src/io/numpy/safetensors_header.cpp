// The JSON text by nlohmann, and all that it must promise checked.
#include "io/numpy/safetensors_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "synbal/core/error.hpp"

namespace synbal::io {

namespace {
using nlohmann::json;

constexpr ByteCount kLongestTensorHeader = 100'000'000;  // as the format's own library has it

constexpr std::array<std::pair<std::string_view, NumberType>, 13> kTypes{{
    {"F64", {NumberKind::real, 8}},
    {"F32", {NumberKind::real, 4}},
    {"F16", {NumberKind::real, 2}},
    {"BF16", {NumberKind::brain_real, 2}},
    {"I64", {NumberKind::signed_integer, 8}},
    {"I32", {NumberKind::signed_integer, 4}},
    {"I16", {NumberKind::signed_integer, 2}},
    {"I8", {NumberKind::signed_integer, 1}},
    {"U64", {NumberKind::unsigned_integer, 8}},
    {"U32", {NumberKind::unsigned_integer, 4}},
    {"U16", {NumberKind::unsigned_integer, 2}},
    {"U8", {NumberKind::unsigned_integer, 1}},
    {"BOOL", {NumberKind::boolean, 1}},
}};

Error damaged(const std::string& where, const std::string& why) {
  return bad_input(fmt::format("{} {}: get the file again, or write it with safetensors' own save_file", where, why));
}

/// A whole number from 0 up to kMostElements.
std::optional<std::int64_t> size_in(const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(kMostElements)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(value.get<std::uint64_t>());
}

std::vector<std::int64_t> sizes_in(const std::string& where, const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array() || found->size() > kMostArrayDimensions) {
    throw damaged(where, fmt::format("has no list '{}'", key));
  }
  std::vector<std::int64_t> sizes;
  for (const auto& value : *found) {
    const auto size = size_in(value);
    if (!size) throw damaged(where, fmt::format("has an impossible number in '{}'", key));
    sizes.push_back(*size);
  }
  return sizes;
}

Tensor tensor_of(const std::string& file, const std::string& name, const json& entry, ByteCount data_size) {
  const auto where = fmt::format("{}: tensor {}", file, name.substr(0, 100));
  if (!entry.is_object()) throw damaged(where, "is no description of a tensor");
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) throw damaged(where, "has no dtype");
  Tensor tensor{name, dtype->get<std::string>(), {}, sizes_in(where, entry, "shape"), 0, 0};
  const auto known = std::ranges::find(kTypes, tensor.dtype, &std::pair<std::string_view, NumberType>::first);
  if (known != kTypes.end()) tensor.type = known->second;
  const auto range = sizes_in(where, entry, "data_offsets");
  if (range.size() != 2 || range[0] > range[1] || range[1] > data_size) {
    throw damaged(where, fmt::format("has data_offsets that do not lie in the {} bytes of data", data_size));
  }
  tensor.begin = range[0], tensor.end = range[1];
  const auto elements = elements_of(tensor.shape);
  if (!elements) throw damaged(where, "has an impossible shape");
  const auto stated = tensor.end - tensor.begin;
  const bool fits = !tensor.type || (*elements <= stated && *elements * tensor.type->bytes == stated);
  if (fits) return tensor;
  throw damaged(where, fmt::format("has {} elements of type {} but {} bytes", *elements, tensor.dtype, stated));
}

std::map<std::string, std::string> texts_in(const json& entry) {
  std::map<std::string, std::string> texts;
  if (!entry.is_object()) return texts;
  for (const auto& [name, value] : entry.items()) {
    if (value.is_string()) texts[name] = value.get<std::string>();
  }
  return texts;
}

void check_cover(const std::string& file, const std::vector<Tensor>& tensors, ByteCount data_size) {
  ByteCount end = 0;
  for (const auto& tensor : tensors) {
    if (tensor.begin != end) {
      throw damaged(fmt::format("{}: tensor {}", file, tensor.name.substr(0, 100)),
                    fmt::format("begins at byte {} of the data but the one before it ends at {} ({})", tensor.begin,
                                end, tensor.begin < end ? "they overlap" : "there is a hole"));
    }
    end = tensor.end;
  }
  if (end == data_size) return;
  throw damaged(file + ":",
                fmt::format("its tensors end at byte {} of {} bytes of data (a hole at the end)", end, data_size));
}
}  // namespace

ByteCount tensors_header_size(const std::string& where, std::string_view start, ByteCount size) {
  std::uint64_t length = 0;
  for (std::size_t k = 0; k < start.size(); ++k) {
    length |= static_cast<std::uint64_t>(static_cast<unsigned char>(start[k])) << (8 * k);
  }
  const auto most = std::min(kLongestTensorHeader, size - kTensorsStart);
  if (start.size() == at(kTensorsStart) && length <= static_cast<std::uint64_t>(std::max(most, ByteCount{0}))) {
    return static_cast<ByteCount>(length);
  }
  throw bad_input(
      fmt::format("{}: is no .safetensors file (it announces a header of {} bytes in {}): get the file again", where,
                  length, size));
}

TensorsHeader parse_tensors(const std::string& where, std::string_view header, ByteCount data_size) {
  const auto parsed = json::parse(header, nullptr, false);
  if (!parsed.is_object()) throw damaged(where + ":", "its header is no JSON object");
  TensorsHeader found;
  for (const auto& [name, entry] : parsed.items()) {
    if (name == "__metadata__") {
      found.metadata = texts_in(entry);
    } else {
      found.tensors.push_back(tensor_of(where, name, entry, data_size));
    }
  }
  std::ranges::sort(found.tensors, {}, [](const Tensor& t) { return std::pair(t.begin, t.end); });
  check_cover(where, found.tensors, data_size);
  return found;
}

}  // namespace synbal::io
