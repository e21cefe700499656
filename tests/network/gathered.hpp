// A whole network on every rank, for comparison with a serial truth.
#pragma once

#include <ostream>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/network/network.hpp"

namespace synbal::test {

/// One synapse: global row and column.
struct Entry {
  GlobalIndex row;
  GlobalIndex column;
  double weight;
  friend bool operator==(const Entry&, const Entry&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Entry& e) {
    return out << "(" << e.row << ", " << e.column << ", " << e.weight << ")";
  }
};

/// Rank 0 gets everything, or every rank but the first, or an even share.
inline std::vector<Ownership> ownerships(GlobalIndex n) {
  const auto of_one = [n](Rank rank) { return Ownership::of_counts(world(), world().rank() == rank ? n : 0); };
  return {Ownership::even(world(), n), of_one(0), of_one(world().size() - 1)};
}

/// Collective. All synapses in row order, on every rank.
inline std::vector<Entry> gathered(const Comm& comm, const Network& network) {
  std::vector<GlobalIndex> row;
  std::vector<GlobalIndex> column;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    for (auto e = network.row_ptr[k]; e < network.row_ptr[k + 1]; ++e) {
      row.push_back(network.rows.first() + i);
      column.push_back(network.global(network.column[static_cast<std::size_t>(e)]));
    }
  }
  const auto rows = comm.gather_all(std::span<const GlobalIndex>(row));
  const auto columns = comm.gather_all(std::span<const GlobalIndex>(column));
  const auto weights = comm.gather_all(std::span<const double>(network.weight));
  std::vector<Entry> entries;
  for (std::size_t e = 0; e < rows.size(); ++e) entries.push_back({rows[e], columns[e], weights[e]});
  return entries;
}

}  // namespace synbal::test
