// A whole graph of conductances eliminated on one rank without a subtraction: exact over cuts of any weakness.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace synbal {

/// An edge between two nodes of a graph that one rank holds; the number of nodes stands for ground.
struct PlainEdge {
  std::int32_t i = 0, j = 0;
  double conductance = 0;
};

/// In which order nodes go, and what that costs.
struct EliminationOrder {
  std::vector<std::int32_t> node;  ///< [nodes] the first to go first
  /// Entries of the factor below its diagonal, and multiplications that make it; rows with very many entries count as
  /// full.
  double entries = 0, operations = 0;

  static constexpr std::int64_t kMostEdges = 4'000'000;  ///< with nodes: what every rank may hold, 16 bytes each
  static constexpr double kMostEntries = 5e7;            ///< of a factor that every rank may hold, 12 bytes each
  /// Whether an elimination in this order is light: in multiplications, about a nanosecond each, and in memory.
  [[nodiscard]] bool light(double most_operations) const noexcept {
    return operations <= most_operations && entries <= kMostEntries;
  }
};

/// Not collective. An order that fills little, with nothing but the pattern to go by: approximate minimum degree
/// (Amestoy, Davis & Duff 1996), by SuiteSparse. A second for 10^6 edges.
[[nodiscard]] EliminationOrder order_for_little_fill(std::int32_t nodes, std::span<const PlainEdge> edges);

/// Effective resistances of all pairs of nodes, ground being one more; infinite between components.
class AllResistances {
 public:
  AllResistances(std::vector<std::int32_t> place, std::vector<double> value)
      : place_(std::move(place)), value_(std::move(value)) {}
  /// `nodes` stands for ground.
  [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const noexcept {
    return value_[at(i) * place_.size() + at(j)];
  }

 private:
  [[nodiscard]] std::size_t at(std::int64_t i) const noexcept {
    return static_cast<std::size_t>(place_[static_cast<std::size_t>(i)]);
  }
  std::vector<std::int32_t> place_;
  std::vector<double> value_;
};

/// L = S^-1 D S^-T with a node eliminated after the other: the star of its edges becomes a mesh, w_ab += w_ka w_kb /
/// d_k, and pivots are sums of conductances, d_k = sum_a w_ka. As nothing is ever subtracted, every rounding is that of
/// some conductance of a graph in between, and an effective resistance changes by no more than the conductances do: all
/// of them come out to a few rounding errors a node, relative to each, whatever the conductances. Ground is one more
/// node, the last to go. Not collective; about 20 bytes an entry.
class StarMesh {
 public:
  StarMesh(std::int32_t nodes, std::span<const PlainEdge> edges, const EliminationOrder& order);

  /// Other conductances of the same edges, in the same order.
  void set_conductances(std::span<const PlainEdge> edges);

  [[nodiscard]] std::int32_t nodes() const noexcept { return nodes_; }
  [[nodiscard]] std::int64_t entries() const noexcept { return column_.empty() ? 0 : begin_.back(); }

  /// x = L^- b in the place of b ([nodes * columns], interleaved): the solution that is 0 at the last node of every
  /// component without ground, where the sum of b should be 0.
  void solve(std::span<double> b, int columns) const;

  /// [edges] Effective resistances of the edges that it was made from: each from those between the nodes that were
  /// eliminated later (a selected inversion, Takahashi, Fagan & Chin 1973, in resistances, where it cancels little).
  [[nodiscard]] std::vector<double> edge_resistances() const;

  /// In the same way; 8 (nodes + 1)^2 bytes.
  [[nodiscard]] AllResistances all_resistances() const;

 private:
  void find_pattern(std::span<const PlainEdge> edges);
  void find_slots(std::span<const PlainEdge> edges);
  void factorise();
  void resistances_of(std::int32_t k, std::vector<double>& resistance, std::vector<double>& sums) const;
  [[nodiscard]] std::int64_t slot(std::int32_t low, std::int32_t high) const;
  [[nodiscard]] std::int32_t size() const noexcept { return nodes_ + 1; }

  std::int32_t nodes_;
  std::vector<std::int32_t> node_, place_;  // [nodes + 1] of place, of node
  std::vector<std::int64_t> begin_;         // [nodes + 2] entries of the column of each place
  std::vector<std::int32_t> column_;        // places above, ascending
  std::vector<double> share_;               // w_ka / d_k
  std::vector<double> pivot_;               // [nodes + 1] d_k; 0 where nothing held the node any more
  std::vector<std::int64_t> slot_;          // [edges] entry of each; -1: a loop
};

}  // namespace synbal
