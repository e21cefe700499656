// Lists in options are taken by rank 0, files by all ranks; both then find their neurons in the same directory.
#include "synbal/io/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "io/edges/edge_fields.hpp"
#include "io/format.hpp"
#include "io/input_file.hpp"
#include "io/nodes/node_lookup.hpp"
#include "io/nodes/node_values.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal {

namespace {
bool is_there(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown);
}

/// A list of numbers rather than the name of a file.
bool is_list(const std::string& words) {
  return words.find_first_not_of("0123456789,;- ") == words.npos && !is_there(words);
}

/// What can only be the name of a file, also where neurons have names.
bool is_file_name(const std::string& words) {
  const Hdf5Path path(words);
  if (path.is_hdf5() || words.find('/') != words.npos || is_there(words)) return true;
  return words.ends_with(".txt") || words.ends_with(".csv") || words.ends_with(".tsv");
}

std::int64_t parse_id(const std::string& option, std::string_view word) {
  std::int64_t id = 0;
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error == std::errc() && rest == word.data() + word.size()) return id;
  throw usage_error(fmt::format("{}: '{}' is no neuron's id: write whole numbers", option, word));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// The ids or names of a list, item by item.
io::IdLines parse_list(const std::string& option, const std::string& words, int per_item, bool names) {
  io::IdLines ids;
  ids.names = names;
  std::int64_t number = 0;
  for (const auto item : split(words, per_item == 1 ? ',' : ';')) {
    ++number;
    const auto parts = per_item == 1 ? std::vector{item} : split(item, ',');
    if (static_cast<int>(parts.size()) != per_item) {
      throw usage_error(
          fmt::format("{}: '{}' is no pair: write I,J for the synapse from neuron J onto neuron I", option, item));
    }
    for (const auto part : parts) {
      if (names) ids.name.push_back(io::trimmed(part));
      if (!names) ids.id.push_back(parse_id(option, part));
      ids.line.push_back(number);
    }
  }
  return ids;
}

/// @throws Error io_failure for words that are no list and name no file either.
void check_file(const std::string& option, const std::string& words, int per_item) {
  if (is_there(words)) return;
  const bool pairs = per_item > 1;
  throw io_failure(
      fmt::format("{}: '{}' is no list of ids ({}) and was taken for a file of {}, which is not there: "
                  "write such a list, or correct the path",
                  option, words, pairs ? "I,J;I,J;..." : "I,J,...", pairs ? "pairs of ids" : "ids"));
}

/// Ids and how to speak of them.
struct Named {
  std::string source;
  const char* unit = "line";
  io::IdLines ids;
};

/// Collective.
Named named(const Comm& comm, const Network& network, const std::string& option, const std::string& words,
            int per_item) {
  const bool names = io::has_names(comm, network);
  const bool list = comm.broadcast(std::int64_t{names ? !is_file_name(words) : is_list(words)}, 0) != 0;
  if (!list) {
    agreed(comm, [&] { check_file(option, words, per_item); });
    return {words, "line", io::read_id_lines(comm, words, per_item, names)};
  }
  auto ids = agreed(comm, [&] { return parse_list(option, words, per_item, names); });
  if (!comm.is_root()) ids = {{}, {}, {}, names};
  const auto taken_for = per_item == 1 ? " (a list, as no file has that name)" : "";
  return {option + taken_for, "item", std::move(ids)};
}

/// Collective. Global indices of the neurons named.
std::vector<GlobalIndex> found(const Comm& comm, const Network& network, const Named& names) {
  return io::find_neurons(comm, network,
                          {names.source, names.ids.id, names.ids.line, names.unit, names.ids.names_or_none()});
}

/// Collective. 1 for every owned neuron that a list or a file names.
std::vector<std::uint8_t> listed_neurons(const Comm& comm, const Network& network, const std::string& option,
                                         const std::string& words) {
  if (Hdf5Path(words).is_hdf5()) return io::flagged_neurons(comm, network, words);
  const auto names = named(comm, network, option, words, 1);
  return io::mark_neurons(comm, network,
                          {names.source, names.ids.id, names.ids.line, names.unit, names.ids.names_or_none()});
}

/// Every `step`-th value from `first` on.
std::vector<std::int64_t> every(const std::vector<std::int64_t>& values, std::size_t first, std::size_t step) {
  std::vector<std::int64_t> taken;
  for (auto k = first; k < values.size(); k += step) taken.push_back(values[k]);
  return taken;
}

/// A synapse that was named: its ends as the network numbers them, its place in the list, and as the user called it.
struct Wanted {
  std::int64_t row, column, place, postsynaptic, presynaptic, line;
};

/// The ids that the user gave; for names, which are none, the places of the neurons.
std::vector<std::int64_t> ids_given(const Comm& comm, const Network& network, const Named& names,
                                    const std::vector<GlobalIndex>& index) {
  if (!names.ids.names) return names.ids.id;
  const auto ids = neuron_ids(network);
  return Directory(comm, network.rows, index).fetch(ids);
}

