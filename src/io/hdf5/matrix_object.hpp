// Matrices as objects of HDF5 files: AnnData's csr and csc groups (encodings 0.1.0 and older), 10x Genomics' groups,
// MATLAB's sparse variables, and dense two-dimensional datasets.
#pragma once

#include <optional>
#include <variant>

#include "io/arrays/sparse_matrix.hpp"
#include "io/hdf5/hdf5_file.hpp"

namespace synbal::io {

struct MatrixShape {
  std::int64_t rows = 0, columns = 0;
};

/// Of what looks like a matrix; nothing for other objects. Not collective.
[[nodiscard]] std::optional<MatrixShape> matrix_shape(const Hdf5Input& file, const std::string& object);

/// Compressed rows or columns of any shape. Not collective. @throws Error bad_input. `file` must outlive it.
CompressedMatrix open_compressed(const Hdf5Input& file, const std::string& group, MatrixShape& shape);

using StoredMatrix = std::variant<CompressedMatrix, DenseMatrix>;

/// Of a square matrix. Not collective. @throws Error bad_input. `file` must outlive it.
StoredMatrix open_matrix(const Hdf5Input& file, const std::string& object);

/// The object that is meant where the user named none: /weights, else the only square matrix in the file's root, in
/// /obsp or in /matrix. Not collective. @throws Error bad_input when there is none or several.
std::string find_matrix(const Hdf5Input& file);

}  // namespace synbal::io
