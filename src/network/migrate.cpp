// Moving rows and values to new global numbers: one array at a time, each put in place as it comes.
#include "network/migrate.hpp"

#include <algorithm>

#include "network/assemble.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

/// A field of NodeData, which is empty on ranks without neurons whether or not the others have it.
template <class T>
void move_field(const Placement& placement, std::vector<T>& field) {
  if (placement.route().comm().any(!field.empty())) field = placement.send(field);
}

NodeData moved_nodes(const Placement& placement, NodeData&& nodes) {
  move_field(placement, nodes.id);
  if (placement.route().comm().any(!nodes.name.empty())) nodes.name = send(placement, nodes.name);
  move_field(placement, nodes.pinned);
  move_field(placement, nodes.gain);
  move_field(placement, nodes.exponent);
  move_field(placement, nodes.group);
  move_field(placement, nodes.known_h);
  return std::move(nodes);
}

/// The entries of all rows, those of each row moved to the row's place; `value(e)` is that of entry e.
template <class Value>
auto moved_entries(const Placement& placement, const std::vector<std::int64_t>& from,
                   const std::vector<std::int64_t>& to, Value&& value) {
  auto came = placement.route().send_lists(from, value);
  const auto& slots = placement.slots();
  if (std::is_sorted(slots.begin(), slots.end())) return came;
  auto result = came;
  auto read = came.begin();
  for (const auto i : slots) {
    const auto next = read + (to[at(i) + 1] - to[at(i)]);
    std::copy(read, next, result.begin() + to[at(i)]);
    read = next;
  }
  return result;
}

GlobalRows moved_rows(const Placement& placement, Network& network, const std::vector<GlobalIndex>& column_number) {
  GlobalRows rows;
  rows.row_ptr = starts_of(placement.send(lengths_of(network.row_ptr)));
  rows.column = moved_entries(placement, network.row_ptr, rows.row_ptr,
                              [&](std::int64_t e) { return column_number[at(network.column[at(e)])]; });
  std::vector<LocalIndex>().swap(network.column);
  rows.weight =
      moved_entries(placement, network.row_ptr, rows.row_ptr, [&](std::int64_t e) { return network.weight[at(e)]; });
  std::vector<double>().swap(network.weight);
  if (placement.route().comm().any(!network.alpha.empty())) {
    rows.alpha =
        moved_entries(placement, network.row_ptr, rows.row_ptr, [&](std::int64_t e) { return network.alpha[at(e)]; });
    std::vector<double>().swap(network.alpha);
  }
  sort_rows(rows);
  return rows;
}

}  // namespace

std::vector<GlobalIndex> file_indices(const Network& network) {
  std::vector<GlobalIndex> indices;
  indices.reserve(at(network.local_size()));
  for (LocalIndex i = 0; i < network.local_size(); ++i) indices.push_back(network.file_index(i));
  return indices;
}

Network renumbered(const Comm& comm, Network&& network, std::span<const GlobalIndex> new_index, Ownership to) {
  auto old = std::move(network);
  const Placement placement(comm, to, new_index);
  auto position = placement.send(file_indices(old));
  auto nodes = moved_nodes(placement, std::move(old.nodes));
  auto rows = moved_rows(placement, old, with_ghosts(old.halo, new_index));
  auto result = localise(comm, std::move(to), std::move(rows), std::move(old.facts));
  result.nodes = std::move(nodes);
  result.arrays = std::move(old.arrays);
  result.position = std::move(position);
  return result;
}

}  // namespace synbal
