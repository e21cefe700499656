// A distributed directory of ids: each id is filed with the rank that its hash names, and asked for there.
#include "node_lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr GlobalIndex kUnknown = -1;

/// Items grouped by the rank they go to; `order[k]` is the original place of the k-th.
struct Grouped {
  std::vector<std::int64_t> order, counts;
};

template <class RankOf>
Grouped group_by_rank(const Comm& comm, std::size_t items, RankOf&& rank_of) {
  Grouped g{std::vector<std::int64_t>(items), std::vector<std::int64_t>(static_cast<std::size_t>(comm.size()), 0)};
  std::iota(g.order.begin(), g.order.end(), 0);
  std::stable_sort(g.order.begin(), g.order.end(), [&](auto a, auto b) {
    return rank_of(static_cast<std::size_t>(a)) < rank_of(static_cast<std::size_t>(b));
  });
  for (std::size_t k = 0; k < items; ++k) ++g.counts[static_cast<std::size_t>(rank_of(k))];
  return g;
}

std::vector<std::int64_t> in_order(const Grouped& g, const std::vector<std::int64_t>& values) {
  std::vector<std::int64_t> out(values.size());
  std::transform(g.order.begin(), g.order.end(), out.begin(),
                 [&](std::int64_t k) { return values[static_cast<std::size_t>(k)]; });
  return out;
}

Rank file_of(std::int64_t id, int ranks) {
  const auto mixed = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15ULL;
  return static_cast<Rank>((mixed >> 32) % static_cast<std::uint64_t>(ranks));
}

/// Collective. This rank's part of the directory: id -> global index.
std::unordered_map<std::int64_t, GlobalIndex> build_directory(const Comm& comm, const Network& network,
                                                              GlobalIndex first_id) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(network.local_size())), index(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = id_of(network, static_cast<LocalIndex>(i), first_id);
  std::iota(index.begin(), index.end(), network.rows.first());
  const auto g = group_by_rank(comm, ids.size(), [&](std::size_t k) { return file_of(ids[k], comm.size()); });
  const auto filed = comm.exchange<std::int64_t>(in_order(g, ids), g.counts);
  const auto places = comm.exchange<std::int64_t>(in_order(g, index), g.counts);
  std::unordered_map<std::int64_t, GlobalIndex> directory;
  for (std::size_t k = 0; k < filed.values.size(); ++k) directory.emplace(filed.values[k], places.values[k]);
  return directory;
}

/// Collective. Global index of every id asked for, or kUnknown.
std::vector<GlobalIndex> find_in_directory(const Comm& comm, const Network& network, const NamedNeurons& names) {
  const auto& asked = names.id;
  const auto directory = build_directory(comm, network, names.first_id);
  const auto g = group_by_rank(comm, asked.size(), [&](std::size_t k) { return file_of(asked[k], comm.size()); });
  const auto questions = comm.exchange<std::int64_t>(in_order(g, asked), g.counts);
  std::vector<std::int64_t> found(questions.values.size());
  std::transform(questions.values.begin(), questions.values.end(), found.begin(), [&](std::int64_t id) {
    const auto hit = directory.find(id);
    return hit == directory.end() ? kUnknown : hit->second;
  });
  const auto answers = comm.exchange<std::int64_t>(found, questions.counts);
  std::vector<GlobalIndex> index(asked.size());
  for (std::size_t k = 0; k < asked.size(); ++k) index[static_cast<std::size_t>(g.order[k])] = answers.values[k];
  return index;
}

std::vector<GlobalIndex> places_in_file(const Network& network, const NamedNeurons& names) {
  std::vector<GlobalIndex> index(names.id.size());
  std::transform(names.id.begin(), names.id.end(), index.begin(), [&](std::int64_t id) {
    const bool inside = id >= names.first_id && id - names.first_id < network.size();
    return inside ? id - names.first_id : kUnknown;
  });
  return index;
}
}  // namespace

std::int64_t id_of(const Network& network, LocalIndex neuron, GlobalIndex first_id) {
  const auto& ids = network.nodes.id;
  return ids.empty() ? first_id + network.file_index(neuron) : ids[static_cast<std::size_t>(neuron)];
}

std::vector<GlobalIndex> find_neurons(const Comm& comm, const Network& network, const NamedNeurons& names) {
  const bool own_ids = comm.any(!network.nodes.id.empty());
  const bool moved = comm.any(!network.position.empty());
  auto index = own_ids || moved ? find_in_directory(comm, network, names) : places_in_file(network, names);
  agreed(comm, [&] {
    const auto wrong = std::find(index.begin(), index.end(), kUnknown);
    if (wrong == index.end()) return;
    const auto k = static_cast<std::size_t>(wrong - index.begin());
    throw bad_input(fmt::format(
        "{}: {} {}: no neuron has the id {} ({}): correct the id", names.file, names.unit, names.line[k], names.id[k],
        own_ids ? std::string("ids are those of the network's /node_id")
                : fmt::format("ids run from {} to {}", names.first_id, names.first_id + network.size() - 1)));
  });
  return index;
}

std::vector<std::uint8_t> mark_neurons(const Comm& comm, const Network& network, const NamedNeurons& names) {
  const auto index = find_neurons(comm, network, names);
  const auto g = group_by_rank(comm, index.size(), [&](std::size_t k) { return network.rows.owner(index[k]); });
  const auto named = comm.exchange<std::int64_t>(in_order(g, index), g.counts);
  std::vector<std::uint8_t> flags(static_cast<std::size_t>(network.local_size()), 0);
  for (const auto i : named.values) flags[static_cast<std::size_t>(i - network.rows.first())] = 1;
  return flags;
}

}  // namespace synbal::io
