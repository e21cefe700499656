// Writers see networks in the order of their file: this is where a network that was partitioned otherwise is brought
// back.
#pragma once

#include "synbal/network/network.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::io {

/// Collective. Calls write(network) with `network` itself when its rows are in file order, else with a reordered copy.
template <class Write>
void with_file_order(const Comm& comm, const Network& network, Write&& write) {
  const bool in_order = !comm.any(!network.position.empty());
  if (in_order) {
    write(network);
  } else {
    write(in_file_order(comm, Network(network)));
  }
}

}  // namespace synbal::io
