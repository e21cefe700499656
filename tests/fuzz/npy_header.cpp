// The header of an .npy array.
#include "io/numpy/npy_header.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synbal;
  return fuzz::parses([&] {
    const auto header = io::parse_npy_header("x", {reinterpret_cast<const char*>(data), size});
    fuzz::require(header.data <= size && header.elements() >= 0);
    for (const auto s : header.shape) fuzz::require(s >= 0);
  });
}
