// Compressed, coordinate and block matrices, read in parts and checked.
#include "io/arrays/sparse_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "io/alphas.hpp"
#include "io/assembly.hpp"
#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/memory_room.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

namespace {

Error wrong_element(const NumberArray& array, std::int64_t place, const std::string& what) {
  return bad_input(fmt::format("{}: element {} is {}", array.name(), place, what));
}

std::vector<GlobalIndex> read_indices(const NumberArray& array, std::int64_t first, std::int64_t count, GlobalIndex n) {
  std::vector<GlobalIndex> indices(at(count));
  array.read(first, count, indices.data());
  const auto wrong = std::ranges::find_if(indices, [&](GlobalIndex j) { return j < 0 || j >= n; });
  if (wrong == indices.end()) return indices;
  throw wrong_element(array, first + (wrong - indices.begin()),
                      fmt::format("{}, outside 0..{}: indices count from 0", *wrong, n - 1));
}

std::vector<double> read_weights(const NumberArray& array, std::int64_t first, std::int64_t count) {
  std::vector<double> weights(at(count));
  array.read(first, count, weights.data());
  const auto odd = std::ranges::find_if_not(weights, [](double w) { return std::isfinite(w); });
  if (odd == weights.end()) return weights;
  throw wrong_element(array, first + (odd - weights.begin()), fmt::format("{}: weights must be finite", *odd));
}

// ---- where rows begin

/// [rows + 1] Offsets as they are in the file. Not collective.
std::vector<std::int64_t> read_offsets(const CompressedMatrix& matrix, const Ownership& rows) {
  const auto& starts = *matrix.starts;
  std::vector<std::int64_t> ptr(at(rows.count()) + 1);
  starts.read(rows.first(), rows.count() + 1, ptr.data());
  if (rows.first() == 0 && ptr.front() != 0) {
    throw bad_input(fmt::format("{} starts with {}: it must start with 0", starts.name(), ptr.front()));
  }
  for (std::size_t i = 0; i + 1 < ptr.size(); ++i) {
    if (ptr[i] <= ptr[i + 1] && ptr[i] >= 0) continue;
    throw wrong_element(starts, rows.first() + static_cast<GlobalIndex>(i) + 1,
                        fmt::format("{}, after {}: offsets of rows must not fall", ptr[i + 1], ptr[i]));
  }
  const bool last = rows.first() + rows.count() == matrix.n;
  if (ptr.back() > matrix.nnz() || (last && ptr.back() != matrix.nnz())) {
    throw wrong_element(
        starts, rows.first() + rows.count(),
        fmt::format("{} but there are {} entries: offsets end at the number of entries", ptr.back(), matrix.nnz()));
  }
  return ptr;
}

std::vector<std::int64_t> read_row_lengths(const CompressedMatrix& matrix, const Ownership& rows) {
  std::vector<std::int64_t> lengths(at(rows.count()));
  matrix.starts->read(rows.first(), rows.count(), lengths.data());
  const auto wrong = std::ranges::find_if(lengths, [&](std::int64_t k) { return k < 0 || k > matrix.nnz(); });
  if (wrong == lengths.end()) return lengths;
  throw wrong_element(*matrix.starts, rows.first() + (wrong - lengths.begin()),
                      fmt::format("{}, outside 0..{}: it is the number of entries of a row", *wrong, matrix.nnz()));
}

/// Collective. [rows + 1] Where the entries of the given rows begin in the file.
std::vector<std::int64_t> row_starts(const Comm& comm, const CompressedMatrix& matrix, const Ownership& rows) {
  if (!matrix.holds_lengths) return agreed(comm, [&] { return read_offsets(matrix, rows); });
  auto ptr = starts_of(agreed(comm, [&] { return read_row_lengths(matrix, rows); }));
  const auto own = ptr.back();
  const auto total = comm.sum(own);
  if (total != matrix.nnz()) {
    throw bad_input(fmt::format("{}: the rows have {} entries together but there are {}: get the file again",
                                matrix.starts->name(), total, matrix.nnz()));
  }
  const auto first = comm.sum_below(own);
  for (auto& p : ptr) p += first;
  return ptr;
}

/// Whether what is compressed are presynaptic neurons, so that entries have to travel.
bool lies_across(bool by_columns, const ReadOptions& options) {
  return by_columns == (options.orientation == Orientation::post_pre);
}

/// Collective. Rows of the file that carry about equal numbers of entries, or equal numbers of rows.
Ownership chosen_rows(const Comm& comm, const CompressedMatrix& matrix, const ReadOptions& options) {
  auto even = Ownership::even(comm, matrix.n);
  if (options.partition == PartitionKind::contiguous && !lies_across(matrix.by_columns, options)) return even;
  auto ptr = row_starts(comm, matrix, even);
  const auto first = ptr.front();
  for (auto& p : ptr) p -= first;
  return balanced_by_nonzeros(comm, even, ptr);
}

std::vector<GlobalIndex> numbers_from(GlobalIndex first, std::int64_t count) {
  std::vector<GlobalIndex> numbers(at(count));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

/// Collective. A network from compressed rows or columns of the file that this rank has read.
Network made(const Comm& comm, Ownership&& rows, GlobalRows&& own, bool by_columns, ReadOptions options,
             InputFacts&& facts) {
  if (!lies_across(by_columns, options)) {
    add_alphas(comm, options, own);
    return assemble(comm, std::move(rows), std::move(own), options.duplicates, std::move(facts));
  }
  auto entries = entries_of(numbers_from(rows.first(), rows.count()), std::move(own));
  options.orientation =
      Orientation::pre_post;  // what was compressed is presynaptic: the way it is now is the wrong one
  return network_of(comm, rows.size(), std::move(entries), options, std::move(facts));
}

/// This rank's even share of [0, length).
std::pair<std::int64_t, std::int64_t> own_share(const Comm& comm, std::int64_t length) {
  const auto share = Ownership::even(comm, length);
  return {share.first(), share.count()};
}
}  // namespace

GlobalIndex square_size(const std::string& where, std::int64_t rows, std::int64_t columns) {
  constexpr auto kMost = std::int64_t{1} << 60;
  if (std::min(rows, columns) < 0 || std::max(rows, columns) > kMost) {
    throw bad_input(
        fmt::format("{} is {} x {}, no pair of sizes: store the number of neurons twice", where, rows, columns));
  }
  if (rows == columns) return rows;
  throw bad_input(
      fmt::format("{} is {} x {}, not square: a recurrent network has as many rows as columns", where, rows, columns));
}

void check_lengths(const CompressedMatrix& matrix) {
  const auto expected = matrix.n + (matrix.holds_lengths ? 0 : 1);
  if (matrix.starts->length() != expected) {
    throw bad_input(fmt::format("{} has {} elements for {} rows: it must have {}", matrix.starts->name(),
                                matrix.starts->length(), matrix.n, expected));
  }
  if (matrix.indices->length() == matrix.data->length()) return;
  throw bad_input(fmt::format("{} has {} elements but {} has {}: they must be equally long", matrix.indices->name(),
                              matrix.indices->length(), matrix.data->name(), matrix.data->length()));
}

void check_lengths(const CoordinateMatrix& matrix) {
  for (const auto* indices : {matrix.row.get(), matrix.column.get()}) {
    if (indices->length() == matrix.data->length()) continue;
    throw bad_input(fmt::format("{} has {} elements but {} has {}: they must be equally long", indices->name(),
                                indices->length(), matrix.data->name(), matrix.data->length()));
  }
}

GlobalRows read_compressed(const Comm& comm, const CompressedMatrix& matrix, const Ownership& rows, double bytes) {
  GlobalRows own;
  own.row_ptr = row_starts(comm, matrix, rows);
  const auto first = own.row_ptr.front(), count = own.row_ptr.back() - first;
  for (auto& p : own.row_ptr) p -= first;
  expect_room(comm, bytes * static_cast<double>(count), fmt::format("{} entries", matrix.nnz()));
  agreed(comm, [&] {
    own.column = read_indices(*matrix.indices, first, count, matrix.index_end());
    own.weight = read_weights(*matrix.data, first, count);
  });
  return own;
}

Network network_of(const Comm& comm, const CompressedMatrix& matrix, const ReadOptions& options, InputFacts facts) {
  facts.entries = matrix.nnz();
  auto rows = chosen_rows(comm, matrix, options);
  const bool travels = lies_across(matrix.by_columns, options);
  auto own = read_compressed(comm, matrix, rows, travels ? kBytesOfTravelling : kBytesOfStaying);
  return made(comm, std::move(rows), std::move(own), matrix.by_columns, options, std::move(facts));
}

Network network_of(const Comm& comm, const CoordinateMatrix& matrix, const ReadOptions& options, InputFacts facts) {
  facts.entries = matrix.data->length();
  const auto [first, count] = own_share(comm, matrix.data->length());
  auto entries = agreed(comm, [&, first = first, count = count] {
    Triplets own;
    own.row = read_indices(*matrix.row, first, count, matrix.n);
    own.column = read_indices(*matrix.column, first, count, matrix.n);
    own.weight = read_weights(*matrix.data, first, count);
    return own;
  });
  return network_of(comm, matrix.n, std::move(entries), options, std::move(facts));
}

// ---- blocks

namespace {
/// The elements of this rank's blocks as entries; zeros in them are none.
Triplets entries_of_blocks(const BlockMatrix& matrix, const Ownership& rows, const std::vector<std::int64_t>& ptr) {
  const auto first = ptr.front(), count = ptr.back() - first;
  const auto size = matrix.height * matrix.width;
  const auto columns = read_indices(*matrix.blocks.indices, first, count, matrix.n / matrix.width);
  const auto values = read_weights(*matrix.data, first * size, count * size);
  Triplets entries;
  std::int64_t block = 0;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    for (; block < ptr[at(i) + 1] - first; ++block) {
      for (std::int64_t k = 0; k < size; ++k) {
        const auto value = values[at(block * size + k)];
        if (value == 0) continue;
        entries.row.push_back((rows.first() + i) * matrix.height + k / matrix.width);
        entries.column.push_back(columns[at(block)] * matrix.width + k % matrix.width);
        entries.weight.push_back(value);
      }
    }
  }
  return entries;
}
}  // namespace

