// The table of edge types of a SONATA network.
#include "io/sonata/edge_types.hpp"

#include <cmath>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synbal;
  return fuzz::parses([&] {
    for (const auto& [id, type] : io::parse_edge_types("x", {reinterpret_cast<const char*>(data), size})) {
      fuzz::require(std::isfinite(type.weight.value_or(0)) && std::isfinite(type.synapses));
    }
  });
}
