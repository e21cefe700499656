// What is left of a network whose synapses a balance problem takes over.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/network/network.hpp"

namespace synbal {

/// Goes with one pass over a network's entries: those that are kept move to the front of its arrays, and the memory of
/// the others is given back on the way.
class RemainingSynapses {
 public:
  explicit RemainingSynapses(Network& network);

  /// Of entries that come in order. Overwrites entries before this one.
  void keep(LocalIndex row, std::int64_t entry);
  /// Entries before this one will not be read again.
  void give_back(std::int64_t entry);
  /// Collective. After the last: the network holds what was kept, and nothing else; `nnz` stays. @return the ghosts
  /// that were kept because a synapse has them, by their numbers before.
  std::vector<LocalIndex> finish(const Comm& comm);

 private:
  [[nodiscard]] std::vector<LocalIndex> renumber_ghosts();

  Network* network_;
  std::vector<std::int64_t> row_ptr_;
  std::int64_t kept_ = 0, given_ = 0;
};

}  // namespace synbal
