// All neurons under one label.
#include <algorithm>

#include "synbal/network/components.hpp"

namespace synbal {

// A ghost here is the presynaptic end of a synapse; so is, elsewhere, every owned neuron that is sent.
Components one_component(const Network& network) {
  Components all;
  const auto rows = at(network.local_size());
  const auto columns = rows + network.halo.ghosts().size();
  all.leader.assign(columns, 0);
  all.number.assign(rows, 0);
  all.count = network.size() > 0 ? 1 : 0;
  all.nontrivial = network.size() > 1 ? 1 : 0;
  all.largest = network.size();
  all.on_cycle.assign(columns, 0);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      if (i != j) all.on_cycle[at(i)] = all.on_cycle[at(j)] = 1;
    }
  }
  for (const auto i : network.halo.send_indices()) all.on_cycle[at(i)] = 1;
  return all;
}

}  // namespace synbal
