// A graph whose nodes are eliminated one by one: rows that change are copied, all others stay where they are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/laplacian/graph.hpp"

namespace synbal::laplacian {

/// What the elimination of node `source` does to its neighbour `target`: the edge between them goes, some conductance
/// to ground comes, and an edge to the other neighbour (-1: none).
struct RowUpdate {
  GlobalIndex target = -1, source = -1, other = -1;
  double ground = 0, conductance = 0;
};

/// One neighbour of a node.
struct Link {
  GlobalIndex node = -1;
  double conductance = 0;
};

class ChangingGraph {
 public:
  /// The graph must outlive it.
  explicit ChangingGraph(const ConductanceGraph& graph);

  /// A lower bound of the number of neighbours that node i has now; the number itself where the bound is at most two.
  [[nodiscard]] std::int64_t neighbours(LocalIndex i) const;
  /// visit(Link) for the neighbours of node i in ascending order. settle() must have been called where updates are
  /// open.
  template <class Visit>
  void for_each(LocalIndex i, Visit&& visit) const {
    if (const auto slot = slot_[static_cast<std::size_t>(i)]; slot >= 0) {
      for (const auto& link : rows_[static_cast<std::size_t>(slot)].links) visit(link);
      return;
    }
    for_each_original(i, visit);
  }
  [[nodiscard]] double ground(LocalIndex i) const { return ground_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::vector<double>& grounds() noexcept { return ground_; }

  /// Updates of one row, in the order in which they are to be summed.
  void update(LocalIndex i, std::span<const RowUpdate> updates);
  /// Applies what has been put off.
  void settle();

 private:
  static constexpr std::size_t kShort = 8;  // rows so short are always up to date

  struct Row {
    std::vector<Link> links;         // ascending
    std::vector<RowUpdate> pending;  // fewer than a third of the links, so that more than two neighbours are left
  };
  template <class Visit>
  void for_each_original(LocalIndex i, Visit&& visit) const;
  Row& row_of(LocalIndex i);
  static void apply_pending(Row& row);

  const ConductanceGraph* graph_;
  std::vector<double> ground_;
  std::vector<std::int32_t> slot_;  // [n] place in rows_, -1: as in the graph
  std::vector<Row> rows_;
};

// Ghosts below the owned range, owned neighbours, ghosts above it: ascending.
template <class Visit>
void ChangingGraph::for_each_original(LocalIndex i, Visit&& visit) const {
  const auto& g = *graph_;
  const auto put = [&](std::int64_t e) { visit(Link{g.global(g.neighbour()[e]), g.conductance()[e]}); };
  auto ghost = g.row_remote(i);
  for (; ghost < g.row_end(i) && g.global(g.neighbour()[ghost]) < g.nodes().first(); ++ghost) put(ghost);
  for (auto own = g.row_begin(i); own < g.row_remote(i); ++own) put(own);
  for (; ghost < g.row_end(i); ++ghost) put(ghost);
}

}  // namespace synbal::laplacian
