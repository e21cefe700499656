// Every edge once over all ranks, and the way of values per edge to both of its ends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

/// True on one of the two ranks whose nodes i (owned) and j (a ghost) the edge joins: about half of them each.
inline bool kept_here(const ConductanceGraph& graph, LocalIndex i, LocalIndex j) {
  const auto first = graph.global(i), second = graph.global(j);
  return ((first + second) % 2 == 0) == (first < second);
}

/// visit(i, e, j) for the entries e of owned rows i whose edge this rank keeps: that to an owned node j above i, and
/// about half of those to ghosts.
template <class Visit>
void for_each_kept_edge(const ConductanceGraph& graph, Visit&& visit) {
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const auto j = graph.neighbour()[e];
      if (j > i && (j < graph.size() || kept_here(graph, i, j))) visit(i, e, j);
    }
  }
}

/// Edges that this rank keeps.
std::int64_t kept_edges(const ConductanceGraph& graph);

/// Collective. [entries of the graph's rows] Values given per kept edge, at both ends of each edge, wherever they are.
std::vector<double> at_both_ends(const ConductanceGraph& graph, std::span<const double> kept);

}  // namespace synbal::detail
