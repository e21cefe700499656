// Datasets are read by rows; lines of text by all ranks, each its own, and then brought to the neurons.
#include "synbal/io/neuron_vectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "hdf5_file.hpp"
#include "line_blocks.hpp"
#include "matrix_market_text.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {
constexpr std::size_t kBlock = std::size_t{1} << 22;
constexpr int kMostColumns = 1 << 20;

/// Vectors of the neurons at the places `rows` of the file.
struct FileRows {
  Ownership rows;
  int columns = 1;
  std::vector<double> values;
};

// ---- HDF5

void check_shape(const io::Dataset& found, std::int64_t n, std::int64_t rows, std::int64_t columns) {
  const auto shape = columns == 0 ? fmt::format("[{}]", rows) : fmt::format("[{}, {}]", rows, columns);
  if (rows != n) {
    throw bad_input(fmt::format("{} has the shape {} for {} neurons{}: give one of shape [{}] or [{}, columns]",
                                found.name, shape, n, columns == n ? " (it lies on its side: transpose it)" : "", n,
                                n));
  }
  if (columns > kMostColumns) throw bad_input(fmt::format("{} has {} columns: give fewer", found.name, columns));
}

/// Not collective.
FileRows read_dataset(const io::Hdf5Input& file, const std::string& name, const Ownership& rows) {
  if (!file.exists(name)) throw file.error(fmt::format("has no dataset {}: name one of its datasets", name));
  const bool flat = file.dimensions(name) != 2;
  const auto found = flat ? file.dataset(name, io::ElementKind::real) : file.table(name);
  check_shape(found, rows.size(), flat ? found.length : found.rows, flat ? 0 : found.width);
  FileRows part{rows, flat ? 1 : static_cast<int>(found.width), {}};
  part.values.resize(static_cast<std::size_t>(rows.count()) * static_cast<std::size_t>(part.columns));
  file.read(found, rows.first() * part.columns, static_cast<std::int64_t>(part.values.size()), part.values.data());
  const auto odd = std::ranges::find_if_not(part.values, [](double v) { return std::isfinite(v); });
  if (odd != part.values.end()) {
    throw bad_input(fmt::format("{}: element {} is {}: give finite numbers", found.name,
                                rows.first() * part.columns + (odd - part.values.begin()), *odd));
  }
  return part;
}

FileRows from_hdf5(const Comm& comm, const std::string& option, const std::string& from, const Ownership& rows) {
  const auto colon = from.rfind(".h5:");
  if (colon == from.npos) {
    throw usage_error(fmt::format("{} {}: which dataset is meant? Write {}:/NAME", option, from, from));
  }
  const auto bytes = agreed(comm, [&] { return io::InputFile(from.substr(0, colon + 3)); });
  const auto file = io::Hdf5Input::open(comm, bytes);
  return agreed(comm, [&] { return read_dataset(file, from.substr(colon + 4), rows); });
}

// ---- text

/// What one rank has of a text file.
struct TextRows {
  std::int64_t lines = 0, rows = 0;
  std::int64_t columns = 0;  ///< of its first row
  std::vector<double> values;
  std::optional<io::LineError> failure;
};

std::string_view take_number(std::string_view& rest) {
  const auto separator = [](char c) { return c == ',' || c == ' ' || c == '\t'; };
  std::size_t begin = 0;
  while (begin < rest.size() && separator(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !separator(rest[end])) ++end;
  const auto word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

void take_line_of_numbers(std::string_view text, TextRows& part) {
  ++part.lines;
  if (text.size() > io::kLongestLine) throw io::LineError(part.lines, "is too long");
  auto rest = text.substr(0, text.find('#'));
  const auto before = part.values.size();
  for (auto word = take_number(rest); !word.empty(); word = take_number(rest)) {
    try {
      part.values.push_back(io::parse_value(word));
    } catch (const io::LineError& e) {
      throw io::LineError(part.lines, fmt::format("{}: give finite numbers, a line for every neuron", e.what()));
    }
  }
  const auto count = static_cast<std::int64_t>(part.values.size() - before);
  if (count == 0) return;
  if (part.rows == 0) part.columns = count;
  if (count != part.columns) {
    throw io::LineError(part.lines, fmt::format("has {} numbers, but lines before it have {}: give every neuron the "
                                                "same number",
                                                count, part.columns));
  }
  ++part.rows;
}

TextRows take_lines(const Comm& comm, const io::InputFile& file) {
  TextRows part;
  auto blocks = io::lines_of(file, io::own_lines(file, 0, comm.rank(), comm.size()), kBlock);
  try {
    for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
      while (!text.empty()) take_line_of_numbers(io::take_line(text), part);
    }
  } catch (const io::LineError& e) {
    part.failure = e;
  }
  return part;
}

// Collective. Numbers a line, the same on all ranks (0: an empty file).
int common_columns(const Comm& comm, const std::string& path, const TextRows& part) {
  const auto columns = comm.max(part.columns);
  agreed(comm, [&] {
    if (part.rows == 0 || part.columns == columns) return;
    throw bad_input(fmt::format("{}: some lines have {} numbers, others {}: give every neuron the same number", path,
                                part.columns, columns));
  });
  return static_cast<int>(columns);
}

FileRows from_text(const Comm& comm, const std::string& path, GlobalIndex n) {
  const auto file = agreed(comm, [&] { return io::InputFile(path); });
  auto part = agreed(comm, [&] { return take_lines(comm, file); });
  const auto below = comm.sum_below(part.lines);
  agreed(comm, [&] {
    if (!part.failure) return;
    throw bad_input(fmt::format("{}: line {}: {}", path, below + part.failure->line(), part.failure->what()));
  });
  const auto columns = common_columns(comm, path, part);
  const auto rows = comm.sum(part.rows);
  if (rows != n) {
    throw bad_input(
        fmt::format("{}: has {} lines with numbers for {} neurons: give a line for every neuron, in the "
                    "order of the network's file",
                    path, rows, n));
  }
  return {Ownership::of_counts(comm, part.rows), std::max(columns, 1), std::move(part.values)};
}

// ---- to the neurons

// Collective. Column by column, as a partition moves single values.
std::vector<double> brought_to_neurons(const Comm& comm, const Network& network, const FileRows& read) {
  const auto m = static_cast<std::size_t>(read.columns);
  std::vector<double> values(static_cast<std::size_t>(network.local_size()) * m);
  std::vector<double> column(read.values.size() / m);
  const bool moved = comm.any(!network.position.empty());
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = read.values[i * m + k];
    const auto own = moved ? from_file_order<double>(comm, network, read.rows, column)
                           : redistribute<double>(comm, read.rows, network.rows, column);
    for (std::size_t i = 0; i < own.size(); ++i) values[i * m + k] = own[i];
  }
  return values;
}
}  // namespace

NeuronVectors read_neuron_vectors(const Comm& comm, const Network& network, const std::string& option,
                                  const std::string& from) {
  const bool hdf5 = from.ends_with(".h5") || from.find(".h5:") != from.npos;
  const auto read = hdf5 ? from_hdf5(comm, option, from, Ownership::even(comm, network.size()))
                         : from_text(comm, from, network.size());
  return {read.columns, brought_to_neurons(comm, network, read)};
}

}  // namespace synbal
