// Rows of the graph that other ranks own, fetched for a batch of own nodes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

/// The matrix S = D^-1/2 W D^-1/2 around a range of owned nodes: the rows of all its neighbours. Columns are local as
/// in the graph; those that neither the graph owns nor has as ghosts count on after these, in each batch anew.
class GhostRows {
 public:
  /// Collective. The graph must outlive it. `most`: entries of ghosts' rows to hold at once.
  explicit GhostRows(const ConductanceGraph& graph, std::int64_t most = std::int64_t{1} << 24);

  /// Number of batches, the same on all ranks.
  [[nodiscard]] std::int64_t batches() const noexcept { return batches_; }
  /// Collective. Fetches for the next batch, which is the owned nodes begin() .. end() - 1 (may be none).
  void next();
  [[nodiscard]] LocalIndex begin() const noexcept { return begin_; }
  [[nodiscard]] LocalIndex end() const noexcept { return end_; }
  /// Columns that can occur in the batch.
  [[nodiscard]] std::size_t columns() const noexcept { return known_ + far_.size(); }

  /// Row of an owned node, or of a ghost next to one of the batch.
  struct Row {
    std::span<const LocalIndex> column;
    std::span<const double> value;
  };
  [[nodiscard]] Row row(LocalIndex node) const;
  /// 1 / sqrt(degree) of owned nodes and ghosts; 0 for isolated ones.
  [[nodiscard]] std::span<const double> root() const noexcept { return root_; }

 private:
  struct Entry {
    GlobalIndex column;
    double value;
  };
  void scale();
  [[nodiscard]] LocalIndex batch_end(LocalIndex begin) const;
  std::vector<LocalIndex> ghosts_of_batch() const;
  void fetch(const std::vector<LocalIndex>& ghosts);
  void number_columns(const std::vector<Entry>& entries);

  const ConductanceGraph* graph_;
  std::int64_t most_;
  std::int64_t batches_ = 0;
  std::size_t known_ = 0;  // owned and ghosts
  std::vector<double> root_, value_;
  std::vector<std::int64_t> ghost_length_;
  LocalIndex begin_ = 0, end_ = 0;
  std::vector<GlobalIndex> far_;     // sorted
  std::vector<std::int64_t> place_;  // [ghosts] of the row in fetched_, or -1
  std::vector<std::int64_t> fetched_ptr_;
  std::vector<LocalIndex> fetched_column_;
  std::vector<double> fetched_value_;
};

}  // namespace synbal::detail
