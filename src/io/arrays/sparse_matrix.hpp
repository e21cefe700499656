// Square matrices as arrays of numbers, and the way from them to a network: every rank reads its own part.
#pragma once

#include <memory>

#include "io/arrays/number_array.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

/// Compressed rows (or columns). `starts` holds where each row's entries begin (n + 1 values), or how many it has (n).
struct CompressedMatrix {
  std::unique_ptr<NumberArray> data, indices, starts;
  GlobalIndex n = 0;           ///< compressed rows (or columns)
  GlobalIndex width = -1;      ///< what indices stay below, where the matrix is not square
  bool by_columns = false;     ///< compressed are columns, and `indices` are rows
  bool holds_lengths = false;  ///< starts[i] is the number of entries of row i

  [[nodiscard]] std::int64_t nnz() const { return data->length(); }
  [[nodiscard]] GlobalIndex index_end() const noexcept { return width < 0 ? n : width; }
};

/// Entries one by one.
struct CoordinateMatrix {
  std::unique_ptr<NumberArray> data, row, column;
  GlobalIndex n = 0;
};

/// Compressed rows of dense blocks of `height` rows and `width` columns each, the elements of a block row after row.
struct BlockMatrix {
  CompressedMatrix blocks;  ///< its data are unused, n counts rows of blocks
  std::unique_ptr<NumberArray> data;
  std::int64_t height = 1, width = 1;
  GlobalIndex n = 0;
};

/// All elements, row after row (or column after column). Zeros are no synapses.
struct DenseMatrix {
  std::unique_ptr<NumberArray> elements;
  GlobalIndex n = 0;
  bool by_columns = false;
};

/// Collective. Checks every index and value. @throws Error bad_input.
Network network_of(const Comm& comm, const CompressedMatrix& matrix, const ReadOptions& options, InputFacts facts);
Network network_of(const Comm& comm, const CoordinateMatrix& matrix, const ReadOptions& options, InputFacts facts);
Network network_of(const Comm& comm, const BlockMatrix& matrix, const ReadOptions& options, InputFacts facts);
Network network_of(const Comm& comm, const DenseMatrix& matrix, const ReadOptions& options, InputFacts facts);

/// Bytes that an entry takes until it is in a network: global column and weight as read (16), then the local column in
/// place of the global one, which keeps its addresses; where it changes rank, the other's 8 as well.
constexpr double kBytesOfStaying = 20, kBytesOfTravelling = 28;

/// Collective. The given rows (or columns) as they are stored, every index and value checked; holds 16 bytes an entry.
/// @throws Error io_failure where there is no room for `bytes` an entry, all that is ahead.
GlobalRows read_compressed(const Comm& comm, const CompressedMatrix& matrix, const Ownership& rows,
                           double bytes = kBytesOfTravelling);

/// @throws Error bad_input unless the lengths of the arrays fit together. Not collective.
void check_lengths(const CompressedMatrix& matrix);
void check_lengths(const CoordinateMatrix& matrix);

/// @throws Error bad_input unless a shape is that of a square matrix. `where` names it. Not collective.
GlobalIndex square_size(const std::string& where, std::int64_t rows, std::int64_t columns);

}  // namespace synbal::io
