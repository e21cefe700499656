// Clusters that merge: the flows between them, and elimination of the nodes inside.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace synbal {

/// 64 bits of mantissa and 15 of exponent: 200 decades of weights stay in range.
using Extended = long double;
using ClusterNode = std::int32_t;

/// What joins a cluster to another one.
struct ClusterLink {
  ClusterNode other;
  Extended in = 0, out = 0;  ///< costs from the other one and to it
  Extended carried = 0;      ///< part of the right side that elimination moved here from there
  Extended weight = 0;       ///< conductance between the nodes that stand for both
};

/// A node that was eliminated: phi = (right + sum weight_j phi_j) / total.
struct Pivot {
  ClusterNode node;
  Extended right, total;
  std::vector<std::pair<ClusterNode, Extended>> weights;
};

/// Every cluster is called by the one node of it that is left. Rows are sorted by the other cluster.
class ClusterGraph {
 public:
  using Row = std::vector<ClusterLink>;

  struct Cost {
    ClusterNode post, pre;
    Extended cost;
  };
  /// Several costs at one place are summed; zeros and loops are none.
  ClusterGraph(ClusterNode nodes, const std::vector<Cost>& costs, ClusterNode pinned);

  /// Linked nodes, the strongest links first: merged in this order they make the single-linkage tree (Kruskal 1956).
  [[nodiscard]] std::vector<std::pair<ClusterNode, ClusterNode>> strongest_first() const;

  /// The clusters of two nodes: one that may go into the other first (never the pinned one; the one with fewer links).
  [[nodiscard]] std::pair<ClusterNode, ClusterNode> clusters_of(ClusterNode i, ClusterNode j);
  [[nodiscard]] const Row& row(ClusterNode cluster) const { return rows_[static_cast<std::size_t>(cluster)]; }
  /// In- and out-cost of a cluster: sums over its own cut alone, exact to rounding however weak that is.
  [[nodiscard]] std::pair<Extended, Extended> flows(ClusterNode cluster) const;
  /// Moves a cluster by an offset of h: incoming costs fall, outgoing ones rise.
  void shift(ClusterNode cluster, Extended offset);
  /// The first becomes a part of the second; flows between the two are forgotten.
  void merge(ClusterNode gone, ClusterNode stays) { contract(gone, stays, Extended{0}, Extended{0}); }
  /// The same, and the node `gone` is eliminated from L phi = in - out.
  [[nodiscard]] Pivot eliminate(ClusterNode gone, ClusterNode stays);
  /// All but one of every connected part: whoever has the fewest links goes into the cluster to which its strongest
  /// link leads, and so along the tree of the strongest links (Boruvka 1926), which keeps the accuracy of every cut.
  /// Nothing where links are visited more often than `most_work`.
  [[nodiscard]] std::optional<std::vector<Pivot>> eliminate_all(std::int64_t most_work);
  /// Links visited so far: what all this cost.
  [[nodiscard]] std::int64_t work() const noexcept { return work_; }

 private:
  [[nodiscard]] ClusterNode find(ClusterNode i);
  void contract(ClusterNode gone, ClusterNode stays, Extended right, Extended total);
  void absorb(Row& row, const Row& added, ClusterNode dropped);

  std::vector<Row> rows_;
  std::vector<ClusterNode> name_;
  ClusterNode pinned_;
  std::int64_t work_ = 0;
};

}  // namespace synbal
