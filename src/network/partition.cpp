// File order and partitions: the numbering that PT-Scotch's answer implies, and the way back.
#include "synbal/network/partition.hpp"

#include <numeric>

#include "network/migrate.hpp"
#include "network/ptscotch.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

/// Whether some rank's neurons are not in file order. A rank without neurons cannot tell by itself.
bool reordered(const Comm& comm, const Network& network) { return comm.any(!network.position.empty()); }

/// Numbers by target rank, within a rank in the old order; and the ownership that goes with them.
std::pair<std::vector<GlobalIndex>, Ownership> numbers_for(const Comm& comm, std::span<const Rank> target) {
  const Route route(comm, {target.begin(), target.end()});
  auto ownership = Ownership::of_counts(comm, route.received());
  std::vector<GlobalIndex> numbers(at(ownership.count()));
  std::iota(numbers.begin(), numbers.end(), ownership.first());
  return {route.reply(numbers), std::move(ownership)};
}

Network reordered_network(const Comm& comm, Network&& network, Ownership to) {
  const auto indices = file_indices(network);
  auto result = renumbered(comm, std::move(network), indices, std::move(to));
  result.position.clear();
  return result;
}

Ownership balanced_file_rows(const Comm& comm, const Network& network) {
  const auto even = Ownership::even(comm, network.size());
  const auto lengths = lengths_of(network.row_ptr);
  return balanced_by_nonzeros(comm, even,
                              starts_of(to_file_order(comm, network, even, std::span<const std::int64_t>(lengths))));
}

}  // namespace

Network partition_by_ptscotch(const Comm& comm, Network&& network) {
  require_ptscotch();
  // PT-Scotch wants vertices and edges on the table: with less there is nothing to gain either.
  if (comm.size() == 1 || network.size() < GlobalIndex{2} * comm.size() || network.nnz == 0) return std::move(network);
  auto graph = std::move(network);
  if (comm.any(graph.local_size() == 0)) {
    const auto numbers = file_indices(graph);
    graph = renumbered(comm, std::move(graph), numbers, Ownership::even(comm, graph.size()));
  }
  const auto [numbers, ownership] = numbers_for(comm, ptscotch_targets(comm, graph));
  return renumbered(comm, std::move(graph), numbers, ownership);
}

Network in_file_order(const Comm& comm, Network&& network) {
  auto to = balanced_file_rows(comm, network);
  if (!reordered(comm, network) && to.offsets() == network.rows.offsets()) return std::move(network);
  return reordered_network(comm, std::move(network), std::move(to));
}

template <class T>
std::vector<T> to_file_order(const Comm& comm, const Network& network, const Ownership& file_rows,
                             std::span<const T> values) {
  if (!reordered(comm, network)) return redistribute(comm, network.rows, file_rows, values);
  return Placement(comm, file_rows, file_indices(network)).send(values);
}

template <class T>
std::vector<T> from_file_order(const Comm& comm, const Network& network, const Ownership& file_rows,
                               std::span<const T> values) {
  if (!reordered(comm, network)) return redistribute(comm, file_rows, network.rows, values);
  return Directory(comm, file_rows, file_indices(network)).fetch(values);
}

#define SYNBAL_INSTANTIATE(T)                                                                               \
  template std::vector<T> to_file_order(const Comm&, const Network&, const Ownership&, std::span<const T>); \
  template std::vector<T> from_file_order(const Comm&, const Network&, const Ownership&, std::span<const T>);
SYNBAL_INSTANTIATE(double)
SYNBAL_INSTANTIATE(std::int64_t)
SYNBAL_INSTANTIATE(std::uint8_t)
#undef SYNBAL_INSTANTIATE

}  // namespace synbal
