// Checks of values per neuron, and their text files (parsed by all ranks, each its own lines).
#include "node_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "format.hpp"
#include "matrix_market_text.hpp"
#include "node_lookup.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

namespace {
constexpr std::size_t kBlock = std::size_t{1} << 22;

Dataset one_per_neuron(const Hdf5Input& file, const std::string& name, ElementKind kind, const Ownership& rows) {
  auto found = file.dataset(name, kind);
  if (found.length != rows.size()) {
    throw bad_input(
        fmt::format("{} has {} elements for {} neurons: give one per neuron", found.name, found.length, rows.size()));
  }
  return found;
}

template <class T>
std::vector<T> read_all(const Hdf5Input& file, const Dataset& dataset, const Ownership& rows) {
  std::vector<T> values(static_cast<std::size_t>(rows.count()));
  file.read(dataset, rows.first(), rows.count(), values.data());
  return values;
}

/// @throws Error bad_input for the first value that `good` refuses.
template <class T, class Good>
void check_values(const std::string& name, GlobalIndex first, const std::vector<T>& values, Good&& good,
                  const char* rule) {
  const auto wrong = std::find_if_not(values.begin(), values.end(), good);
  if (wrong == values.end()) return;
  throw bad_input(fmt::format("{}: element {} is {}: {}", name, first + (wrong - values.begin()), *wrong, rule));
}

bool is_gain(double g) { return std::isfinite(g) && g >= 0; }

/// A few numbers a line, '#' starts a comment. What one rank has of such a file.
template <class T>
struct NumberLines {
  int per_line = 1;
  std::vector<T> values;
  std::vector<std::int64_t> line;  ///< of each value, counted from 1 within this rank's lines
  std::int64_t lines = 0;
  std::optional<LineError> failure;
};

template <class T>
T parse_number(std::string_view word) {
  if constexpr (std::is_same_v<T, double>) {
    return parse_value(word);
  } else {
    return parse_integer(word);
  }
}

template <class T>
void take_number_line(std::string_view text, NumberLines<T>& part) {
  ++part.lines;
  if (text.size() > kLongestLine) throw LineError(part.lines, "is too long");
  auto rest = text.substr(0, text.find('#'));
  for (int k = 0; k < part.per_line; ++k) {
    const auto word = take_word(rest);
    if (word.empty() && k == 0) return;
    if (word.empty()) throw LineError(part.lines, fmt::format("has {} number(s), {} are needed", k, part.per_line));
    try {
      part.values.push_back(parse_number<T>(word));
    } catch (const LineError& e) {
      throw LineError(part.lines, e.what());
    }
    part.line.push_back(part.lines);
  }
  if (const auto more = take_word(rest); !more.empty()) {
    throw LineError(part.lines,
                    fmt::format("has something after the number{}: {}", part.per_line > 1 ? "s" : "", quoted(more)));
  }
}

template <class T>
NumberLines<T> take_number_lines(const Comm& comm, const InputFile& file, int per_line) {
  NumberLines<T> part;
  part.per_line = per_line;
  auto blocks = lines_of(file, own_lines(file, 0, comm.rank(), comm.size()), kBlock);
  try {
    for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
      while (!text.empty()) take_number_line(take_line(text), part);
    }
  } catch (const LineError& e) {
    part.failure = e;
  }
  return part;
}

/// Collective. Lines are numbered over the whole file on return.
template <class T>
NumberLines<T> read_number_lines(const Comm& comm, const std::string& path, int per_line = 1) {
  const auto file = agreed(comm, [&] { return InputFile(path); });
  auto part = agreed(comm, [&] { return take_number_lines<T>(comm, file, per_line); });
  const auto below = comm.sum_below(part.lines);
  agreed(comm, [&] {
    if (part.failure) {
      throw bad_input(fmt::format("{}: line {}: {}", path, below + part.failure->line(), part.failure->what()));
    }
  });
  for (auto& l : part.line) l += below;
  return part;
}

bool is_hdf5(const std::string& from) { return from.ends_with(".h5") || from.find(".h5:") != from.npos; }

