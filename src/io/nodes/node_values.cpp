// Checks of values per neuron, and their text files (parsed by all ranks, each its own lines).
#include "io/nodes/node_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "io/assembly.hpp"
#include "io/edges/neuron_list.hpp"
#include "io/nodes/node_lookup.hpp"
#include "io/text/number_lines.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

namespace {
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
  std::vector<T> values(at(rows.count()));
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
bool is_exponent(double k) { return std::isfinite(k) && k > 0; }

/// A number that every neuron has: what such numbers are called, and what they must be.
struct Quantity {
  const char* dataset;
  const char* one;
  bool (*good)(double);
  const char* rule;
};
constexpr Quantity kGain{"/gain", "gain", is_gain, "gains are finite and not negative"};
constexpr Quantity kExponent{"/exponent", "exponent", is_exponent, "exponents are finite and positive"};

std::vector<double> read_quantity(const Hdf5Input& file, const std::string& name, const Ownership& rows,
                                  const Quantity& what) {
  const auto found = one_per_neuron(file, name, ElementKind::real, rows);
  auto values = read_all<double>(file, found, rows);
  check_values(found.name, rows.first(), values, what.good, what.rule);
  return values;
}

/// Collective. Opens the file of FILE.h5:/dataset and calls read(file, dataset name, rows) on every rank.
template <class Read>
auto from_dataset(const Comm& comm, const Network& network, const std::string& from, const std::string& usual,
                  Read&& read) {
  const Hdf5Path path(from);
  const auto file = Hdf5Input::open(comm, path.file);
  return read_for_neurons(comm, network, [&](const Ownership& rows) {
    return read(file, path.inside.empty() ? usual : path.inside, rows);
  });
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
  return read_quantity(file, name, rows, kGain);
}

std::vector<double> read_exponent(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  return read_quantity(file, name, rows, kExponent);
}

std::vector<double> read_known_h(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  constexpr Quantity known{"/known_h", "h", [](double h) { return std::isfinite(h); }, "h is finite"};
  return read_quantity(file, name, rows, known);
}

std::vector<std::int64_t> read_group(const Hdf5Input& file, const std::string& name, const Ownership& rows) {
  const auto found = one_per_neuron(file, name, ElementKind::integer, rows);
  auto labels = read_all<std::int64_t>(file, found, rows);
  check_values(
      found.name, rows.first(), labels, [](auto g) { return g >= kUntied; },
      "labels count from 0, and -1 is tied to none");
  return labels;
}

IdLines read_id_lines(const Comm& comm, const std::string& path, int per_line, bool names) {
  if (names) {
    auto words = per_line == 1 ? read_neuron_list(comm, path) : read_neuron_pairs(comm, path);
    return {{}, std::move(words.name), std::move(words.line), true};
  }
  const auto* remedy = per_line == 1 ? ": give the id of one neuron a line" : ": give ids with blanks between them";
  auto lines = read_number_lines<std::int64_t>(comm, path, {per_line, false, remedy});
  IdLines ids{std::move(lines.values), {}, {}, false};
  for (const auto line : lines.line) ids.line.insert(ids.line.end(), at(per_line), line);
  return ids;
}

std::vector<std::uint8_t> flagged_neurons(const Comm& comm, const Network& network, const std::string& from) {
  return from_dataset(comm, network, from, "/pinned", read_pinned);
}

namespace {
/// Collective. What this rank's lines hold, brought to the owners of the neurons.
template <class T>
std::vector<T> to_neurons(const Comm& comm, const Network& network, const std::string& from, const char* one,
                          std::vector<T>&& values) {
  const auto have = comm.sum(std::ssize(values));
  if (have != network.size()) {
    throw bad_input(fmt::format("{}: holds {} {}s for {} neurons: give one value a line, one line per neuron", from,
                                have, one, network.size()));
  }
  const auto as_read = Ownership::of_counts(comm, std::ssize(values));
  return from_file_order<T>(comm, network, as_read, values);
}

/// Collective.
std::vector<double> quantity_from(const Comm& comm, const Network& network, const std::string& from,
                                  const Quantity& what) {
  if (Hdf5Path(from).is_hdf5()) {
    return from_dataset(comm, network, from, what.dataset,
                        [&](const Hdf5Input& file, const std::string& name, const Ownership& rows) {
                          return read_quantity(file, name, rows, what);
                        });
  }
  auto lines = read_number_lines<double>(comm, from, {1, false, ": give a number a line, one for every neuron"});
  agreed(comm, [&] {
    const auto wrong = std::ranges::find_if_not(lines.values, what.good);
    if (wrong == lines.values.end()) return;
    throw bad_input(fmt::format("{}: line {}: {} {}: {}", from, lines.line[at(wrong - lines.values.begin())], what.one,
                                *wrong, what.rule));
  });
  return to_neurons<double>(comm, network, from, what.one, std::move(lines.values));
}

/// The label that a word stands for: whole numbers from -1 are themselves, other words 63 bits of their own (FNV-1a:
/// two of a million words coincide once in 10^7 files).
std::int64_t label_of(std::string_view word) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && rest == word.data() + word.size() && number >= kUntied) return number;
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char letter : word) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  return static_cast<std::int64_t>(hash >> 1);
}
}  // namespace

void apply_gain(const Comm& comm, Network& network, const std::string& from) {
  network.nodes.gain = quantity_from(comm, network, from, kGain);
}

void apply_exponent(const Comm& comm, Network& network, const std::string& from) {
  network.nodes.exponent = quantity_from(comm, network, from, kExponent);
}

void apply_group(const Comm& comm, Network& network, const std::string& from) {
  network.nodes.group = read_labels(comm, network, from);
}

std::vector<std::int64_t> read_labels(const Comm& comm, const Network& network, const std::string& from) {
  if (Hdf5Path(from).is_hdf5()) return from_dataset(comm, network, from, "/group", read_group);
  const auto words = read_neuron_list(comm, from).name;
  std::vector<std::int64_t> labels;
  for (std::size_t k = 0; k < words.size(); ++k) labels.push_back(label_of(words[k]));
  return to_neurons<std::int64_t>(comm, network, from, "label", std::move(labels));
}

}  // namespace synbal::io
