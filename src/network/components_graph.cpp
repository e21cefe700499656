// The graph between strong pieces: contraction of a network, and subgraphs of what is still undecided.
#include <algorithm>
#include <numeric>

#include "network/components_detail.hpp"
#include "synbal/core/route.hpp"

namespace synbal::detail {
namespace {

constexpr GlobalIndex kDropped = -1;

/// What becomes of a graph: where its vertices go, and which edges stay.
struct Change {
  const Ownership* rows;                 ///< of the new vertices
  std::vector<GlobalIndex> target;       ///< [local columns] new global index, or kDropped
  std::vector<std::uint64_t> part;       ///< [local columns] or empty: edges stay inside parts
  std::vector<GlobalIndex> joined_from;  ///< more predecessors of ...
  LocalIndex joined = -1;                ///< ... this new vertex

  [[nodiscard]] bool same_part(LocalIndex a, LocalIndex b) const { return part.empty() || part[at(a)] == part[at(b)]; }
};

/// Old rows grouped by the new vertex they go to.
Lists<LocalIndex> group_rows(std::size_t old_rows, const Change& change) {
  return lists_of<LocalIndex>(change.rows->count(), [&](auto&& put) {
    for (std::size_t i = 0; i < old_rows; ++i) {
      if (change.target[i] != kDropped) put(change.target[i] - change.rows->first(), static_cast<LocalIndex>(i));
    }
  });
}

/// The new ghosts: targets of those old ghosts that keep an edge, and the joined pieces of other ranks.
std::vector<GlobalIndex> needed_ghosts(const Adjacency& old, const Change& change) {
  const auto n = static_cast<LocalIndex>(old.row_ptr.size()) - 1;
  std::vector<std::uint8_t> used(change.target.size() - at(n), 0);
  for (LocalIndex i = 0; i < n; ++i) {
    if (change.target[at(i)] == kDropped) continue;
    for (auto e = old.row_ptr[at(i)]; e < old.row_ptr[at(i) + 1]; ++e) {
      const LocalIndex j = old.column[at(e)];
      if (j >= n && change.same_part(i, j)) used[at(j - n)] = 1;
    }
  }
  auto ghosts = change.joined_from;
  for (std::size_t g = 0; g < used.size(); ++g) {
    const auto target = change.target[at(n) + g];
    if (used[g] != 0 && target != kDropped) ghosts.push_back(target);
  }
  return distinct(std::move(ghosts));
}

/// Local indices in the new graph; -1 where it has nothing, as for kDropped.
std::vector<LocalIndex> new_locals(const Change& change, const Halo& halo) {
  std::vector<LocalIndex> local(change.target.size());
  std::transform(change.target.begin(), change.target.end(), local.begin(), [&](auto g) { return halo.local(g); });
  return local;
}

/// The new rows: each predecessor once.
class RowFiller {
 public:
  RowFiller(PieceGraph& graph, const Adjacency& old, const Change& change)
      : graph_(graph),
        old_(old),
        change_(change),
        members_(group_rows(old.row_ptr.size() - 1, change)),
        local_(new_locals(change, graph.halo)) {}

  /// Goes through the edges once when few are left, and twice otherwise, so that no more memory is taken than is used.
  void fill() {
    if (graph_.size() == 1) return fill_one();
    const auto few = old_.column.size() / 8;
    graph_.row_ptr.assign(1, 0);
    graph_.row_ptr.reserve(at(graph_.size()) + 1);
    std::int64_t count = 0;
    collect(
        [&](LocalIndex u) {
          if (at(count++) < few) graph_.column.push_back(u);
        },
        [&] { graph_.row_ptr.push_back(count); });
    if (at(count) <= few) return;
    graph_.column = {};
    graph_.column.reserve(at(count));
    collect([&](LocalIndex u) { graph_.column.push_back(u); }, [] {});
  }

 private:
  /// Whatever is a ghost is there for an edge to the only row.
  void fill_one() {
    graph_.column.resize(graph_.halo.ghosts().size());
    std::iota(graph_.column.begin(), graph_.column.end(), graph_.size());
    graph_.row_ptr = {0, std::ssize(graph_.column)};
  }