/// Collective. Opens the file of FILE.h5:/dataset and calls read(file, dataset name) on every rank.
template <class Read>
auto from_dataset(const Comm& comm, const std::string& from, const std::string& usual, Read&& read) {
  const auto source = find_source(from);
  const auto bytes = agreed(comm, [&] { return InputFile(source.path); });
  const auto file = Hdf5Input::open(comm, bytes);
  return agreed(comm, [&] { return read(file, source.inside.empty() ? usual : source.inside); });
}
}  // namespace

std::vector<std::int64_t> read_node_ids(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  return read_all<std::int64_t>(file, one_per_neuron(file, name, ElementKind::integer, rows), rows);
}

std::vector<std::uint8_t> read_pinned(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  const auto found = one_per_neuron(file, name, ElementKind::integer, rows);
  const auto values = read_all<std::int64_t>(file, found, rows);
  check_values(
      found.name, rows.first(), values, [](auto v) { return v == 0 || v == 1; }, "pinned is 0 or 1");
  return {values.begin(), values.end()};
}

std::vector<double> read_gain(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  const auto found = one_per_neuron(file, name, ElementKind::real, rows);
  auto values = read_all<double>(file, found, rows);
  check_values(found.name, rows.first(), values, is_gain, "gains are finite and not negative");
  return values;
}

std::vector<double> read_exponent(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  const auto found = one_per_neuron(file, name, ElementKind::real, rows);
  auto values = read_all<double>(file, found, rows);
  check_values(
      found.name, rows.first(), values, [](double k) { return std::isfinite(k) && k > 0; },
      "exponents are finite and positive");
  return values;
}

IdLines read_id_lines(const Comm& comm, const std::string& path, int per_line) {
  auto lines = read_number_lines<std::int64_t>(comm, path, per_line);
  return {std::move(lines.values), std::move(lines.line)};
}

std::vector<std::uint8_t> named_neurons(const Comm& comm, const Network& network, const std::string& from,
                                        GlobalIndex first_id) {
  if (!is_hdf5(from)) {
    const auto ids = read_number_lines<std::int64_t>(comm, from);
    return mark_neurons(comm, network, {from, ids.values, ids.line, first_id});
  }
  const bool moved = comm.any(!network.position.empty());
  const auto rows = moved ? Ownership::even(comm, network.size()) : network.rows;
  auto flags = from_dataset(comm, from, "/pinned", [&](const Hdf5Input& file, const std::string& name) {
    return read_pinned(file, name, rows);
  });
  return moved ? from_file_order<std::uint8_t>(comm, network, rows, flags) : flags;
}

void apply_pinned(const Comm& comm, Network& network, const std::string& from, GlobalIndex first_id) {
  const auto flags = named_neurons(comm, network, from, first_id);
  auto& pinned = network.nodes.pinned;
  pinned.resize(flags.size(), 0);
  std::transform(flags.begin(), flags.end(), pinned.begin(), pinned.begin(),
                 [](auto a, auto b) { return static_cast<std::uint8_t>(a | b); });
}

void apply_gain(const Comm& comm, Network& network, const std::string& from) {
  if (is_hdf5(from)) {
    network.nodes.gain = from_dataset(comm, from, "/gain", [&](const Hdf5Input& file, const std::string& name) {
      return read_gain(file, name, network.rows);
    });
    return;
  }
  const auto lines = read_number_lines<double>(comm, from);
  const auto have = comm.sum(static_cast<std::int64_t>(lines.values.size()));
  if (have != network.size()) {
    throw bad_input(fmt::format("{}: holds {} gains for {} neurons: give one value a line, one line per neuron", from,
                                have, network.size()));
  }
  agreed(comm, [&] {
    const auto wrong = std::find_if_not(lines.values.begin(), lines.values.end(), is_gain);
    if (wrong == lines.values.end()) return;
    throw bad_input(fmt::format("{}: line {}: gain {} is negative: gains are finite and not negative", from,
                                lines.line[static_cast<std::size_t>(wrong - lines.values.begin())], *wrong));
  });
  const auto as_read = Ownership::of_counts(comm, static_cast<GlobalIndex>(lines.values.size()));
  network.nodes.gain = redistribute<double>(comm, as_read, network.rows, lines.values);
}

}  // namespace synbal::io
