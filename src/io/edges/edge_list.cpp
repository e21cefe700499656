// Reading edge lists: every rank parses its share of the text, ids become numbers over all ranks, and the entries go to
// the owners of their rows. Ids that are all plain integers are numbers; else all are names, and the text is read
// again.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "io/assembly.hpp"
#include "io/edges/edge_part.hpp"
#include "io/edges/id_numbers.hpp"
#include "io/edges/neuron_list.hpp"
#include "io/format.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/range.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

namespace {
/// What all the steps need.
struct Reading {
  const Comm& comm;
  const EdgeFiles& files;
  const ReadOptions& options;

  [[nodiscard]] const std::string& path() const { return files.files.front().path(); }
};

/// Collective. A failure becomes an error of all; lines of plain files are counted over the ranks below.
void refuse_failures(const Reading& r, const std::optional<EdgeFailure>& failure, const LastPiece& last) {
  const auto files = r.comm.gather_all(last.file), lines = r.comm.gather_all(last.lines);
  agreed(r.comm, [&] {
    if (!failure) return;
    const auto file = failure->place.file;
    auto line = failure->place.line;
    if (!r.files.any_compressed()) line += r.files.layouts[at(file)].head_lines;
    for (int rank = 0; rank < r.comm.rank(); ++rank) line += files[at(rank)] == file ? lines[at(rank)] : 0;
    throw at_line(r.files.files[at(file)].path(), line, failure->what);
  });
}

/// Collective. Whether the part was read; else some id is a name.
template <class Id>
bool read_part(const Reading& r, EdgePart<Id>& part) {
  const TakeLines take = [&](const TextPlace& place, std::string_view text) { return part.take(place, text); };
  LastPiece last;
  if (r.files.any_compressed()) {
    hand_out_files(r.comm, r.files, take);
  } else {
    last = agreed(r.comm, [&] {
      part.reserve(r.files.bytes() / r.comm.size());
      return share_plain_files(r.comm, r.files, take);
    });
  }
  if (r.comm.any(part.names_found)) return false;
  refuse_failures(r, part.failure, last);
  return true;
}

/// Ids of this rank with what is said of them.
template <class Id>
struct Heard {
  IdTable<Id> table;
  std::vector<std::uint8_t> mentions;
};

/// False for a name where ids are numbers.
bool as_id(std::string_view name, std::int64_t& id) { return plain_integer(name, id); }
bool as_id(std::string_view name, std::string_view& id) {
  id = name;
  return true;
}

/// Adds what a file says of neurons; true when it has a name where ids are numbers.
template <class Id>
bool hear(Heard<Id>& heard, const NeuronLines& lines) {
  bool strange = false;
  std::vector<LocalIndex> number;
  for (std::size_t k = 0; k < lines.name.size(); ++k) {
    Id id{};
    if (!as_id(lines.name[k], id)) {
      strange = true;
      continue;
    }
    number.clear();
    heard.table.number(std::span<const Id>(&id, 1), number);
    heard.mentions.resize(heard.table.ids().size(), 0);
    heard.mentions[at(number[0])] |= lines.mention[k];
  }
  return strange;
}

/// Collective. Numbers of the neurons of all ranks. Nothing when the list of neurons has a name where ids are numbers.
template <class Id>
std::optional<NumberedIds<Id>> numbered(const Reading& r, EdgePart<Id>& part) {
  const auto& edges = r.options.edges;
  Heard<Id> heard{std::move(part.table), {}};
  heard.mentions.assign(heard.table.ids().size(), mention::row);
  if (edges.neurons && r.comm.any(hear(heard, read_neuron_list(r.comm, *edges.neurons)))) return std::nullopt;
  if (edges.sign) hear(heard, read_sign_list(r.comm, *edges.sign, r.files.layouts.front().inhibitory));
  return number_ids<Id>(r.comm, heard.table.ids(), heard.mentions, edges.neurons ? mention::listed : mention::row);
}

// ---- signs

std::string text_of(std::int64_t id) { return std::to_string(id); }
std::string text_of(std::string_view name) { return in_quotes(name); }

/// Collective. Makes weights from inhibitory neurons negative; how many rows come from neurons of no known sign.
template <class Id>
std::int64_t apply_signs(const Reading& r, const Ids<Id>& ids, const NumberedIds<Id>& numbers, EdgePart<Id>& part) {
  std::int64_t unknown = 0;
  agreed(r.comm, [&] {
    for (std::size_t e = 0; e < part.weight.size(); ++e) {
      const auto said = numbers.mentions[at(part.source[e])] & (mention::excitatory | mention::inhibitory);
      const auto name = [&] { return text_of(ids[at(part.source[e])]); };
      if (said == (mention::excitatory | mention::inhibitory)) {
        throw bad_input(
            fmt::format("{}: neuron {} is excitatory and inhibitory: correct the file", *r.options.edges.sign, name()));
      }
      unknown += said == 0 ? 1 : 0;
      if (said == mention::inhibitory) {
        part.weight[e] = -std::abs(part.weight[e]);
      } else if (part.weight[e] < 0) {
        throw bad_input(
            fmt::format("{}: a weight from neuron {} is {}, but the neuron is not inhibitory in {}: give "
                        "magnitudes, or leave the signs out",
                        r.path(), name(), part.weight[e], *r.options.edges.sign));
      }
    }
  });
  return r.comm.sum(unknown);
}

// ---- entries

constexpr std::size_t kAhead = 16;  // rows whose numbers are fetched while one is looked up

/// Leaves the rows whose ends are both neurons.
template <class Id>
void drop_rows_of_others(std::span<const GlobalIndex> number, EdgePart<Id>& part) {
  const auto& [source, target, weight] = std::tie(part.source, part.target, part.weight);
  std::size_t kept = 0;
  for (std::size_t e = 0; e < weight.size(); ++e) {
    if (number[at(source[e])] == kNoNeuron || number[at(target[e])] == kNoNeuron) continue;
    source[kept] = source[e], target[kept] = target[e], weight[kept++] = weight[e];
  }
  source.resize(kept), target.resize(kept), weight.resize(kept);
}

/// Rows whose ends are both neurons, numbers instead of local ones; frees what it takes from.
template <class Id>
Triplets entries_of(const NumberedIds<Id>& numbers, EdgePart<Id>&& part) {
  const auto& number = numbers.number;
  if (std::ranges::find(number, kNoNeuron) != number.end()) drop_rows_of_others(number, part);
  Triplets entries;
  const auto numbers_of = [&](HugeVector<LocalIndex>& ends) {
    const auto rows = part.weight.size();
    std::vector<GlobalIndex> global(rows);
    for (std::size_t e = 0; e < rows; ++e) {
      __builtin_prefetch(&number[at(ends[std::min(e + kAhead, rows - 1)])]);
      global[e] = number[at(ends[e])];
    }
    HugeVector<LocalIndex>().swap(ends);
    return global;
  };
  entries.row = numbers_of(part.target);
  entries.column = numbers_of(part.source);
  entries.weight = std::move(part.weight);
  return entries;
}

/// Collective. Gives the neurons their ids, unless these say no more than the places do.
void name_neurons(const Comm& comm, Network& network, NumberedIds<std::int64_t>&& numbers) {
  const auto& own = numbers.own;
  std::int64_t place = numbers.owners.first();
  const bool places = std::ranges::all_of(own, [&](auto id) { return id == place++; });
  if (!comm.any(!places)) return;
  network.nodes.id = redistribute<std::int64_t>(comm, numbers.owners, network.rows, own);
}
void name_neurons(const Comm& comm, Network& network, NumberedIds<std::string_view>&& numbers) {
  std::vector<GlobalIndex> place(numbers.own.size());
  std::iota(place.begin(), place.end(), numbers.owners.first());
  network.nodes.name = send(Route(comm, network.rows, place), numbers.own);
}

/// Collective. What is worth knowing about the rows.
InputFacts facts_of(const Reading& r, std::int64_t rows, std::int64_t taken, std::int64_t unsigned_rows) {
  InputFacts facts;
  facts.path = r.path();
  facts.entries = taken;
  facts.taken_as = description_of(r.files.layouts.front(), r.options.edges);
  if (taken < rows) facts.taken_as += fmt::format("; {} of {} rows are taken", taken, rows);
  if (unsigned_rows > 0) {
    facts.notices.push_back(fmt::format("{} rows come from neurons that {} does not name: taken as excitatory",
                                        unsigned_rows, *r.options.edges.sign));
  }
  if (taken > 0 || r.options.edges.neurons) return facts;
  throw bad_input(rows == 0 ? fmt::format("{}: has no rows: give a source and a target in every row", r.path())
                            : fmt::format("{}: none of the {} rows fulfils {}: correct the conditions", r.path(), rows,
                                          parameter("where")));
}

/// Collective. Nothing when ids turn out to be names where Id is a number.
template <class Id>
std::optional<Network> read_as(const Reading& r) {
  EdgePart<Id> part(r.files);
  if (!read_part(r, part)) return std::nullopt;
  const auto ids = r.options.edges.sign ? part.table.ids() : Ids<Id>{};
  auto numbers = numbered(r, part);
  if (!numbers) return std::nullopt;
  const auto rows = r.comm.sum(part.rows);
  const auto unsigned_rows = r.options.edges.sign ? apply_signs(r, ids, *numbers, part) : 0;
  auto entries = entries_of(*numbers, std::move(part));
  auto facts = facts_of(r, rows, r.comm.sum(std::ssize(entries.weight)), unsigned_rows);
  auto network = network_of(r.comm, numbers->owners.size(), std::move(entries), r.options, std::move(facts));
  name_neurons(r.comm, network, std::move(*numbers));
  return network;
}

bool all_look_like_numbers(const EdgeFiles& files) {
  return std::ranges::all_of(files.layouts, [](const auto& layout) { return layout.numbers; });
}
}  // namespace

Network read_edge_list(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options) {
  if (options.orientation == Orientation::pre_post) {
    throw usage_error(
        fmt::format("{}: the columns of an edge list say which neuron is which: leave out {}, give {} and {}",
                    file.path(), parameter("orientation"), parameter("source-column"), parameter("target-column")));
  }
  const auto files = open_edge_files(comm, source, options.edges);
  const Reading reading{comm, files, options};
  if (all_look_like_numbers(files)) {
    if (auto network = read_as<std::int64_t>(reading)) return std::move(*network);
  }
  return std::move(*read_as<std::string_view>(reading));
}

}  // namespace synbal::io
