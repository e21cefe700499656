// Strongly connected components of a network: pieces inside ranks, then the graph between pieces, then names and sizes.
#include "synbal/network/components.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "network/components_detail.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/free_synapses.hpp"
#include "synbal/network/linked_sets.hpp"

namespace synbal {
namespace {

using detail::Pieces;

/// This rank's pinned neurons: joined in a ring, so that they make one piece.
struct PinnedRing {
  std::vector<LocalIndex> next;  ///< empty when none is pinned here
  LocalIndex first = -1;
};

PinnedRing pinned_ring(const std::vector<std::uint8_t>& pinned) {
  PinnedRing ring;
  LocalIndex last = -1;
  for (std::size_t i = 0; i < pinned.size(); ++i) {
    if (pinned[i] == 0) continue;
    const auto v = static_cast<LocalIndex>(i);
    if (last < 0) {
      ring.first = v;
      ring.next.assign(pinned.size(), -1);
    } else {
      ring.next[at(last)] = v;
    }
    last = v;
  }
  if (last >= 0) ring.next[at(last)] = ring.first;
  return ring;
}

/// Sums over a piece.
struct Tally {
  std::vector<GlobalIndex> least;   ///< smallest global index
  std::vector<std::int64_t> size;   ///< neurons
  std::vector<std::int64_t> nodes;  ///< the same with all pinned neurons of all ranks counted as one
};

/// `counted`: the one pinned neuron of all ranks that counts as a node, if it is here, else -1.
Tally tally(const Network& network, const Pieces& pieces, LocalIndex counted) {
  Tally sums{std::vector<GlobalIndex>(at(pieces.count), kNoNeuron), std::vector<std::int64_t>(at(pieces.count), 0),
             std::vector<std::int64_t>(at(pieces.count), 0)};
  const auto& pinned = network.nodes.pinned;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto p = at(pieces.piece[at(i)]);
    sums.least[p] = std::min(sums.least[p], network.rows.first() + i);
    sums.size[p] += 1;
    sums.nodes[p] += pinned.empty() || pinned[at(i)] == 0 || i == counted ? 1 : 0;
  }
  return sums;
}

/// What is known of every piece in the end.
struct PieceFacts {
  std::vector<GlobalIndex> leader;
  std::vector<std::int64_t> number;
  std::vector<std::int64_t> on_cycle;
};

/// Collective. Sizes add up at the leaders, which are numbered in their order.
PieceFacts number_pieces(const Comm& comm, const Network& network, std::vector<GlobalIndex>&& leader, const Tally& sums,
                         Components& result) {
  const Directory directory(comm, network.rows, leader);
  const auto size = directory.reduce(sums.size, 0, std::plus());
  auto nodes = directory.reduce(sums.nodes, 0, std::plus());
  const auto leads = std::count_if(size.begin(), size.end(), [](auto s) { return s > 0; });
  std::vector<std::int64_t> number(size.size(), 0);
  auto next = comm.sum_below(static_cast<std::int64_t>(leads));
  for (std::size_t i = 0; i < size.size(); ++i) {
    if (size[i] == 0) continue;
    number[i] = next++;
    nodes[i] = nodes[i] > 1 ? 1 : 0;
  }
  result.count = comm.sum(static_cast<std::int64_t>(leads));
  result.nontrivial = comm.sum(std::reduce(nodes.begin(), nodes.end()));
  result.largest = comm.max(size.empty() ? 0 : std::ranges::max(size));
  return {std::move(leader), directory.fetch(number), directory.fetch(nodes)};
}

/// Collective. From pieces to neurons, ghosts included.
void spread_to_neurons(const Network& network, const Pieces& pieces, const PieceFacts& facts, Components& result) {
  const auto rows = pieces.piece.size(), columns = rows + network.halo.ghosts().size();
  result.leader.reserve(columns), result.number.reserve(rows), result.on_cycle.reserve(columns);
  for (const auto piece : pieces.piece) {
    result.leader.push_back(facts.leader[at(piece)]);
    result.number.push_back(facts.number[at(piece)]);
    result.on_cycle.push_back(static_cast<std::uint8_t>(facts.on_cycle[at(piece)]));
  }
  result.leader = with_ghosts(network.halo, std::move(result.leader));
  result.on_cycle = with_ghosts(network.halo, std::move(result.on_cycle));
}

/// Collective. The smallest neuron of the component of every piece.
std::vector<GlobalIndex> leaders(const Comm& comm, const Network& network, const Pieces& pieces, LocalIndex joined,
                                 const Tally& sums, const ComponentsParams& params, std::int64_t& rounds) {
  if (comm.size() == 1) return sums.least;
  auto graph = detail::contract(comm, network, pieces, joined);
  const auto range = graph.rows;
  const auto roots = detail::find_roots(comm, std::move(graph), params, rounds);
  const Directory directory(comm, range, roots);
  return directory.fetch(
      directory.reduce(sums.least, kNoNeuron, [](GlobalIndex a, GlobalIndex b) { return std::min(a, b); }));
}

/// Collective. Every entry is an edge.
Components components_of(const Comm& comm, const Network& network, const ComponentsParams& params) {
  const auto ring = pinned_ring(network.nodes.pinned);
  const auto pieces = detail::strong_pieces({network.row_ptr, network.column, ring.next});
  const auto first_with_pinned = comm.min(ring.first < 0 ? comm.size() : comm.rank());
  const auto sums = tally(network, pieces, first_with_pinned == comm.rank() ? ring.first : -1);
  const LocalIndex joined = ring.first < 0 ? -1 : pieces.piece[at(ring.first)];
  Components result;
  auto leader = leaders(comm, network, pieces, joined, sums, params, result.rounds);
  const auto facts = number_pieces(comm, network, std::move(leader), sums, result);
  spread_to_neurons(network, pieces, facts, result);
  return result;
}

}  // namespace

Components strongly_connected_components(const Comm& comm, const Network& network, const ComponentsParams& params) {
  const StageScope stage(Stage::components);
  const FreeSynapses free(comm, network);
  if (!free.any()) return components_of(comm, network, params);
  return components_of(comm, costing_pattern(network, free), params);
}

// A ghost here is the presynaptic end of a synapse; so is, elsewhere, every owned neuron that is sent.
Components one_component(const Network& network) {
  const auto rows = at(network.local_size());
  const auto columns = rows + network.halo.ghosts().size();
  Components all;
  all.leader.assign(columns, 0);
  all.number.assign(rows, 0);
  all.count = network.size() > 0 ? 1 : 0;
  all.nontrivial = network.size() > 1 ? 1 : 0;
  all.largest = network.size();
  all.on_cycle.assign(columns, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (auto e = network.row_ptr[i]; e < network.row_ptr[i + 1]; ++e) {
      const auto j = at(network.column[at(e)]);
      if (i != j) all.on_cycle[i] = all.on_cycle[j] = 1;
    }
  }
  for (const auto i : network.halo.send_indices()) all.on_cycle[at(i)] = 1;
  return all;
}

}  // namespace synbal
