// The directory of a zip archive.
#include "io/numpy/zip_directory.hpp"

#include <algorithm>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synbal;
  const auto length = static_cast<ByteCount>(size);
  const io::ByteSource read = [&](ByteCount offset, std::span<std::byte> into) {
    fuzz::require(offset >= 0 && offset <= length && std::ssize(into) <= length - offset);
    std::copy_n(reinterpret_cast<const std::byte*>(data) + offset, into.size(), into.begin());
  };
  return fuzz::parses([&] {
    for (const auto& member : io::read_zip_directory("x", length, read)) {
      fuzz::require(member.size >= 0 && member.packed >= 0);
      const auto begin = io::packed_bytes_of("x", length, member, read);
      fuzz::require(begin >= 0 && begin + member.packed <= length);
    }
  });
}
