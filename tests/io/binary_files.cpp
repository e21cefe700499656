#include "binary_files.hpp"

#include <zlib.h>

namespace synbal::test {

namespace {
std::string little(std::uint64_t value, int width) {
  std::string bytes;
  for (int k = 0; k < width; ++k, value >>= 8) bytes += static_cast<char>(value & 255U);
  return bytes;
}

std::string deflated(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(bytes.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// What both headers of a member say.
std::string facts(const ZipEntry& e, std::size_t packed) {
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(e.bytes.data()), static_cast<uInt>(e.bytes.size()));
  const auto size = e.claimed < 0 ? e.bytes.size() : static_cast<std::size_t>(e.claimed);
  return little(20, 2) + little(e.flags, 2) + little(e.deflate ? 8 : e.method, 2) + little(0, 4) + little(crc, 4) +
         little(packed, 4) + little(size, 4) + little(e.name.size(), 2);
}
}  // namespace

std::string npy(const std::string& dictionary, const std::string& data) {
  return "\x93NUMPY\x01" + std::string(1, '\0') + little(dictionary.size() + 1, 2) + dictionary + "\n" + data;
}

std::string npy_dictionary(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

std::string zip(const std::vector<ZipEntry>& members, int entries) {
  std::string file, directory;
  for (const auto& e : members) {
    const auto packed = e.deflate ? deflated(e.bytes) : e.bytes;
    const auto place = file.size();
    file += little(0x04034b50, 4) + facts(e, packed.size()) + little(0, 2) + e.name + packed;
    directory += little(0x02014b50, 4) + little(20, 2) + facts(e, packed.size()) + little(0, 2 + 2 + 2 + 2 + 4) +
                 little(place, 4) + e.name;
  }
  const auto count = entries < 0 ? members.size() : static_cast<std::size_t>(entries);
  const auto begin = file.size();
  return file + directory + little(0x06054b50, 4) + little(0, 4) + little(count, 2) + little(count, 2) +
         little(directory.size(), 4) + little(begin, 4) + little(0, 2);
}

std::vector<ZipEntry> ScipySample::members() const {
  std::vector<ZipEntry> all;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    if (name != left_out) all.push_back({name + ".npy", bytes});
  };
  add("indices", npy_list("<i4", indices));
  add("indptr", npy_list("<i4", indptr));
  add("format", npy(npy_dictionary(fmt::format("|S{}", format.size()), "()"), format));
  add("shape", npy_list("<i8", shape));
  add("data", npy_list("<f8", data));
  return all;
}

std::string safetensors(const std::string& header, const std::string& data) {
  return little(header.size(), 8) + header + data;
}

std::string PetscSample::bytes() const {
  return big_endian(head) + big_endian(lengths) + big_endian(columns) + big_endian(values);
}

}  // namespace synbal::test
