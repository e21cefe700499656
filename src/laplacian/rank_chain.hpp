// Work that goes through the ranks in their order: who waits for whom, and the messages in between.
#pragma once

#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::detail {

/// Values of border nodes on their way to higher ranks, which hold the nodes as ghosts, and contributions on their way
/// back. The ghosts of lower ranks are a graph's first ghosts: local columns n .. n + ghosts() - 1. All arrays are
/// interleaved blocks of m columns over the owned nodes and these ghosts. Every call involves the peers of one side.
class RankChain {
 public:
  /// The graph must outlive it.
  explicit RankChain(const ConductanceGraph& graph);

  /// Neighbours owned by lower ranks.
  [[nodiscard]] LocalIndex ghosts() const noexcept { return ghosts_; }

  /// Waits until the lower ranks have sent their nodes' values.
  void receive_from_below(std::span<double> values, int m);
  void send_above(std::span<const double> values, int m);
  /// Waits until the higher ranks have sent what they add to this rank's nodes.
  void add_from_above(std::span<double> values, int m);
  void send_below(std::span<const double> values, int m);

  /// Rows of any length, `length` entries for each of this rank's nodes and for each ghost: the ghosts' rows come from
  /// below, in the order of the ghosts.
  template <class T>
  void receive_rows_from_below(std::span<const std::int64_t> ghost_ptr, std::vector<T>& entries);
  template <class T>
  void send_rows_above(std::span<const std::int64_t> row_ptr, const T* entries);

 private:
  [[nodiscard]] std::span<const LocalIndex> sent_to(const Halo::Peer& peer) const;
  void wait();

  const ConductanceGraph* graph_;
  LocalIndex ghosts_ = 0;
  std::vector<Halo::Peer> below_, above_;
  std::vector<MPI_Request> requests_;
};

}  // namespace synbal::detail
