// Checks of values per neuron, and their text files (parsed by all ranks, each its own lines).
#include "io/node_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/assembly.hpp"
#include "io/edges/neuron_list.hpp"
#include "io/node_lookup.hpp"
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

IdLines read_id_lines(const Comm& comm, const std::string& path, int per_line, bool names) {
  if (names) {
    auto words = per_line == 1 ? read_neuron_list(comm, path) : read_neuron_pairs(comm, path);
    return {{}, std::move(words.name), std::move(words.line), true};
  }
  auto lines = read_number_lines<std::int64_t>(comm, path, {per_line});
  IdLines ids{std::move(lines.values), {}, {}, false};
  for (const auto line : lines.line) ids.line.insert(ids.line.end(), at(per_line), line);
  return ids;
}

std::vector<std::uint8_t> named_neurons(const Comm& comm, const Network& network, const std::string& from,
                                        GlobalIndex first_id) {
  if (Hdf5Path(from).is_hdf5()) return from_dataset(comm, network, from, "/pinned", read_pinned);
  const auto ids = read_id_lines(comm, from, 1, has_names(comm, network));
  return mark_neurons(comm, network, {from, ids.id, ids.line, first_id, "line", ids.names_or_none()});
}

void apply_pinned(const Comm& comm, Network& network, const std::string& from, GlobalIndex first_id) {
  const auto flags = named_neurons(comm, network, from, first_id);
  auto& pinned = network.nodes.pinned;
  pinned.resize(flags.size(), 0);
  std::transform(flags.begin(), flags.end(), pinned.begin(), pinned.begin(),
                 [](auto a, auto b) { return static_cast<std::uint8_t>(a | b); });
}

void apply_gain(const Comm& comm, Network& network, const std::string& from) {
  if (Hdf5Path(from).is_hdf5()) {
    network.nodes.gain = from_dataset(comm, network, from, "/gain", read_gain);
    return;
  }
  const auto lines = read_number_lines<double>(comm, from, {1});
  const auto have = comm.sum(std::ssize(lines.values));
  if (have != network.size()) {
    throw bad_input(fmt::format("{}: holds {} gains for {} neurons: give one value a line, one line per neuron", from,
                                have, network.size()));
  }
  agreed(comm, [&] {
    const auto wrong = std::find_if_not(lines.values.begin(), lines.values.end(), is_gain);
    if (wrong == lines.values.end()) return;
    throw bad_input(fmt::format("{}: line {}: gain {} is negative: gains are finite and not negative", from,
                                lines.line[at(wrong - lines.values.begin())], *wrong));
  });
  const auto as_read = Ownership::of_counts(comm, std::ssize(lines.values));
  network.nodes.gain = redistribute<double>(comm, as_read, network.rows, lines.values);
}

}  // namespace synbal::io
