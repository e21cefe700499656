// Tables: brought to the order of the file where rows have places, then column by column as HDF5, line by line as text.
#include "synbal/io/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "io/hdf5/provenance.hpp"
#include "io/nodes/node_lookup.hpp"
#include "io/text/text_output.hpp"
#include "io/trajectory/trajectory_columns.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/io/stream.hpp"

namespace synbal {

namespace {
using io::Hdf5Output;

using Reals = std::function<double(std::int64_t)>;
using Integers = std::function<std::int64_t(std::int64_t)>;

std::int64_t values_a_row(const TableColumn& column) { return std::max<std::int64_t>(column.width, 1); }

// ---- rows that have places

template <class T>
std::function<T(std::int64_t)> placed(const io::ScatteredColumns& rows, std::int64_t width, std::int64_t own,
                                      const std::function<T(std::int64_t)>& value) {
  auto all = std::make_shared<std::vector<T>>(at(rows.count() * width));
  std::vector<T> one(at(own));
  for (std::int64_t k = 0; k < width; ++k) {
    for (std::int64_t r = 0; r < own; ++r) one[at(r)] = value(r * width + k);
    const auto block = rows.block<T>(one);
    for (std::size_t r = 0; r < block.size(); ++r) (*all)[r * at(width) + at(k)] = block[r];
  }
  return [all](std::int64_t element) { return (*all)[at(element)]; };
}

// Collective. The same table, rank after rank.
Table in_order(const Comm& comm, const Table& table) {
  const io::ScatteredColumns rows(comm, table.place, comm.sum(table.rows));
  Table ordered{rows.count(), {}, {}, table.notes, table.named};
  for (const auto& c : table.columns) {
    const auto bring = [&](const auto& value) -> decltype(TableColumn::value) {
      return placed(rows, values_a_row(c), table.rows, value);
    };
    ordered.columns.push_back({c.name, std::visit(bring, c.value), c.width, c.neurons});
  }
  return ordered;
}

// ---- text

/// The names of the neurons that this rank's rows are about.
class RowNames {
 public:
  /// Collective.
  RowNames(const Comm& comm, const Table& table) {
    if (table.named == nullptr || !io::has_names(comm, *table.named)) return;
    std::vector<std::int64_t> all;
    for (const auto& c : table.columns) {
      if (!c.neurons) continue;
      const auto& id = std::get<Integers>(c.value);
      for (std::int64_t r = 0; r < table.rows; ++r) all.push_back(id(r));
    }
    place_ = distinct(std::move(all));
    name_ = names_at(comm, *table.named, place_);
  }
  [[nodiscard]] bool any() const { return !name_.empty(); }
  /// As a field of a line: in quotes where it has to be.
  [[nodiscard]] std::string field(std::int64_t place) const {
    const auto k = std::lower_bound(place_.begin(), place_.end(), place) - place_.begin();
    const std::string_view name = name_[at(k)];
    if (name.find_first_of(",\"\n\r") == name.npos) return std::string(name);
    std::string quoted = "\"";
    for (const char letter : name) quoted.append(letter == '"' ? 2 : 1, letter);
    return quoted + '"';
  }

 private:
  std::vector<std::int64_t> place_;  // ascending
  Texts name_;
};

/// One line after the other in the same memory.
class LineFormatter {
 public:
  explicit LineFormatter(const RowNames& names) : names_(&names) {}

  std::string_view header(const Table& table) {
    text_.clear();
    for (const auto& c : table.columns) {
      if (c.width == 0) separate() += c.name;
      for (std::int64_t k = 0; k < c.width; ++k) separate() += fmt::format("{}_{}", c.name, k + 1);
    }
    return text_ += '\n';
  }
  std::string_view row(const Table& table, std::int64_t row) {
    text_.clear();
    for (const auto& c : table.columns) {
      const auto width = values_a_row(c);
      for (auto element = row * width; element < (row + 1) * width; ++element) {
        separate();
        if (c.neurons && names_->any()) {
          text_ += names_->field(std::get<Integers>(c.value)(element));
        } else {
          std::visit([&](const auto& value) { put(value(element)); }, c.value);
        }
      }
    }
    return text_ += '\n';
  }

 private:
  std::string& separate() {
    if (!text_.empty()) text_ += ',';
    return text_;
  }
  template <class T>
  void put(T value) {
    if constexpr (std::is_same_v<T, double>) {
      if (std::isnan(value)) value = std::abs(value);  // without a sign
    }
    std::array<char, 32> digits;
    text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }

