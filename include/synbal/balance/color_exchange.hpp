// What the ranks tell each other between two colours of a sweep.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/balance/coloring.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// One neuron in a sweep: owned, then ghosts. For a ghost, `out` and `next_out` hold this rank's share only.
struct SweepSlot {
  double pre = 1;       ///< s = e^{p k delta}
  double out = 0;       ///< (C^T t), running
  double next_out = 0;  ///< (C^T t) summed anew from the rows visited in this sweep
  double unused = 0;    ///< two slots a cache line
};

/// Before the neurons of a colour are visited, one message to every neighbour rank brings what that rank needs: the new
/// `pre` of the neurons of the colour before, and this rank's share of `out` of the neurons of the colour to come.
class ColorExchange {
 public:
  /// Problem and colouring must outlive it. Not collective.
  ColorExchange(const BalanceProblem& problem, const Coloring& coloring);

  /// Collective over neighbours. Adds the shares that came from other ranks into remote_out[i], which is set anew for
  /// every owned neuron of `color` that other ranks touch.
  void before(std::int32_t color, HugeVector<SweepSlot>& slots, std::vector<double>& remote_out);

 private:
  /// Neurons shared with one rank, sorted by colour; color_begin has count + 1 entries.
  struct Shared {
    std::vector<LocalIndex> index;
    std::vector<LocalIndex> color_begin;
    [[nodiscard]] std::span<const LocalIndex> of(std::int32_t color) const;
  };
  struct Peer {
    Rank rank;
    Shared owned;   // mine, ghosts there
    Shared ghosts;  // theirs, ghosts here (as n + ghost)
    std::vector<double> outgoing, incoming;
  };
  Peer& peer_of(Rank rank);
  static Shared sorted_by_color(std::vector<LocalIndex> index, const Coloring& coloring);

  const BalanceProblem* problem_;
  std::int32_t colors_;
  std::vector<Peer> peers_;
  std::vector<MPI_Request> requests_;
};

}  // namespace synbal
