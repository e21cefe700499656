// Moving rows and values to new global numbers: grouped by target rank, exchanged one array at a time, put in place.
#include "migrate.hpp"

#include <algorithm>
#include <numeric>

#include "assembly.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

using Counts = std::vector<std::int64_t>;

/// Which owned items go to which rank, and where those that come belong.
struct Routing {
  std::vector<LocalIndex> order;  ///< own items grouped by target rank
  Counts counts;                  ///< items to every rank
  std::vector<LocalIndex> place;  ///< [received] local index under the new ownership
};

Routing routing(const Comm& comm, const Ownership& to, std::span<const GlobalIndex> index) {
  Routing out;
  out.counts.assign(static_cast<std::size_t>(comm.size()), 0);
  for (const auto g : index) ++out.counts[static_cast<std::size_t>(to.owner(g))];
  Counts next(out.counts.size(), 0);
  std::partial_sum(out.counts.begin(), out.counts.end() - 1, next.begin() + 1);
  out.order.resize(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    const auto r = static_cast<std::size_t>(to.owner(index[i]));
    out.order[static_cast<std::size_t>(next[r]++)] = static_cast<LocalIndex>(i);
  }
  std::vector<GlobalIndex> wanted;
  wanted.reserve(index.size());
  for (const auto i : out.order) wanted.push_back(index[static_cast<std::size_t>(i)]);
  const auto came = comm.exchange(std::span<const GlobalIndex>(wanted), out.counts).values;
  out.place.reserve(came.size());
  for (const auto g : came) out.place.push_back(static_cast<LocalIndex>(g - to.first()));
  return out;
}

/// One value per item, moved to its place.
template <class T>
std::vector<T> moved(const Comm& comm, const Routing& routing, std::span<const T> values) {
  std::vector<T> out;
  out.reserve(values.size());
  for (const auto i : routing.order) out.push_back(values[static_cast<std::size_t>(i)]);
  auto came = comm.exchange(std::span<const T>(out), routing.counts).values;
  std::vector<T> result(came.size());
  for (std::size_t k = 0; k < came.size(); ++k) result[static_cast<std::size_t>(routing.place[k])] = came[k];
  return result;
}

/// A field of NodeData, which is empty on ranks without neurons whether or not the others have it.
template <class T>
void move_field(const Comm& comm, const Routing& routing, std::vector<T>& field) {
  if (comm.any(!field.empty())) field = moved(comm, routing, std::span<const T>(field));
}

Counts entries_to(const Routing& routing, const std::vector<std::int64_t>& row_ptr) {
  Counts counts;
  auto row = routing.order.begin();
  for (const auto rows : routing.counts) {
    std::int64_t entries = 0;
    for (std::int64_t k = 0; k < rows; ++k, ++row) {
      const auto i = static_cast<std::size_t>(*row);
      entries += row_ptr[i + 1] - row_ptr[i];
    }
    counts.push_back(entries);
  }
  return counts;
}

/// The entries of all rows, those of each row moved to the row's place; `value(e)` is that of entry e.
template <class T, class Value>
std::vector<T> moved_entries(const Comm& comm, const Routing& routing, const std::vector<std::int64_t>& from,
                             const std::vector<std::int64_t>& to, std::size_t total, Value&& value) {
  std::vector<T> out;
  out.reserve(total);
  for (const auto i : routing.order) {
    const auto k = static_cast<std::size_t>(i);
    for (auto e = from[k]; e < from[k + 1]; ++e) out.push_back(value(static_cast<std::size_t>(e)));
  }
  auto came = comm.exchange(std::span<const T>(out), entries_to(routing, from)).values;
  std::vector<T>().swap(out);
  if (std::is_sorted(routing.place.begin(), routing.place.end())) return came;
  std::vector<T> result(came.size());
  auto read = came.begin();
  for (const auto i : routing.place) {
    const auto k = static_cast<std::size_t>(i);
    const auto next = read + (to[k + 1] - to[k]);
    std::copy(read, next, result.begin() + to[k]);
    read = next;
  }
  return result;
}

/// New global number of every local column.
std::vector<GlobalIndex> new_columns(const Network& network, std::span<const GlobalIndex> new_index) {
  std::vector<GlobalIndex> columns(new_index.begin(), new_index.end());
  columns.resize(new_index.size() + network.halo.ghosts().size());
  HaloExchange<GlobalIndex> exchange(network.halo);
  exchange.forward(new_index, std::span(columns).subspan(new_index.size()));
  return columns;
}

