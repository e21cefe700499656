// Strongly connected components of a network: pieces inside ranks, then the graph between pieces, then names and sizes.
#include "synbal/network/components.hpp"

#include <algorithm>
#include <limits>

#include "components_detail.hpp"

namespace synbal {
namespace {

using detail::Pieces;

constexpr auto kNone = std::numeric_limits<GlobalIndex>::max();

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
  Tally sums{std::vector<GlobalIndex>(at(pieces.count), kNone), std::vector<std::int64_t>(at(pieces.count), 0),
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

/// Where pieces meet to combine numbers: places of a distributed range, as owned indices or ghosts.
struct Meeting {
  Halo halo;
  std::vector<LocalIndex> slot;  ///< [pieces]

  [[nodiscard]] std::size_t slots() const { return at(halo.owned_count()) + halo.ghosts().size(); }
};

/// Collective. `place`: one index of `range` for every piece.
Meeting meet(const Comm& comm, const Ownership& range, const std::vector<GlobalIndex>& place) {
  std::vector<GlobalIndex> remote;
  std::copy_if(place.begin(), place.end(), std::back_inserter(remote), [&](auto g) { return !range.owns(g); });
  std::sort(remote.begin(), remote.end());
  remote.erase(std::unique(remote.begin(), remote.end()), remote.end());
  Meeting meeting{Halo(comm, range, std::move(remote)), {}};
  const auto& ghosts = meeting.halo.ghosts();
  meeting.slot.reserve(place.size());
  for (const auto g : place) {
    const auto ghost = std::lower_bound(ghosts.begin(), ghosts.end(), g) - ghosts.begin();
    meeting.slot.push_back(
        static_cast<LocalIndex>(range.owns(g) ? g - range.first() : range.count() + static_cast<GlobalIndex>(ghost)));
  }
  return meeting;
}

/// Collective. Combines the pieces' values at their places: [slots], complete for the owned ones.
template <class Combine>
std::vector<std::int64_t> combine_at(const Meeting& meeting, const std::vector<std::int64_t>& of_piece,
                                     std::int64_t neutral, Combine&& combine) {
  std::vector<std::int64_t> values(meeting.slots(), neutral);
  const auto add = [&](LocalIndex slot, std::int64_t v) { values[at(slot)] = combine(values[at(slot)], v); };
  for (std::size_t p = 0; p < of_piece.size(); ++p) add(meeting.slot[p], of_piece[p]);
  HaloExchange<std::int64_t> exchange(meeting.halo);
  exchange.reverse_begin([&](LocalIndex g) { return values[at(meeting.halo.owned_count() + g)]; });
  exchange.reverse_end(add);
  return values;
}

/// Collective. The values at the places, back to the pieces.
std::vector<std::int64_t> values_at(const Meeting& meeting, std::vector<std::int64_t> values) {
  const auto owned = at(meeting.halo.owned_count());
  HaloExchange<std::int64_t>(meeting.halo)
      .forward(std::span<const std::int64_t>(values).first(owned), std::span<std::int64_t>(values).subspan(owned));
  std::vector<std::int64_t> of_piece(meeting.slot.size());
  std::transform(meeting.slot.begin(), meeting.slot.end(), of_piece.begin(),
                 [&](auto slot) { return values[at(slot)]; });
  return of_piece;
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
  const auto plus = [](std::int64_t a, std::int64_t b) { return a + b; };
  const auto meeting = meet(comm, network.rows, leader);
  const auto owned = at(network.local_size());
  auto size = combine_at(meeting, sums.size, 0, plus);
  auto nodes = combine_at(meeting, sums.nodes, 0, plus);
  const auto own_end = size.begin() + network.local_size();
  const auto leads = static_cast<std::int64_t>(std::count_if(size.begin(), own_end, [](auto s) { return s > 0; }));
  std::vector<std::int64_t> number(meeting.slots(), 0);
  auto next = comm.sum_below(leads);
  std::int64_t largest = 0;
  std::int64_t nontrivial = 0;
  for (std::size_t i = 0; i < owned; ++i) {
    if (size[i] == 0) continue;
    number[i] = next++;
    largest = std::max(largest, size[i]);
    nodes[i] = nodes[i] > 1 ? 1 : 0;
    nontrivial += nodes[i];
  }
  result.count = comm.sum(leads);
  result.nontrivial = comm.sum(nontrivial);
  result.largest = comm.max(largest);
  return {std::move(leader), values_at(meeting, std::move(number)), values_at(meeting, std::move(nodes))};
}

/// Collective. From pieces to neurons, ghosts included.
void spread_to_neurons(const Network& network, const Pieces& pieces, const PieceFacts& facts, Components& result) {
  const auto n = at(network.local_size());
  const auto ghosts = network.halo.ghosts().size();
  result.leader.resize(n + ghosts);
  result.on_cycle.resize(n + ghosts);
  result.number.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto p = at(pieces.piece[i]);
    result.leader[i] = facts.leader[p];
    result.number[i] = facts.number[p];
    result.on_cycle[i] = static_cast<std::uint8_t>(facts.on_cycle[p]);
  }
  const std::span<GlobalIndex> leader(result.leader);
  HaloExchange<GlobalIndex>(network.halo).forward(leader.first(n), leader.subspan(n));
  const std::span<std::uint8_t> on_cycle(result.on_cycle);
  HaloExchange<std::uint8_t>(network.halo).forward(on_cycle.first(n), on_cycle.subspan(n));
}

/// Collective. The smallest neuron of the component of every piece.
std::vector<GlobalIndex> leaders(const Comm& comm, const Network& network, const Pieces& pieces, LocalIndex joined,
                                 const Tally& sums, const ComponentsParams& params, std::int64_t& rounds) {
  if (comm.size() == 1) return sums.least;
  auto graph = detail::contract(comm, network, pieces, joined);
  const auto range = graph.rows;
  const auto roots = detail::find_roots(comm, std::move(graph), params, rounds);
  const auto meeting = meet(comm, range, roots);
  const auto smaller = [](GlobalIndex a, GlobalIndex b) { return std::min(a, b); };
  return values_at(meeting, combine_at(meeting, sums.least, kNone, smaller));
}

}  // namespace

Components strongly_connected_components(const Comm& comm, const Network& network, const ComponentsParams& params) {
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

}  // namespace synbal
