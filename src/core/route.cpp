// How many items go where, and where ids lie.
#include "synbal/core/route.hpp"

namespace synbal {

namespace {

// Indices in files come in runs of one owner.
std::vector<Rank> owners_of(const Ownership& ownership, std::span<const GlobalIndex> index) {
  std::vector<Rank> owner;
  owner.reserve(index.size());
  Rank last = 0;
  for (const auto g : index) {
    if (g < ownership.first(last) || g >= ownership.first(last + 1)) last = ownership.owner(g);
    owner.push_back(last);
  }
  return owner;
}

}  // namespace

std::vector<std::int64_t> starts_of(std::span<const std::int64_t> lengths) {
  std::vector<std::int64_t> start(lengths.size() + 1, 0);
  std::partial_sum(lengths.begin(), lengths.end(), start.begin() + 1);
  return start;
}

std::vector<std::int64_t> lengths_of(std::span<const std::int64_t> starts) {
  std::vector<std::int64_t> length(starts.size() - 1);
  std::adjacent_difference(starts.begin() + 1, starts.end(), length.begin());
  if (!length.empty()) length[0] -= starts[0];
  return length;
}

Route::Route(const Comm& comm, std::vector<Rank> owner) : comm_(&comm), owner_(std::move(owner)) {
  counts_.assign(at(comm.size()), 0);
  for (const auto r : owner_) ++counts_[at(r)];
  received_counts_ = comm.all_to_all(std::span<const std::int64_t>(counts_));
  items_ = std::ssize(owner_);
  received_ = std::accumulate(received_counts_.begin(), received_counts_.end(), std::int64_t{0});
  if (std::is_sorted(owner_.begin(), owner_.end())) std::vector<Rank>().swap(owner_);
}

Route::Route(const Comm& comm, const Ownership& ownership, std::span<const GlobalIndex> index)
    : Route(comm, owners_of(ownership, index)) {}

std::vector<std::int64_t> Route::sums(std::span<const std::int64_t> length, std::span<const std::int64_t> counts) {
  std::vector<std::int64_t> sums;
  auto next = length.begin();
  for (const auto count : counts) {
    sums.push_back(std::accumulate(next, next + count, std::int64_t{0}));
    next += count;
  }
  return sums;
}

std::vector<std::int64_t> Route::order() const {
  std::vector<std::int64_t> order(at(items_));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  in_order([&](std::size_t item, std::size_t place) { order[place] = static_cast<std::int64_t>(item); });
  return order;
}

Placement::Placement(const Comm& comm, const Ownership& to, std::span<const GlobalIndex> place)
    : route_(comm, to, place) {
  slot_.reserve(at(route_.received()));
  for (const auto g : route_.send(place)) slot_.push_back(static_cast<LocalIndex>(g - to.first()));
}

Directory::Directory(const Comm& comm, const Ownership& ownership, std::span<const GlobalIndex> ids)
    : halo_(comm, ownership, foreign(ownership, {ids.begin(), ids.end()})) {
  slot_.reserve(ids.size());
  for (const auto g : ids) slot_.push_back(halo_.local(g));
}

}  // namespace synbal
