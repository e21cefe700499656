// Values of kept edges travel to the ranks that own the other ends.
#include "synbal/graph/edge_visits.hpp"

#include <algorithm>

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

/// A value on its way: row and neighbour as the receiver knows them, globally.
struct Parcels {
  std::vector<GlobalIndex> ends;  // row, neighbour, row, ...
  std::vector<double> values;
  std::vector<std::int64_t> counts;  // of values, per rank
};

// Collective.
void deliver(const ConductanceGraph& graph, const Parcels& parcels, std::vector<double>& entries) {
  std::vector<std::int64_t> twice;
  for (const auto count : parcels.counts) twice.push_back(2 * count);
  const auto& comm = graph.comm();
  const auto ends = comm.exchange(std::span<const GlobalIndex>(parcels.ends), twice).values;
  const auto values = comm.exchange(std::span<const double>(parcels.values), parcels.counts).values;
  const auto& ghosts = graph.halo().ghosts();
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto row = static_cast<LocalIndex>(ends[2 * k] - graph.nodes().first());
    const auto ghost = std::lower_bound(ghosts.begin(), ghosts.end(), ends[2 * k + 1]) - ghosts.begin();
    entries[at(entry_of(graph, row, graph.size() + static_cast<LocalIndex>(ghost)))] = values[k];
  }
}

}  // namespace

std::int64_t kept_edges(const ConductanceGraph& graph) {
  std::int64_t count = 0;
  for_each_kept_edge(graph, [&](LocalIndex, std::int64_t, LocalIndex) { ++count; });
  return count;
}

std::vector<double> at_both_ends(const ConductanceGraph& graph, std::span<const double> kept) {
  const auto n = graph.size();
  std::vector<double> entries(n > 0 ? at(graph.row_end(n - 1)) : 0, 0.0);
  Parcels parcels;
  parcels.counts.assign(at(graph.comm().size()), 0);
  std::size_t next = 0;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    entries[at(e)] = kept[next++];
    if (j < n) {
      entries[at(entry_of(graph, j, i))] = entries[at(e)];
    } else {
      ++parcels.counts[at(graph.nodes().owner(graph.global(j)))];
    }
  });
  std::vector<std::int64_t> place(parcels.counts.size(), 0);
  for (std::size_t r = 1; r < place.size(); ++r) place[r] = place[r - 1] + parcels.counts[r - 1];
  const auto all = place.back() + parcels.counts.back();
  parcels.ends.resize(at(2 * all)), parcels.values.resize(at(all));
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    if (j < n) return;
    const auto p = at(place[at(graph.nodes().owner(graph.global(j)))]++);
    parcels.ends[2 * p] = graph.global(j), parcels.ends[2 * p + 1] = graph.global(i);
    parcels.values[p] = entries[at(e)];
  });
  deliver(graph, parcels, entries);
  return entries;
}

}  // namespace synbal::detail
