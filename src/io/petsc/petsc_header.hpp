// The header of a matrix in PETSc's binary format (big-endian): sizes, and whether integers have 32 or 64 bits. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "synbal/core/types.hpp"

namespace synbal::io {

struct PetscHeader {
  int integer_bytes = 4, scalar_bytes = 8;
  std::int64_t rows = 0, columns = 0;
  std::int64_t nnz = 0;   ///< entries; rows * columns of a dense matrix
  bool is_dense = false;  ///< no lengths of rows and no columns: the scalars follow, row after row

  [[nodiscard]] ByteCount lengths_begin() const noexcept { return 4 * ByteCount{integer_bytes}; }
  [[nodiscard]] ByteCount columns_begin() const noexcept {
    return lengths_begin() + (is_dense ? 0 : rows * integer_bytes);
  }
  [[nodiscard]] ByteCount scalars_begin() const noexcept {
    return columns_begin() + (is_dense ? 0 : nnz * integer_bytes);
  }
};

inline constexpr std::size_t kPetscStart = 32;  ///< bytes that the header has at most

/// From the first bytes (kPetscStart, or all there are) of a file of `size` bytes, which has room for all that is
/// announced. @throws Error bad_input, `where` names the file.
[[nodiscard]] PetscHeader parse_petsc_header(const std::string& where, std::span<const std::byte> start,
                                             ByteCount size);

/// MAT_FILE_CLASSID of PETSc, and the number of entries that marks a dense matrix.
inline constexpr std::int64_t kPetscMatrix = 1211216, kPetscDense = -1;

}  // namespace synbal::io