Network network_of(const Comm& comm, const BlockMatrix& matrix, const ReadOptions& options, InputFacts facts) {
  const auto rows = Ownership::even(comm, matrix.blocks.n);
  const auto ptr = row_starts(comm, matrix.blocks, rows);
  auto entries = agreed(comm, [&] { return entries_of_blocks(matrix, rows, ptr); });
  return network_of(comm, matrix.n, std::move(entries), options, std::move(facts));
}

// ---- dense

namespace {
void append_nonzeros(std::span<const double> line, GlobalRows& rows) {
  for (std::size_t j = 0; j < line.size(); ++j) {
    if (line[j] == 0) continue;
    rows.column.push_back(static_cast<GlobalIndex>(j));
    rows.weight.push_back(line[j]);
  }
  rows.row_ptr.push_back(std::ssize(rows.weight));
}

GlobalRows nonzeros_of(const DenseMatrix& matrix, const Ownership& rows) {
  GlobalRows own;
  const auto at_once = std::max<GlobalIndex>(1, tuning::kPiece / std::max<GlobalIndex>(1, matrix.n));
  for (GlobalIndex i = 0; i < rows.count(); i += at_once) {
    const auto lines = std::min<GlobalIndex>(at_once, rows.count() - i);
    const auto values = read_weights(*matrix.elements, (rows.first() + i) * matrix.n, lines * matrix.n);
    for (GlobalIndex k = 0; k < lines; ++k)
      append_nonzeros(std::span(values).subspan(at(k * matrix.n), at(matrix.n)), own);
  }
  return own;
}
}  // namespace

Network network_of(const Comm& comm, const DenseMatrix& matrix, const ReadOptions& options, InputFacts facts) {
  auto even = Ownership::even(comm, matrix.n);
  auto own = agreed(comm, [&] { return nonzeros_of(matrix, even); });
  if (lies_across(matrix.by_columns, options) || options.partition == PartitionKind::contiguous) {
    return made(comm, std::move(even), std::move(own), matrix.by_columns, options, std::move(facts));
  }
  auto balanced = balanced_by_nonzeros(comm, even, own.row_ptr);
  own = redistribute(comm, even, balanced, std::move(own));
  return made(comm, std::move(balanced), std::move(own), matrix.by_columns, options, std::move(facts));
}

}  // namespace synbal::io
