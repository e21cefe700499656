// The header of a PETSc matrix; the last eight bytes say how long the file is.
#include "io/petsc/petsc_header.hpp"

#include <algorithm>
#include <cstring>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synbal;
  if (size < 8) return 0;
  ByteCount length = 0;
  std::memcpy(&length, data + size - 8, 8);
  length = std::max(static_cast<ByteCount>(size - 8), length & ((ByteCount{1} << 50) - 1));
  const auto start = std::as_bytes(std::span(data, std::min(size - 8, io::kPetscStart)));
  return fuzz::parses([&] {
    const auto header = io::parse_petsc_header("x", start, length);
    fuzz::require(header.rows >= 0 && header.columns >= 0 && header.nnz >= 0);
    fuzz::require(header.scalars_begin() + header.nnz * header.scalar_bytes <= length);
  });
}
