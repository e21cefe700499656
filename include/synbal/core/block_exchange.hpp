// The halo exchange of a block of vectors: one message per peer, whatever the number of columns.
#pragma once

#include <span>
#include <vector>

#include "synbal/core/halo.hpp"

namespace synbal {

/// Like HaloExchange<double>, for interleaved blocks: value of index i in column k at [i * columns + k].
class BlockExchange {
 public:
  /// The halo and its communicator must outlive it.
  explicit BlockExchange(const Halo& halo) : halo_(&halo) {}

  /// Collective over the peers. Starts bringing the owned values to the ranks that hold them as ghosts, which get them
  /// in `ghosts` ([ghosts * columns], untouched until the end).
  void forward_begin(std::span<const double> owned, std::span<double> ghosts, int columns);
  void forward_end();

  /// Collective over the peers. owned += what the other ranks hold for these indices in `ghosts`, in rank order.
  void reverse_add(std::span<const double> ghosts, std::span<double> owned, int columns);

 private:
  void start(std::span<const Halo::Peer> to, const double* out, std::span<const Halo::Peer> from, double* in,
             int columns);
  void wait();

  const Halo* halo_;
  std::vector<double> buffer_;  // the owners' side
  std::vector<MPI_Request> requests_;
};

}  // namespace synbal