GlobalRows moved_rows(const Comm& comm, const Routing& routing, Network& network,
                      const std::vector<GlobalIndex>& column_number) {
  std::vector<std::int64_t> lengths(network.row_ptr.size() - 1);
  std::adjacent_difference(network.row_ptr.begin() + 1, network.row_ptr.end(), lengths.begin());
  lengths = moved(comm, routing, std::span<const std::int64_t>(lengths));
  GlobalRows rows;
  rows.row_ptr.resize(lengths.size() + 1, 0);
  std::partial_sum(lengths.begin(), lengths.end(), rows.row_ptr.begin() + 1);
  const auto total = network.column.size();
  rows.column = moved_entries<GlobalIndex>(comm, routing, network.row_ptr, rows.row_ptr, total, [&](std::size_t e) {
    return column_number[static_cast<std::size_t>(network.column[e])];
  });
  std::vector<LocalIndex>().swap(network.column);
  rows.weight = moved_entries<double>(comm, routing, network.row_ptr, rows.row_ptr, total,
                                      [&](std::size_t e) { return network.weight[e]; });
  std::vector<double>().swap(network.weight);
  return rows;
}

}  // namespace

template <class T>
std::vector<T> sent_to_numbers(const Comm& comm, const Ownership& to, std::span<const GlobalIndex> index,
                               std::span<const T> values) {
  return moved(comm, routing(comm, to, index), values);
}

template <class T>
std::vector<T> fetched_from_numbers(const Comm& comm, const Ownership& from, std::span<const GlobalIndex> index,
                                    std::span<const T> values) {
  Counts counts(static_cast<std::size_t>(comm.size()), 0);
  for (const auto g : index) ++counts[static_cast<std::size_t>(from.owner(g))];
  Counts next(counts.size(), 0);
  std::partial_sum(counts.begin(), counts.end() - 1, next.begin() + 1);
  std::vector<LocalIndex> slot(index.size());
  std::vector<GlobalIndex> wanted(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    const auto k = next[static_cast<std::size_t>(from.owner(index[i]))]++;
    slot[i] = static_cast<LocalIndex>(k);
    wanted[static_cast<std::size_t>(k)] = index[i];
  }
  const auto asked = comm.exchange(std::span<const GlobalIndex>(wanted), counts);
  std::vector<T> answers;
  answers.reserve(asked.values.size());
  for (const auto g : asked.values) answers.push_back(values[static_cast<std::size_t>(g - from.first())]);
  const auto came = comm.exchange(std::span<const T>(answers), asked.counts).values;
  std::vector<T> result(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) result[i] = came[static_cast<std::size_t>(slot[i])];
  return result;
}

Network renumbered(const Comm& comm, Network&& network, std::span<const GlobalIndex> new_index, Ownership to) {
  auto old = std::move(network);
  const auto route = routing(comm, to, new_index);
  std::vector<GlobalIndex> position;
  for (LocalIndex i = 0; i < old.local_size(); ++i) position.push_back(old.file_index(i));
  position = moved(comm, route, std::span<const GlobalIndex>(position));
  auto nodes = std::move(old.nodes);
  move_field(comm, route, nodes.id);
  move_field(comm, route, nodes.pinned);
  move_field(comm, route, nodes.gain);
  move_field(comm, route, nodes.exponent);
  auto rows = moved_rows(comm, route, old, new_columns(old, new_index));
  sort_rows(rows);
  auto result = localise(comm, std::move(to), std::move(rows), std::move(old.facts));
  result.nodes = std::move(nodes);
  result.position = std::move(position);
  return result;
}

#define SYNBAL_INSTANTIATE(T)                                                                               \
  template std::vector<T> sent_to_numbers(const Comm&, const Ownership&, std::span<const GlobalIndex>,      \
                                          std::span<const T>);                                              \
  template std::vector<T> fetched_from_numbers(const Comm&, const Ownership&, std::span<const GlobalIndex>, \
                                               std::span<const T>);
SYNBAL_INSTANTIATE(double)
SYNBAL_INSTANTIATE(std::int64_t)
SYNBAL_INSTANTIATE(std::uint8_t)
#undef SYNBAL_INSTANTIATE

}  // namespace synbal
