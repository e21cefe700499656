// Sums over the connected components of a graph, wherever their nodes live, and the projection that they make.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/laplacian/block_exchange.hpp"
#include "synbal/laplacian/graph.hpp"

namespace synbal {

/// Labels and one allreduce while few components lie on several ranks; a sparse exchange beyond that.
class GraphComponents {
 public:
  /// Collective. The graph must outlive it.
  explicit GraphComponents(const ConductanceGraph& graph);
  GraphComponents(const GraphComponents&) = delete;
  GraphComponents& operator=(const GraphComponents&) = delete;

  /// [n] Number of each node's component among those present on this rank.
  [[nodiscard]] std::span<const LocalIndex> label() const noexcept { return label_; }
  /// Components present on this rank.
  [[nodiscard]] LocalIndex count() const noexcept { return static_cast<LocalIndex>(leader_.size()); }
  /// True where L is regular: no constant to project out.
  [[nodiscard]] bool grounded(LocalIndex label) const noexcept {
    return leader_[static_cast<std::size_t>(label)] == graph_->grounded_component();
  }
  /// Components over all ranks that do not touch ground: the nullity of L.
  [[nodiscard]] std::int64_t nullity() const noexcept { return nullity_; }
  /// [count()] Nodes of each component, over all ranks.
  [[nodiscard]] std::span<const double> sizes() const noexcept { return sizes_; }

  /// Collective. `partial`: [count() * columns] this rank's part of some sum per component; becomes the sum over all
  /// ranks. `scalars` are summed over the ranks along the way (in the same reduction).
  void sum(std::span<double> partial, int columns, std::span<double> scalars = {}) const;

  /// Collective. Takes the mean of every component that does not touch ground out of every column: the orthogonal
  /// projection onto the range of L.
  void project(std::span<double> block, int columns) const;

 private:
  static constexpr std::int64_t kFewShared = 256;

  void number_labels();
  void find_shared();
  void sum_through_owners(std::span<double> partial, int columns) const;

  const ConductanceGraph* graph_;
  std::vector<GlobalIndex> leader_;  // sorted
  std::vector<LocalIndex> label_;
  std::vector<double> sizes_;
  std::int64_t nullity_ = 0;
  Halo halo_;  // over the slots: ghosts are those of leaders owned elsewhere, in the order of their labels
  mutable BlockExchange exchange_{halo_};
  bool few_shared_ = true;
  std::int64_t shared_ = 0;                // components on several ranks
  std::vector<LocalIndex> shared_label_;   // [shared_] this rank's label of each, or -1
  LocalIndex slots_ = 0;                   // leaders owned here that occur somewhere
  std::vector<LocalIndex> slot_of_label_;  // slots of leaders owned elsewhere count on as ghosts
};

}  // namespace synbal
