// Widths are found from where the class id stands (integers) and from what is left for the scalars.
#include "io/petsc/petsc_header.hpp"

#include <fmt/format.h>

#include <optional>

#include "synbal/core/error.hpp"

namespace synbal::io {

namespace {
constexpr std::int64_t kPetscVector = 1211214;
constexpr std::int64_t kMostRows = std::int64_t{1} << 50;  // so that no product of sizes below overflows

std::int64_t big_endian(std::span<const std::byte> bytes, std::size_t offset, int width) {
  std::uint64_t value = 0;
  for (int k = 0; k < width; ++k) value = value << 8 | static_cast<std::uint64_t>(bytes[offset + at(k)]);
  return width == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

std::optional<int> integer_width(std::span<const std::byte> start, std::int64_t id) {
  if (start.size() >= 16 && big_endian(start, 0, 4) == id) return 4;
  if (start.size() >= 32 && big_endian(start, 0, 8) == id) return 8;
  return std::nullopt;
}

int checked_width(const std::string& where, std::span<const std::byte> start) {
  if (const auto width = integer_width(start, kPetscMatrix)) return *width;
  if (start.size() >= 4 &&
      (big_endian(start, 0, 4) == kPetscVector || (start.size() >= 8 && big_endian(start, 0, 8) == kPetscVector))) {
    throw bad_input(where + ": holds a PETSc vector first: write the matrix to a file of its own (MatView)");
  }
  throw bad_input(fmt::format(
      "{}: is no matrix in PETSc's binary format (it begins with neither 00 12 7b 50 nor its 64-bit form{}): "
      "write it with MatView to a binary viewer",
      where, start.size() < 16 ? "; the file is too short" : ""));
}

/// The width of scalars that explains a file of this size.
int scalar_width(const std::string& where, ByteCount left, std::int64_t nnz) {
  if (nnz > 0 && left / nnz == 4 && left % nnz == 0) return 4;
  if (left >= 0 && left / 8 >= nnz) return 8;
  throw bad_input(
      fmt::format("{}: announces {} entries but has {} bytes for them (truncated, or damaged sizes): get the "
                  "file again",
                  where, nnz, left));
}
}  // namespace

PetscHeader parse_petsc_header(const std::string& where, std::span<const std::byte> start, ByteCount size) {
  PetscHeader header;
  const int width = header.integer_bytes = checked_width(where, start);
  const auto number = [&](int k) { return big_endian(start, at(k * width), width); };
  header.rows = number(1), header.columns = number(2), header.nnz = number(3);
  header.is_dense = header.nnz == kPetscDense;
  const bool sane = header.rows >= 0 && header.columns >= 0 && header.nnz >= kPetscDense && header.rows <= kMostRows &&
                    header.columns <= kMostRows && header.nnz <= kMostRows;
  const auto room = size / (header.is_dense ? 4 : width);  // numbers that the file can hold
  if (!sane || (!header.is_dense && (header.rows > room || header.nnz > room)) ||
      (header.is_dense && header.columns > 0 && header.rows > room / header.columns)) {
    throw bad_input(
        fmt::format("{}: announces {} x {} with {} entries in a file of {} bytes (truncated, or damaged "
                    "sizes): get the file again",
                    where, header.rows, header.columns, header.nnz, size));
  }
  if (header.is_dense) header.nnz = header.rows * header.columns;
  header.scalar_bytes = scalar_width(where, size - header.scalars_begin(), header.nnz);
  return header;
}

}  // namespace synbal::io
