// A distributed directory of ids: each id is filed with the rank that its hash names, and asked for there.
#include "io/nodes/node_lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "io/text/line_blocks.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal::io {

namespace {
constexpr GlobalIndex kUnknown = -1;

/// The ranks that have the ids in their part of the directory.
std::vector<Rank> homes_of(const std::vector<std::int64_t>& ids, int ranks) {
  std::vector<Rank> homes;
  for (const auto id : ids) {
    const auto mixed = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15ULL;  // spreads ids that lie close together
    homes.push_back(static_cast<Rank>((mixed >> 32) % static_cast<std::uint64_t>(ranks)));
  }
  return homes;
}

struct Entry {
  std::int64_t id;
  GlobalIndex index;
};

Error ambiguous(const Network& network, const std::string& whose) {
  return bad_input(
      fmt::format("{}: several neurons have the {}, so that it says which is meant of none: give every neuron "
                  "its own",
                  network.facts.path, whose));
}

/// Collective. This rank's part of the directory: id -> global index.
/// @throws Error bad_input for an id that two neurons have.
std::unordered_map<std::int64_t, GlobalIndex> build_directory(const Comm& comm, const Network& network) {
  std::vector<std::int64_t> ids;
  std::vector<Entry> entries;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    ids.push_back(id_of(network, i));
    entries.push_back({ids.back(), network.rows.first() + i});
  }
  std::unordered_map<std::int64_t, GlobalIndex> directory;
  const auto filed = Route(comm, homes_of(ids, comm.size())).send(std::move(entries));
  agreed(comm, [&] {
    for (const auto& [id, index] : filed) {
      if (!directory.emplace(id, index).second) throw ambiguous(network, fmt::format("id {}", id));
    }
  });
  return directory;
}

/// Collective. Global index of every id asked for, or kUnknown.
std::vector<GlobalIndex> find_in_directory(const Comm& comm, const Network& network, const NamedNeurons& names) {
  const auto directory = build_directory(comm, network);
  const Route route(comm, homes_of(names.id, comm.size()));
  auto questions = route.send(names.id);
  for (auto& id : questions) {
    const auto hit = directory.find(id);
    id = hit == directory.end() ? kUnknown : hit->second;
  }
  return route.reply(questions);
}

// ---- names

std::vector<Rank> homes_of(const Texts& names, int ranks) {
  std::vector<Rank> homes;
  for (std::size_t k = 0; k < names.size(); ++k) {
    homes.push_back(static_cast<Rank>(std::hash<std::string_view>{}(names[k]) % static_cast<std::size_t>(ranks)));
  }
  return homes;
}

/// Collective. Global index of every name asked for, or kUnknown.
std::vector<GlobalIndex> find_names(const Comm& comm, const Network& network, const Texts& names) {
  const auto& own = network.nodes.name;
  std::vector<GlobalIndex> index(own.size());
  std::iota(index.begin(), index.end(), network.rows.first());
  const Route filing(comm, homes_of(own, comm.size()));
  const auto filed = send(filing, own);
  const auto filed_index = filing.send(index);
  std::unordered_map<std::string_view, GlobalIndex> directory;
  agreed(comm, [&] {
    for (std::size_t k = 0; k < filed.size(); ++k) {
      if (!directory.emplace(filed[k], filed_index[k]).second) {
        throw ambiguous(network, fmt::format("name {}", in_quotes(filed[k])));
      }
    }
  });
  const Route route(comm, homes_of(names, comm.size()));
  const auto questions = send(route, names);
  std::vector<GlobalIndex> answers;
  for (std::size_t k = 0; k < questions.size(); ++k) {
    const auto hit = directory.find(questions[k]);
    answers.push_back(hit == directory.end() ? kUnknown : hit->second);
  }
  return route.reply(answers);
}

std::vector<GlobalIndex> places_in_file(const Network& network, const NamedNeurons& names) {
  std::vector<GlobalIndex> index(names.id.size());
  std::transform(names.id.begin(), names.id.end(), index.begin(),
                 [&](std::int64_t id) { return id >= 0 && id < network.size() ? id : kUnknown; });
  return index;
}
}  // namespace

std::int64_t id_of(const Network& network, LocalIndex neuron) {
  const auto& ids = network.nodes.id;
  return ids.empty() ? network.file_index(neuron) : ids[at(neuron)];
}

namespace {
std::vector<GlobalIndex> find_named(const Comm& comm, const Network& network, const NamedNeurons& names) {
  auto index = find_names(comm, network, *names.name);
  agreed(comm, [&] {
    const auto wrong = std::find(index.begin(), index.end(), kUnknown);
    if (wrong == index.end()) return;
    const auto k = at(wrong - index.begin());
    throw bad_input(fmt::format("{}: {} {}: no neuron is called {} (names are those of the network): correct the name",
                                names.file, names.unit, names.line[k], in_quotes((*names.name)[k])));
  });
  return index;
}
}  // namespace

std::vector<GlobalIndex> find_neurons(const Comm& comm, const Network& network, const NamedNeurons& names) {
  if (names.name != nullptr) return find_named(comm, network, names);
  const bool own_ids = comm.any(!network.nodes.id.empty());
  const bool moved = comm.any(!network.position.empty());
  auto index = own_ids || moved ? find_in_directory(comm, network, names) : places_in_file(network, names);
  agreed(comm, [&] {
    const auto wrong = std::find(index.begin(), index.end(), kUnknown);
    if (wrong == index.end()) return;
    const auto k = at(wrong - index.begin());
    throw bad_input(fmt::format(
        "{}: {} {}: no neuron has the id {} ({}): correct the id", names.file, names.unit, names.line[k], names.id[k],
        own_ids
            ? std::string("ids are those of the network's /node_id")
            : fmt::format("neurons are counted from 0 to {} in the order of the file, whatever its format counts from",
                          network.size() - 1)));
  });
  return index;
}

std::vector<std::uint8_t> mark_neurons(const Comm& comm, const Network& network, const NamedNeurons& names) {
  const auto index = find_neurons(comm, network, names);
  const std::vector<std::uint8_t> named(index.size(), 1);
  return Directory(comm, network.rows, index).reduce(named, 0, [](auto a, auto b) { return std::max(a, b); });
}

}  // namespace synbal::io
