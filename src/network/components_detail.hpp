// The parts of the component search: strong pieces inside a rank, the graph between pieces, and searches across ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/halo.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/network/components.hpp"

namespace synbal::detail {

/// Adjacency of the vertices 0..n-1, n = row_ptr.size() - 1; columns from n on are ignored.
struct Adjacency {
  std::span<const std::int64_t> row_ptr;
  std::span<const LocalIndex> column;
  /// Empty, or one more neighbour for every vertex (-1: none).
  std::span<const LocalIndex> extra;

  [[nodiscard]] LocalIndex size() const noexcept { return static_cast<LocalIndex>(row_ptr.size()) - 1; }
  /// Edges first..last of a vertex, of which the last is the extra one.
  [[nodiscard]] std::int64_t first(LocalIndex v) const noexcept { return row_ptr[at(v)]; }
  [[nodiscard]] std::int64_t last(LocalIndex v) const noexcept { return row_ptr[at(v) + 1]; }
  /// Where edge e of v leads; -1: to none of the vertices.
  [[nodiscard]] LocalIndex neighbour(LocalIndex v, std::int64_t e) const noexcept {
    if (e == last(v)) return extra.empty() ? -1 : extra[at(v)];
    return column[at(e)] < size() ? column[at(e)] : -1;
  }
};

/// Strongly connected pieces: piece[v] in 0..count-1.
struct Pieces {
  std::vector<LocalIndex> piece;
  LocalIndex count = 0;
};

/// Not collective. No recursion (Pearce 2016, "A space-efficient algorithm for finding strongly connected
/// components", a variant of Tarjan 1972), after a look for one piece that is most of the graph. The direction of the
/// edges does not matter.
Pieces strong_pieces(const Adjacency& graph);

/// A directed graph without self-loops or multiple edges, distributed like a Network: row i lists its predecessors.
struct PieceGraph {
  Ownership rows;
  std::vector<GlobalIndex> name;         ///< [n_local] the vertex's global index in the first graph of the search
  std::vector<std::int64_t> row_ptr{0};  ///< [n_local + 1]
  std::vector<LocalIndex> column;        ///< predecessors; local numbering as in Network
  std::vector<std::int64_t> out_ptr{0};  ///< [n_local + ghosts + 1]
  std::vector<LocalIndex> successor;     ///< the owned successors of every local column
  Halo halo;

  [[nodiscard]] LocalIndex size() const noexcept { return rows.count(); }
  [[nodiscard]] LocalIndex columns() const noexcept { return size() + halo.ghost_count(); }
  [[nodiscard]] std::span<const LocalIndex> predecessors(LocalIndex row) const noexcept {
    return {column.data() + row_ptr[at(row)], column.data() + row_ptr[at(row) + 1]};
  }
  [[nodiscard]] std::span<const LocalIndex> successors(LocalIndex any) const noexcept {
    return {successor.data() + out_ptr[at(any)], successor.data() + out_ptr[at(any) + 1]};
  }
};

/// Collective. The graph between the pieces of all ranks. `joined` is this rank's piece that is to be one vertex with
/// those of the other ranks (-1: none): such pieces are joined by edges both ways.
PieceGraph contract(const Comm& comm, const Network& network, const Pieces& pieces, LocalIndex joined);

/// Collective. The subgraph of the vertices with kept[i] != 0 and of the edges inside parts (part[i], equal at both
/// ends; empty: all edges). Takes the old graph apart as it goes, to save memory.
PieceGraph subgraph(const Comm& comm, PieceGraph&& graph, std::span<const std::uint8_t> kept,
                    std::span<const std::uint64_t> part);

/// Collective. Removes vertices without predecessors or successors until there are none, or only paths that
/// cross ranks hundreds of times; returns 1 for those that stay.
/// Adds the exchanges it needed to `rounds`.
std::vector<std::uint8_t> trim(const Comm& comm, const PieceGraph& graph, std::int64_t& rounds);

/// For every owned vertex the largest seed among the vertices from which it can be reached, and among those it reaches.
struct Reach {
  std::vector<std::uint64_t> from;
  std::vector<std::uint64_t> to;
};

/// Collective. `seed`: one value per owned vertex, 0 for none. Adds the exchanges it needed to `rounds`.
Reach reach(const Comm& comm, const PieceGraph& graph, std::span<const std::uint64_t> seed, std::int64_t& rounds);

/// Collective. For every owned vertex the name of one vertex of its component, the same for all of the component.
/// Rank 0 receives the whole graph: it must be small.
std::vector<GlobalIndex> roots_by_one_rank(const Comm& comm, const PieceGraph& graph);

/// Collective. The same for a graph of any size, whose names must be its own global indices.
std::vector<GlobalIndex> find_roots(const Comm& comm, PieceGraph&& graph, const ComponentsParams& params,
                                    std::int64_t& rounds);

}  // namespace synbal::detail