  const RowNames* names_;
  std::string text_;
};

/// A line before all others where a run ended without what was asked for, unless every row says so.
std::string warning_of(const Table& table, const Provenance& about) {
  const auto marked = [](const TableColumn& column) { return column.name == "converged"; };
  if (about.exit_code <= 0 || std::any_of(table.columns.begin(), table.columns.end(), marked)) return {};
  return fmt::format("# NOT CONVERGED: {} (exit code {})\n", about.reason, about.exit_code);
}

/// Collective. The names, the table and `about` have to outlive what comes back.
io::TextLines lines_of(const Comm& comm, const Table& table, const RowNames& names, const Provenance& about) {
  return [&](const io::TakeText& take) {
    LineFormatter format(names);
    const auto warning = warning_of(table, about);
    if (comm.is_root() && !warning.empty()) take(warning);
    if (comm.is_root()) take(format.header(table));
    for (std::int64_t r = 0; r < table.rows; ++r) take(format.row(table, r));
  };
}

// ---- HDF5

template <class T>
Hdf5Output::DatasetId declare(Hdf5Output& output, const TableColumn& column, std::int64_t rows) {
  const auto path = "/" + column.name;
  return column.width == 0 ? output.dataset<T>(path, rows) : output.table<T>(path, rows, column.width);
}

template <class T>
void write_column(Hdf5Output& output, Hdf5Output::DatasetId id, std::int64_t first, std::int64_t count,
                  const std::function<T(std::int64_t)>& value) {
  io::write_in_pieces<T>(count, value,
                         [&](std::int64_t k, std::span<const T> piece) { output.write<T>(id, first + k, piece); });
}

void write_hdf5(const Comm& comm, const Table& table, const Provenance& about, const std::string& path) {
  const auto rows = comm.sum(table.rows), below = comm.sum_below(table.rows);
  Hdf5Output output;
  std::vector<Hdf5Output::DatasetId> columns, notes;
  for (const auto& c : table.columns) {
    const bool real = std::holds_alternative<Reals>(c.value);
    columns.push_back(real ? declare<double>(output, c, rows) : declare<std::int64_t>(output, c, rows));
  }
  for (const auto& n : table.notes) {
    notes.push_back(output.dataset<double>("/" + n.name, std::ssize(n.values)));
  }
  io::declare_provenance(about, output);
  output.create(comm, path);
  agreed(comm, [&] {
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const auto width = values_a_row(table.columns[k]);
      std::visit([&](const auto& value) { write_column(output, columns[k], below * width, table.rows * width, value); },
                 table.columns[k].value);
    }
    for (std::size_t k = 0; k < notes.size() && comm.is_root(); ++k) {
      output.write<double>(notes[k], 0, table.notes[k].values);
    }
  });
  output.finish();
}
}  // namespace

bool is_table_path(const std::string& path) {
  return path.ends_with(".h5") || path.ends_with(".csv") || path.ends_with(".csv.gz") || is_stream(path);
}

void write_table(const Comm& comm, const Table& table, const Provenance& about, const std::string& path) {
  if (!is_table_path(path)) {
    throw usage_error(
        fmt::format("{}: no table with this name can be written (the extension decides): use one of "
                    ".h5, .csv, .csv.gz",
                    path));
  }
  if (comm.any(!table.place.empty())) {
    auto ordered = in_order(comm, table);
    return write_table(comm, ordered, about, path);
  }
  if (path.ends_with(".h5")) return write_hdf5(comm, table, about, path);
  const RowNames names(comm, table);
  if (path.ends_with(".gz")) return io::write_text_gz(comm, lines_of(comm, table, names, about), path);
  io::write_text(comm, lines_of(comm, table, names, about), path);
}

// ---- matrices

struct MatrixWriter::Body {
  const Comm* comm;
  io::ScatteredColumns columns;
  std::int64_t width;
  Hdf5Output output = {};
  Hdf5Output::DatasetId matrix = 0, converged = 0;
};

MatrixWriter::MatrixWriter(const Comm& comm, std::string path, const std::string& name,
                           std::span<const std::int64_t> place, std::span<const std::int64_t> id,
                           const Provenance& about) {
  const auto n = comm.sum(std::ssize(place));
  body_ = std::make_unique<Body>(Body{&comm, {comm, place, n}, n});
  auto& output = body_->output;
  body_->matrix = output.table<double>("/" + name, n, n);
  body_->converged = output.dataset<std::int64_t>("/converged", 1);
  const auto ids = output.dataset<std::int64_t>("/id", n);
  io::declare_provenance(about, output);
  output.create(comm, path);
  output.write<std::int64_t>(ids, body_->columns.first(), body_->columns.block(id));
}

MatrixWriter::~MatrixWriter() = default;

void MatrixWriter::row(std::int64_t row, std::span<const double> values) {
  const auto& columns = body_->columns;
  body_->output.write<double>(body_->matrix, row * body_->width + columns.first(), columns.block(values));
}

void MatrixWriter::finish(bool converged) {
  const std::int64_t flag = converged ? 1 : 0;
  if (body_->comm->is_root()) body_->output.write<std::int64_t>(body_->converged, 0, std::span(&flag, 1));
  body_->output.finish();
}

}  // namespace synbal