/// @throws Error bad_input when the row has no such entry.
std::int64_t find_entry(const Network& network, LocalIndex row, const Named& names, const Wanted& synapse) {
  for (auto e = network.row_ptr[at(row)]; e < network.row_ptr[at(row) + 1]; ++e) {
    if (network.global(network.column[at(e)]) == synapse.column) return e;
  }
  throw bad_input(
      fmt::format("{}: {} {}: there is no synapse from neuron {} onto neuron {} (a pair is I,J with the postsynaptic "
                  "neuron first, counted from 0 where neurons have no ids of their own): name synapses of the network",
                  names.source, names.unit, synapse.line, synapse.presynaptic, synapse.postsynaptic));
}

/// Collective. The synapses that lie with this rank, of all that were named.
std::vector<Wanted> wanted(const Comm& comm, const Network& network, const Named& names) {
  const auto index = found(comm, network, names);
  const auto ids = ids_given(comm, network, names, index);
  const auto rows = every(index, 0, 2), columns = every(index, 1, 2), lines = every(names.ids.line, 0, 2);
  const auto first = comm.sum_below(std::ssize(rows));
  std::vector<Wanted> synapses;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    synapses.push_back(
        {rows[k], columns[k], first + static_cast<std::int64_t>(k), ids[2 * k], ids[2 * k + 1], lines[k]});
  }
  return Route(comm, network.rows, rows).send(std::move(synapses));
}
}  // namespace

void check_selection(const std::string& option, const std::string& words, Selection kind) {
  const bool synapses = kind == Selection::synapses;
  if (synapses ? words.empty() : words == "all" || words == "none") return;
  if (is_list(words)) {
    parse_list(option, words, synapses ? 2 : 1, false);
  } else if (is_file_name(words) || (synapses && words.find(',') == words.npos)) {
    const auto& file = Hdf5Path(words).file;
    check_file(option, file, synapses ? 2 : 1);
    const io::InputFile readable(file);
  }  // else names, or a file that is not there: the network will tell
}

std::vector<std::uint8_t> select_neurons(const Comm& comm, const Network& network, const std::string& option,
                                         const std::string& words) {
  const auto n = at(network.local_size());
  if (words == "all") return std::vector<std::uint8_t>(n, 1);
  if (words == "none") return std::vector<std::uint8_t>(n, 0);
  return listed_neurons(comm, network, option, words);
}

void pin_neurons(const Comm& comm, Network& network, const std::string& words) {
  const auto flags = listed_neurons(comm, network, "--pinned", words);
  auto& pinned = network.nodes.pinned;
  pinned.resize(flags.size(), 0);
  std::transform(flags.begin(), flags.end(), pinned.begin(), pinned.begin(),
                 [](auto a, auto b) { return static_cast<std::uint8_t>(a | b); });
}

std::vector<std::int64_t> neuron_ids(const Network& network) {
  std::vector<std::int64_t> ids(at(network.local_size()));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = io::id_of(network, static_cast<LocalIndex>(i));
  return ids;
}

SelectedSynapses select_synapses(const Comm& comm, const Network& network, const std::string& option,
                                 const std::string& words) {
  SelectedSynapses selected;
  if (words.empty()) return selected;
  const auto names = named(comm, network, option, words, 2);
  const auto own = wanted(comm, network, names);
  agreed(comm, [&] {
    for (const auto& s : own) {
      const auto row = static_cast<LocalIndex>(s.row - network.rows.first());
      selected.place.push_back(s.place);
      selected.row.push_back(row);
      selected.entry.push_back(find_entry(network, row, names, s));
      selected.postsynaptic.push_back(s.postsynaptic);
      selected.presynaptic.push_back(s.presynaptic);
    }
  });
  selected.count = comm.sum(std::ssize(own));
  return selected;
}

SelectedPairs select_pairs(const Comm& comm, const Network& network, const std::string& option,
                           const std::string& words) {
  if (words.empty()) return {};
  const auto names = named(comm, network, option, words, 2);
  const auto index = found(comm, network, names);
  const auto ids = ids_given(comm, network, names, index);
  return {every(index, 0, 2), every(index, 1, 2), every(ids, 0, 2), every(ids, 1, 2)};
}

Texts names_at(const Comm& comm, const Network& network, std::span<const std::int64_t> places) {
  if (!io::has_names(comm, network)) return {};
  const auto shares = Ownership::even(comm, network.size());
  std::vector<GlobalIndex> own;
  for (LocalIndex i = 0; i < network.local_size(); ++i) own.push_back(network.file_index(i));
  const auto in_order = send(Placement(comm, shares, own), network.nodes.name);
  const Route route(comm, shares, places);
  Texts answers;
  for (const auto place : route.send(std::vector<GlobalIndex>(places.begin(), places.end()))) {
    answers.push_back(in_order[at(place - shares.first())]);
  }
  return reply(route, answers);
}

}  // namespace synbal
