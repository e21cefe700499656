// The graph of conductances on which everything that uses the Laplacian works: distributed, symmetric, weighted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/huge_pages.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Smaller conductances are raised to this, in the graph's unit, so that none vanishes and no edge is lost.
constexpr double kSmallestConductance = 1e-250;

/// What a graph is made of. Every edge lies in the rows of both its ends, with the same bits.
struct GraphParts {
  Ownership nodes;
  GlobalRows rows;                     ///< per owned node its neighbours (ascending, distinct, not itself), weights > 0
  std::vector<double> ground;          ///< [n] conductance to ground (pinned neurons), >= 0; empty: none
  std::vector<GlobalIndex> component;  ///< [n] see ConductanceGraph::component()
  Ownership component_rows;            ///< who owns what `component` indexes
  GlobalIndex grounded_component = -1;
  double unit = 1;
};

/// Rows of a graph that is made from another one on the same ranks, with columns as ConductanceGraph has them.
struct LocalRows {
  std::vector<GlobalIndex> ghosts;  ///< neighbours owned elsewhere, ascending
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> remote;  ///< [n] where a row's ghosts begin
  HugeVector<LocalIndex> neighbour;  ///< ascending among the owned ones and among the ghosts of a row
  HugeVector<double> conductance;
  std::vector<double> degree;  ///< [n] with the conductance to ground
};

/// L = diag(degree) - W: node i has edges w_ij to its neighbours and a conductance g_i to ground (all pinned neurons
/// together); degree_i = sum_j w_ij + g_i. Held in symmetric CSR, 12 bytes per end of an edge, so that products only
/// gather, which suits several right-hand sides. Conductances are in `unit()`: multiply by it to get the user's, divide
/// x = L^+ b by it. Columns are local: 0..n-1 owned nodes, n+g ghost g. A node's owned neighbours come first.
class ConductanceGraph {
 public:
  /// Collective. `comm` must outlive the graph. @throws Error bad_input when a rank has too many neighbours to count.
  ConductanceGraph(const Comm& comm, GraphParts&& parts);
  /// Collective. The same from `rows`, which take the place of parts.rows.
  ConductanceGraph(const Comm& comm, GraphParts&& parts, LocalRows&& rows);

  [[nodiscard]] const Comm& comm() const noexcept { return *comm_; }
  [[nodiscard]] const Ownership& nodes() const noexcept { return nodes_; }
  [[nodiscard]] LocalIndex size() const noexcept { return nodes_.count(); }
  [[nodiscard]] GlobalIndex global_size() const noexcept { return nodes_.size(); }
  [[nodiscard]] const Halo& halo() const noexcept { return halo_; }
  /// Undirected edges between nodes, over all ranks (those to ground not counted).
  [[nodiscard]] std::int64_t edges() const noexcept { return edges_; }
  [[nodiscard]] double unit() const noexcept { return unit_; }

  /// Neighbours of owned node i: entries row_begin(i) .. row_end(i)-1; from row_remote(i) on they are ghosts.
  [[nodiscard]] std::int64_t row_begin(LocalIndex i) const noexcept { return row_ptr_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int64_t row_remote(LocalIndex i) const noexcept { return remote_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int64_t row_end(LocalIndex i) const noexcept { return row_ptr_[static_cast<std::size_t>(i) + 1]; }
  [[nodiscard]] const LocalIndex* neighbour() const noexcept { return neighbour_.data(); }
  [[nodiscard]] const double* conductance() const noexcept { return conductance_.data(); }
  /// Owned nodes with neighbours on other ranks, ascending.
  [[nodiscard]] std::span<const LocalIndex> border() const noexcept { return border_; }
  /// Global index of a local column.
  [[nodiscard]] GlobalIndex global(LocalIndex column) const noexcept {
    return column < size() ? nodes_.first() + column : halo_.ghosts()[static_cast<std::size_t>(column - size())];
  }

  /// [n] Diagonal of L; 0 for an isolated node.
  [[nodiscard]] std::span<const double> degree() const noexcept { return degree_; }
  /// [n] Conductance to ground.
  [[nodiscard]] std::span<const double> ground() const noexcept { return ground_; }

  /// [n] Label of the connected component in the graph that has ground as one more node: two nodes are joined exactly
  /// when their labels are equal. L is regular on the grounded component and has the null vector 1 on every other one.
  [[nodiscard]] std::span<const GlobalIndex> component() const noexcept { return component_; }
  /// Label of the nodes that are joined with ground; -1 without any.
  [[nodiscard]] GlobalIndex grounded_component() const noexcept { return grounded_component_; }
  /// By which the indices that serve as labels have owners.
  [[nodiscard]] const Ownership& component_rows() const noexcept { return component_rows_; }

  /// [n] Row of the network that each node is (see graph_of); empty for a graph made otherwise.
  [[nodiscard]] std::span<const LocalIndex> network_row() const noexcept { return network_row_; }
  /// [network rows] Global index of the node that each row of the network is; -1 for rows that are none: pinned neurons
  /// (which are ground) and, in a balance problem, neurons on no cycle.
  [[nodiscard]] std::vector<GlobalIndex> node_of_row(LocalIndex network_rows) const;
  /// Takes the mapping; entries ascend.
  void set_network_row(std::vector<LocalIndex> rows) { network_row_ = std::move(rows); }

 private:
  void find_ghosts(const GlobalRows& rows);
  void fill(const GlobalRows& rows);

  const Comm* comm_;
  Ownership nodes_;
  Halo halo_;
  std::int64_t edges_ = 0;
  double unit_ = 1;
  std::vector<std::int64_t> row_ptr_, remote_;
  HugeVector<LocalIndex> neighbour_;
  HugeVector<double> conductance_;
  std::vector<LocalIndex> border_;
  std::vector<double> degree_, ground_;
  std::vector<GlobalIndex> component_;
  GlobalIndex grounded_component_ = -1;
  Ownership component_rows_;
  std::vector<LocalIndex> network_row_;
};

/// Collective. The network's weights as conductances, pinned neurons as ground, self-loops ignored. Entries that stand
/// several times are summed. Every neuron that is not pinned is a node.
/// @throws Error bad_input for a negative or infinite weight and for J_ij != J_ji (by more than 1e-12 of the larger),
/// naming row, column (1-based, file order), values and remedy.
ConductanceGraph graph_of(const Comm& comm, const Network& network);

/// Collective. A + A^T, rows ascending: what makes edges of one-way weights. Addition commutes, so both ends of an edge
/// get the same bits.
GlobalRows with_transpose_added(const Comm& comm, const Ownership& ownership, GlobalRows&& rows);

/// Collective. Edges given once each, in any order, anywhere; parallel ones are summed, loops dropped. `ground`: [n] or
/// empty. Finds the components. For tests, benchmarks and graphs that were computed.
/// @throws Error bad_input for a node out of range and a conductance that is not positive and finite.
ConductanceGraph graph_of_edges(const Comm& comm, const Ownership& nodes, Triplets&& edges,
                                std::vector<double> ground = {});

/// visit(i, j, w) for every undirected edge once over all ranks: at the owner of the end with the smaller global index
/// (i, owned; j may be a ghost).
template <class Visit>
void for_each_undirected_edge(const ConductanceGraph& graph, Visit&& visit) {
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const auto j = graph.neighbour()[e];
      if (graph.global(j) > graph.nodes().first() + i) visit(i, j, graph.conductance()[e]);
    }
  }
}

}  // namespace synbal
