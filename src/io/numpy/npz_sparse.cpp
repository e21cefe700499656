// The arrays format, shape, data and, by format, indices and indptr or row and col.
#include "io/numpy/npz_sparse.hpp"

#include <fmt/format.h>

#include <array>

#include "io/assembly.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
GlobalIndex size_of(const Bundle& bundle) {
  const auto shape = bundle.numbers(bundle.get("shape"));
  if (shape->length() != 2) throw bad_input(shape->name() + " is no pair of sizes: write the file with save_npz");
  std::array<std::int64_t, 2> sizes{};
  shape->read(0, 2, sizes.data());
  return square_size(shape->name(), sizes[0], sizes[1]);
}

std::unique_ptr<NumberArray> list(const Bundle& bundle, const char* name) {
  const auto& array = bundle.get(name);
  if (array.shape.size() == 1) return bundle.numbers(array);
  throw bad_input(bundle.where(array) + " is not one-dimensional: write the file with scipy.sparse.save_npz");
}

CompressedMatrix compressed(const Bundle& bundle, bool by_columns) {
  CompressedMatrix matrix;
  matrix.n = size_of(bundle);
  matrix.by_columns = by_columns;
  matrix.data = list(bundle, "data"), matrix.indices = list(bundle, "indices"), matrix.starts = list(bundle, "indptr");
  check_lengths(matrix);
  return matrix;
}

CoordinateMatrix coordinates(const Bundle& bundle) {
  CoordinateMatrix matrix;
  matrix.n = size_of(bundle);
  matrix.data = list(bundle, "data"), matrix.row = list(bundle, "row"), matrix.column = list(bundle, "col");
  check_lengths(matrix);
  check_plausible_size(bundle.where(bundle.get("shape")), matrix.n, bundle.file->size());
  return matrix;
}

BlockMatrix block_rows(const Bundle& bundle) {
  BlockMatrix matrix;
  matrix.n = size_of(bundle);
  const auto& data = bundle.get("data");
  const auto where = bundle.where(data);
  if (data.shape.size() != 3) throw bad_input(where + " is no list of blocks: write the file with save_npz");
  matrix.height = data.shape[1], matrix.width = data.shape[2];
  if (matrix.height < 1 || matrix.width < 1 || matrix.n % matrix.height != 0 || matrix.n % matrix.width != 0) {
    throw bad_input(fmt::format("{} has blocks of {} x {}, which do not divide {} neurons: get the file again", where,
                                matrix.height, matrix.width, matrix.n));
  }
  matrix.data = bundle.numbers(data);
  matrix.blocks.n = matrix.n / matrix.height;
  matrix.blocks.indices = list(bundle, "indices"), matrix.blocks.starts = list(bundle, "indptr");
  // One index for each block: it stands for the block's data in all checks.
  matrix.blocks.data = list(bundle, "indices");
  if (matrix.blocks.data->length() != data.shape[0]) {
    throw bad_input(fmt::format("{} has {} blocks but there are {} indices: they must be equally many", where,
                                data.shape[0], matrix.blocks.data->length()));
  }
  check_lengths(matrix.blocks);
  return matrix;
}

std::string format_of(const Bundle& bundle) {
  auto format = bundle.text(bundle.get("format"));
  for (const auto* known : {"csr", "csc", "coo", "bsr"}) {
    if (format == known) return format;
  }
  throw bad_input(fmt::format("{} is '{}', and only csr, csc, coo and bsr are read: save matrix.tocsr()",
                              bundle.where(bundle.get("format")), format.substr(0, 20)));
}
}  // namespace

bool is_scipy_matrix(const Bundle& bundle) {
  return bundle.find("format") != nullptr && bundle.find("shape") != nullptr;
}

Network read_scipy_matrix(const Comm& comm, const Bundle& bundle, const ReadOptions& options, InputFacts facts) {
  const auto format = agreed(comm, [&] { return format_of(bundle); });
  if (format == "coo") {
    return network_of(comm, agreed(comm, [&] { return coordinates(bundle); }), options, std::move(facts));
  }
  if (format == "bsr") {
    return network_of(comm, agreed(comm, [&] { return block_rows(bundle); }), options, std::move(facts));
  }
  return network_of(comm, agreed(comm, [&] { return compressed(bundle, format == "csc"); }), options, std::move(facts));
}

NetworkSizes scipy_sizes(const Bundle& bundle) { return {{}, size_of(bundle), bundle.get("data").elements()}; }

}  // namespace synbal::io
