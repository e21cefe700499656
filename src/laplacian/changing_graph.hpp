// A graph whose nodes are eliminated one by one. The rows stay where they are: what goes is marked, what comes is kept
// beside them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

/// What the elimination of node `source` does to its neighbour `target`: the edge between them goes, some conductance
/// to ground comes, and an edge to the other neighbour (-1: none).
struct RowUpdate {
  GlobalIndex target = -1, source = -1, other = -1;
  double ground = 0, conductance = 0;
};

/// One neighbour of a node. What the graph had and what elimination added are summed apart, so that both ends of an
/// edge hold the same bits whenever they come to be added.
struct Link {
  GlobalIndex node = -1;
  double original = 0, added = 0;
  [[nodiscard]] double conductance() const noexcept { return original + added; }
};

/// The neighbours of a node that has at most two, ascending.
struct LowDegree {
  std::size_t count = 0;
  std::array<Link, 2> link{};
  [[nodiscard]] std::span<const Link> links() const noexcept { return std::span(link).first(count); }
  /// -1: there are not so many.
  [[nodiscard]] GlobalIndex node(std::size_t k) const noexcept { return k < count ? link[k].node : -1; }
  [[nodiscard]] double conductance(std::size_t k) const noexcept { return k < count ? link[k].conductance() : 0.0; }
};

class ChangingGraph {
 public:
  /// The graph must outlive it.
  explicit ChangingGraph(const ConductanceGraph& graph);

  /// Neighbours that node i has now.
  [[nodiscard]] LocalIndex neighbours(LocalIndex i) const noexcept { return count_[static_cast<std::size_t>(i)]; }
  /// Of a node with at most two neighbours.
  [[nodiscard]] const LowDegree& low_degree(LocalIndex i) const noexcept {
    return low_degree_[static_cast<std::size_t>(low_slot_[static_cast<std::size_t>(i)])];
  }
  [[nodiscard]] double ground(LocalIndex i) const noexcept { return ground_[static_cast<std::size_t>(i)]; }
  /// What elimination added to row i, ascending: also to edges that the graph has. Empty for nodes with few neighbours.
  [[nodiscard]] std::span<const Link> added(LocalIndex i) const noexcept;
  /// Whether row i differs from the graph's.
  [[nodiscard]] bool changed(LocalIndex i) const noexcept {
    return neighbours(i) != graph_->row_end(i) - graph_->row_begin(i) || !added(i).empty();
  }
  /// Node i goes; its neighbours get their updates.
  void remove(LocalIndex i) { gone_[static_cast<std::size_t>(i)] = 1; }
  /// All updates of one row that a round brings, by ascending source: the order in which they are summed.
  void update(LocalIndex i, std::span<const RowUpdate> updates);

 private:
  void mark_foreign(GlobalIndex node);
  [[nodiscard]] bool has_original(LocalIndex i, GlobalIndex node) const;
  void update_low_degree(LowDegree& low, std::span<const RowUpdate> updates);
  void merge(LocalIndex i, std::span<const RowUpdate> updates);
  [[nodiscard]] LocalIndex new_neighbours(LocalIndex i, std::span<const Link> known, std::span<const Link> links) const;
  void make_low_degree(LocalIndex i);

  const ConductanceGraph* graph_;
  std::vector<double> ground_;
  std::vector<LocalIndex> count_;
  std::vector<std::uint8_t> gone_;                   // [n + ghosts] as far as rows of this rank have them as neighbours
  std::vector<std::int32_t> low_slot_, added_slot_;  // [n] places in the following, -1: none
  std::vector<LowDegree> low_degree_;
  std::vector<std::vector<Link>> added_;
};

}  // namespace synbal::detail
