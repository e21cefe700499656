// The header of a .safetensors file; the first two bytes say how many bytes of data follow it.
#include "io/numpy/safetensors_header.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synbal;
  if (size < 2) return 0;
  const ByteCount bytes = data[0] + 256 * data[1];
  return fuzz::parses([&] {
    ByteCount end = 0;
    for (const auto& t : io::parse_tensors("x", {reinterpret_cast<const char*>(data) + 2, size - 2}, bytes).tensors) {
      fuzz::require(t.begin == end && t.end >= t.begin && t.end <= bytes);
      end = t.end;
    }
    fuzz::require(end == bytes);
  });
}