  /// emit(predecessor) for all of a row, then end(), for every row.
  template <class Emit, class End>
  void collect(Emit&& emit, End&& end) {
    seen_by_.assign(at(graph_.columns()), -1);
    for (LocalIndex v = 0; v < graph_.size(); ++v) {
      const auto offer = [&](LocalIndex u) {
        if (u < 0 || u == v || seen_by_[at(u)] == v) return;
        seen_by_[at(u)] = v;
        emit(u);
      };
      for (auto m = members_.start[at(v)]; m < members_.start[at(v) + 1]; ++m) offer_row(members_.values[at(m)], offer);
      if (v == change_.joined) offer_joined(offer);
      end();
    }
  }

  template <class Offer>
  void offer_row(LocalIndex i, Offer&& offer) const {
    for (auto e = old_.row_ptr[at(i)]; e < old_.row_ptr[at(i) + 1]; ++e) {
      const LocalIndex j = old_.column[at(e)];
      if (change_.same_part(i, j)) offer(local_[at(j)]);
    }
  }

  template <class Offer>
  void offer_joined(Offer&& offer) const {
    for (const auto target : change_.joined_from) offer(graph_.halo.local(target));
  }

  PieceGraph& graph_;
  const Adjacency& old_;
  const Change& change_;
  Lists<LocalIndex> members_;
  std::vector<LocalIndex> local_;
  std::vector<LocalIndex> seen_by_;
};

void fill_successors(PieceGraph& graph) {
  auto lists = lists_of<LocalIndex>(graph.columns(), [&](auto&& put) {
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      for (const auto j : graph.predecessors(i)) put(j, i);
    }
  });
  graph.out_ptr = std::move(lists.start);
  graph.successor = std::move(lists.values);
}

/// The pieces that `joined` of this rank is to be a predecessor and successor of: all others at the first rank that has
/// one, that one elsewhere, so that a path through them crosses ranks at most twice.
std::vector<GlobalIndex> joined_pieces(const Comm& comm, const Ownership& rows, LocalIndex joined) {
  const auto mine = joined < 0 ? kDropped : rows.first() + joined;
  auto all = comm.gather_all(mine);
  std::erase(all, kDropped);
  if (joined < 0 || all.empty()) return {};
  if (all.front() != mine) return {all.front()};
  all.erase(all.begin());
  return all;
}

}  // namespace

PieceGraph contract(const Comm& comm, const Network& network, const Pieces& pieces, LocalIndex joined) {
  PieceGraph graph;
  graph.rows = Ownership::of_counts(comm, pieces.count);
  graph.name.resize(at(pieces.count));
  std::iota(graph.name.begin(), graph.name.end(), graph.rows.first());
  Change change{&graph.rows, {}, {}, joined_pieces(comm, graph.rows, joined), joined};
  change.target.reserve(pieces.piece.size() + network.halo.ghosts().size());
  for (const auto p : pieces.piece) change.target.push_back(graph.rows.first() + p);
  change.target = with_ghosts(network.halo, std::move(change.target));
  const Adjacency old{network.row_ptr, network.column, {}};
  graph.halo = Halo(comm, graph.rows, needed_ghosts(old, change));
  RowFiller(graph, old, change).fill();
  fill_successors(graph);
  return graph;
}

PieceGraph subgraph(const Comm& comm, PieceGraph&& graph, std::span<const std::uint8_t> kept,
                    std::span<const std::uint64_t> part) {
  graph.successor = {};
  graph.out_ptr = {};
  PieceGraph smaller;
  smaller.rows = Ownership::of_counts(comm, static_cast<GlobalIndex>(std::count(kept.begin(), kept.end(), 1)));
  Change change{&smaller.rows, {}, {part.begin(), part.end()}, {}, -1};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto next = smaller.rows.first() + std::ssize(smaller.name);
    change.target.push_back(kept[i] != 0 ? next : kDropped);
    if (kept[i] != 0) smaller.name.push_back(graph.name[i]);
  }
  change.target = with_ghosts(graph.halo, std::move(change.target));
  if (!change.part.empty()) change.part = with_ghosts(graph.halo, std::move(change.part));
  const Adjacency old{graph.row_ptr, graph.column, {}};
  smaller.halo = Halo(comm, smaller.rows, needed_ghosts(old, change));
  RowFiller(smaller, old, change).fill();
  graph = {};
  fill_successors(smaller);
  return smaller;
}

}  // namespace synbal::detail
