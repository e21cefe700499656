// Matrices in PETSc's binary format: read and written by all ranks, each its part, without PETSc's own viewers (which
// trust what a header says and look for option files beside it).
#include <fmt/format.h>

#include <array>
#include <bit>

#include "io/arrays/sparse_matrix.hpp"
#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/output_file.hpp"
#include "io/petsc/petsc_header.hpp"
#include "io/sizes.hpp"
#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
PetscHeader header_of(const InputFile& file) {
  std::array<char, kPetscStart> start{};
  const auto got = file.read(0, start);
  return parse_petsc_header(file.path(), std::as_bytes(std::span(start)).first(got), file.size());
}

std::unique_ptr<NumberArray> scalars(const InputFile& file, const PetscHeader& header) {
  return stored_array(file.path() + ": the entries", header.nnz, {NumberKind::real, header.scalar_bytes, true},
                      plain_bytes(file, header.scalars_begin()));
}

CompressedMatrix rows_of(const InputFile& file, const PetscHeader& header) {
  const NumberType integer{NumberKind::signed_integer, header.integer_bytes, true};
  CompressedMatrix matrix;
  matrix.n = header.rows;
  matrix.holds_lengths = true;
  matrix.starts = stored_array(file.path() + ": the lengths of the rows", header.rows, integer,
                               plain_bytes(file, header.lengths_begin()));
  matrix.indices = stored_array(file.path() + ": the columns of the entries", header.nnz, integer,
                                plain_bytes(file, header.columns_begin()));
  matrix.data = scalars(file, header);
  return matrix;
}
}  // namespace

NetworkSizes petsc_sizes(const InputFile& file, const Source&, const ReadOptions&) {
  const auto header = header_of(file);
  return {{}, square_size(file.path() + ": the matrix", header.rows, header.columns), header.nnz};
}

Network read_petsc(const Comm& comm, const InputFile& file, const Source&, const ReadOptions& options) {
  InputFacts facts;
  facts.path = file.path();
  const auto header = agreed(comm, [&] {
    auto read = header_of(file);
    square_size(file.path() + ": the matrix", read.rows, read.columns);
    return read;
  });
  if (header.is_dense) {
    return network_of(comm, DenseMatrix{scalars(file, header), header.rows, false}, options, std::move(facts));
  }
  return network_of(comm, rows_of(file, header), options, std::move(facts));
}

// ---- writing

namespace {
template <class T>
void append_big_endian(std::vector<char>& bytes, T value, int width) {
  const auto raw = std::bit_cast<std::uint64_t>(value);
  for (int k = width - 1; k >= 0; --k) bytes.push_back(static_cast<char>(raw >> (8 * k)));
}

/// Numbers 0 .. count-1 as make(k) gives them, from `offset` on.
template <class Make>
void write_numbers(const OutputFile& file, ByteCount offset, std::int64_t count, int width, Make&& make) {
  std::vector<char> bytes;
  for (std::int64_t first = 0; first < count; first += tuning::kPiece) {
    bytes.clear();
    const auto end = std::min(count, first + tuning::kPiece);
    for (auto k = first; k < end; ++k) append_big_endian(bytes, make(k), width);
    file.write(offset + first * width, bytes);
  }
}

/// Indices of 32 bits as long as sizes and entries fit into them.
PetscHeader header_for(const Network& network) {
  PetscHeader header;
  header.rows = header.columns = network.size();
  header.nnz = network.nnz;
  header.integer_bytes = std::max(header.rows, header.nnz) <= INT32_MAX ? 4 : 8;
  return header;
}

/// Not collective.
void write_part(const OutputFile& file, const PetscHeader& header, const Network& network, std::int64_t first_entry,
                bool is_root) {
  const int width = header.integer_bytes;
  if (is_root) {
    const std::array<std::int64_t, 4> numbers{kPetscMatrix, header.rows, header.columns, header.nnz};
    write_numbers(file, 0, 4, width, [&](std::int64_t k) { return numbers[at(k)]; });
  }
  write_numbers(file, header.lengths_begin() + network.rows.first() * width, network.local_size(), width,
                [&](std::int64_t i) { return network.row_ptr[at(i) + 1] - network.row_ptr[at(i)]; });
  const auto entries = std::ssize(network.weight);
  write_numbers(file, header.columns_begin() + first_entry * width, entries, width,
                [&](std::int64_t k) { return network.global(network.column[at(k)]); });
  write_numbers(file, header.scalars_begin() + first_entry * 8, entries, 8,
                [&](std::int64_t k) { return network.weight[at(k)]; });
}
}  // namespace

void write_petsc(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) {
    const auto header = header_for(ordered);
    const auto first_entry = comm.sum_below(std::ssize(ordered.weight));
    OutputFile file(comm, path);
    file.allocate(header.scalars_begin() + header.nnz * 8);
    file.open_everywhere();
    agreed(comm, [&] { write_part(file, header, ordered, first_entry, comm.is_root()); });
    file.commit();
  });
}

}  // namespace synbal::io
