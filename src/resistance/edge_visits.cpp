// Values of kept edges travel to the ranks that own the other ends.
#include "resistance/edge_visits.hpp"

#include <algorithm>

#include "synbal/core/route.hpp"

namespace synbal::detail {

namespace {

/// The entry of owned row i for the local column `neighbour`; owned and ghost neighbours ascend each.
std::int64_t entry_of(const ConductanceGraph& graph, LocalIndex i, LocalIndex neighbour) {
  const auto* columns = graph.neighbour();
  const bool ghost = neighbour >= graph.size();
  const auto begin = ghost ? graph.row_remote(i) : graph.row_begin(i);
  const auto end = ghost ? graph.row_end(i) : graph.row_remote(i);
  return std::lower_bound(columns + begin, columns + end, neighbour) - columns;
}

/// A value on its way, to an end that the receiver owns.
struct Visit {
  GlobalIndex row, neighbour;
  double value;
};

}  // namespace

std::int64_t kept_edges(const ConductanceGraph& graph) {
  std::int64_t count = 0;
  for_each_kept_edge(graph, [&](LocalIndex, std::int64_t, LocalIndex) { ++count; });
  return count;
}

std::vector<double> at_both_ends(const ConductanceGraph& graph, std::span<const double> kept) {
  const auto n = graph.size();
  std::vector<double> entries(n > 0 ? at(graph.row_end(n - 1)) : 0, 0.0);
  std::vector<Visit> visits;
  std::vector<GlobalIndex> row;
  std::size_t next = 0;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    entries[at(e)] = kept[next++];
    if (j < n) {
      entries[at(entry_of(graph, j, i))] = entries[at(e)];
    } else {
      visits.push_back({graph.global(j), graph.global(i), entries[at(e)]}), row.push_back(graph.global(j));
    }
  });
  const auto& halo = graph.halo();
  for (const auto& visit : Route(graph.comm(), graph.nodes(), row).send(visits)) {
    entries[at(entry_of(graph, halo.local(visit.row), halo.local(visit.neighbour)))] = visit.value;
  }
  return entries;
}

}  // namespace synbal::detail
