// Tables and matrices of results: what the ranks hold, written as HDF5 or as text, whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/io/result.hpp"

namespace synbal {

/// A column: `value(element)` gives the values of this rank's rows. One value a row (width 0: the element is the row),
/// or a vector of `width` values a row (element = row * width + k).
struct TableColumn {
  std::string name;
  std::variant<std::function<double(std::int64_t)>, std::function<std::int64_t(std::int64_t)>> value;
  std::int64_t width = 0;  ///< the same on all ranks
  bool neurons = false;    ///< neuron_ids(): text has names instead, where Table::named has such
};

[[nodiscard]] inline TableColumn real_column(std::string name, std::function<double(std::int64_t)> value,
                                             std::int64_t width = 0) {
  return {std::move(name), std::move(value), width};
}
[[nodiscard]] inline TableColumn integer_column(std::string name, std::function<std::int64_t(std::int64_t)> value) {
  return {std::move(name), std::move(value)};
}

/// Of neurons, by what neuron_ids() says of them.
[[nodiscard]] inline TableColumn neuron_column(std::string name, std::function<std::int64_t(std::int64_t)> value) {
  return {std::move(name), std::move(value), 0, true};
}

/// Something of the whole table, the same on all ranks; in HDF5 files alone.
struct TableNote {
  std::string name;
  std::vector<double> values;
};

/// Rows on all ranks. Names, widths and notes are the same everywhere.
struct Table {
  std::int64_t rows = 0;            ///< of this rank
  std::vector<std::int64_t> place;  ///< [rows] of each row in the file; empty on all ranks: rank after rank
  std::vector<TableColumn> columns;
  std::vector<TableNote> notes;
  const Network* named = nullptr;  ///< whose neurons the columns of neurons are about; null: numbers will do
};

/// Whether `path` ends as a table can be written: .h5, .csv or .csv.gz.
[[nodiscard]] bool is_table_path(const std::string& path);

/// Collective. By the extension: HDF5 with a dataset for each column ([rows] or [rows, width]) and note, and `about` as
/// root attributes; or text with commas, names in the first line (NAME_1, NAME_2, ... for vectors), numbers in the
/// fewest digits that give the same double back, infinities as inf. Where `about` has an exit code other than 0, text
/// begins with a line "# NOT CONVERGED: reason" unless a column `converged` says so row by row. Values are asked for as
/// they are written (twice for text), so that no copy of the table is held, unless rows have places. A temporary name,
/// then renamed: `path` is either whole or as it was. @throws Error usage for another extension, io_failure.
void write_table(const Comm& comm, const Table& table, const Provenance& about, const std::string& path);

/// A symmetric N x N matrix in HDF5, a row at a time.
class MatrixWriter {
 public:
  /// Collective. `place`: which columns this rank's values are, over all ranks a permutation of 0..N-1. Datasets /NAME
  /// and /id (int64[N], from `id` likewise).  @throws Error io_failure.
  MatrixWriter(const Comm& comm, std::string path, const std::string& name, std::span<const std::int64_t> place,
               std::span<const std::int64_t> id, const Provenance& about);
  MatrixWriter(const MatrixWriter&) = delete;
  MatrixWriter& operator=(const MatrixWriter&) = delete;
  ~MatrixWriter();

  /// Collective. Row number `row`, from a value for each place of this rank; every row once, in any order.
  void row(std::int64_t row, std::span<const double> values);
  /// Collective. Notes in /converged (int64[1]) what is known only now, checks what was written, and renames.
  /// @throws Error io_failure.
  void finish(bool converged);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
