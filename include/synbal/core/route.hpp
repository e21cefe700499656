// Sending things to the ranks that own them: to any rank with the way back (Route), and to the owners of ids
// (Directory).
#pragma once

#include <concepts>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "synbal/core/halo.hpp"

namespace synbal {

/// Lists one after the other: list k is values[start[k]] .. values[start[k+1]-1].
template <class T>
struct Lists {
  std::vector<std::int64_t> start{0};
  std::vector<T> values;
};

/// Where lists of these lengths start, and the end of the last: one entry more.
[[nodiscard]] std::vector<std::int64_t> starts_of(std::span<const std::int64_t> lengths);
/// The way back.
[[nodiscard]] std::vector<std::int64_t> lengths_of(std::span<const std::int64_t> starts);

/// Values by list, in the order in which they come within one. for_each(put) calls put(list, value) for all of them,
/// the same both times: once to count and once to place, so that no more memory is taken than is used.
template <class T, class ForEach>
[[nodiscard]] Lists<T> lists_of(std::int64_t count, ForEach&& for_each) {
  Lists<T> lists;
  lists.start.assign(at(count) + 2, 0);  // shifted by one more, to count and then to place
  for_each([&](std::int64_t list, const T&) { ++lists.start[at(list) + 2]; });
  std::partial_sum(lists.start.begin(), lists.start.end(), lists.start.begin());
  lists.values.resize(at(lists.start.back()));
  for_each([&](std::int64_t list, const T& value) { lists.values[at(lists.start[at(list) + 1]++)] = value; });
  lists.start.pop_back();
  return lists;
}
/// Sorts every list and leaves out what is repeated, in place.
template <class T>
void drop_repeated(std::vector<std::int64_t>& start, std::vector<T>& values) {
  auto out = values.begin(), begin = values.begin();
  for (std::size_t i = 1; i < start.size(); ++i) {
    const auto end = values.begin() + start[i];
    std::sort(begin, end);
    out = std::copy(begin, std::unique(begin, end), out);
    begin = end;
    start[i] = out - values.begin();
  }
  values.erase(out, values.end());
}

/// Items of this rank, each bound for a rank, and the items of other ranks that come here. The way is found once; any
/// number of values may then travel it. Costs 4 bytes an item, nothing when the owners ascend. The communicator must
/// outlive it. Values may be any records that can be copied byte by byte.
class Route {
 public:
  /// Collective. Item k goes to rank owner[k].
  Route(const Comm& comm, std::vector<Rank> owner);
  /// Collective. Item k goes to the owner of index[k], which must be in the range of `ownership`.
  Route(const Comm& comm, const Ownership& ownership, std::span<const GlobalIndex> index);

  [[nodiscard]] const Comm& comm() const noexcept { return *comm_; }
  [[nodiscard]] std::int64_t items() const noexcept { return items_; }
  [[nodiscard]] std::int64_t received() const noexcept { return received_; }

  /// Collective. [received] One value per item, at the ranks the items go to: by source rank, in the order of the items
  /// there. Given a temporary vector, its memory is freed before anything is received.
  template <std::ranges::contiguous_range Values>
  [[nodiscard]] auto send(Values&& values) const {
    using T = std::ranges::range_value_t<Values>;
    if (owner_.empty()) return comm_->exchange(std::span<const T>(values), counts_, received_counts_);
    const auto out = grouped(std::span<const T>(values));
    if constexpr (std::is_same_v<Values, std::vector<T>>) Values().swap(values);
    return comm_->exchange(std::span<const T>(out), counts_, received_counts_);
  }
  /// Collective. [items] One answer per item received, back at the rank that sent it, in the order of its items.
  template <std::ranges::contiguous_range Answers>
  [[nodiscard]] auto reply(const Answers& answers) const {
    using T = std::ranges::range_value_t<Answers>;
    auto back = comm_->exchange(std::span<const T>(answers), received_counts_, counts_);
    if (owner_.empty()) return back;
    std::vector<T> result(back.size());
    in_order([&](std::size_t item, std::size_t place) { result[item] = back[place]; });
    return result;
  }
  /// Collective. Several values per item: item k has values start[k] .. start[k+1]-1, value(e) is the e-th. What comes
  /// is all of the first item received, then all of the second, ...
  template <std::invocable<std::int64_t> Value>
  [[nodiscard]] auto send_lists(std::span<const std::int64_t> start, Value&& value) const {
    using T = std::decay_t<std::invoke_result_t<Value, std::int64_t>>;
    const auto items = order();
    std::vector<std::int64_t> length;
    std::vector<T> out;
    out.reserve(at(start.back() - start.front()));
    for (const auto k : items) {
      for (auto e = start[at(k)]; e < start[at(k) + 1]; ++e) out.push_back(value(e));
      length.push_back(start[at(k) + 1] - start[at(k)]);
    }
    return comm_->exchange(std::span<const T>(out), sums(length, counts_)).values;
  }
  /// Collective. Several answers per item received: for the k-th those from start[k] on. Each item's come back
  /// together.
  template <std::invocable<std::int64_t> Value>
  [[nodiscard]] auto reply_lists(std::span<const std::int64_t> start, Value&& value) const {
    using T = std::decay_t<std::invoke_result_t<Value, std::int64_t>>;
    const auto length = lengths_of(start);
    std::vector<T> out;
    out.reserve(at(start.back() - start.front()));
    for (auto e = start.front(); e < start.back(); ++e) out.push_back(value(e));
    const auto back = comm_->exchange(std::span<const std::int64_t>(length), received_counts_, counts_);
    auto values = comm_->exchange(std::span<const T>(out), sums(length, received_counts_), sums(back, counts_));
    return in_item_order(Lists<T>{starts_of(back), std::move(values)});
  }

 private:
  template <class T>
  [[nodiscard]] Lists<T> in_item_order(Lists<T>&& grouped) const {
    if (owner_.empty()) return std::move(grouped);
    Lists<T> lists;
    lists.values.reserve(grouped.values.size());
    const auto list = [&](std::size_t k) { return grouped.values.begin() + grouped.start[k]; };
    in_order([&](std::size_t, std::size_t place) {
      lists.values.insert(lists.values.end(), list(place), list(place + 1));
      lists.start.push_back(static_cast<std::int64_t>(lists.values.size()));
    });
    return lists;
  }
  /// Sums of the lengths of the first counts[0] items, of the next counts[1], ...
  [[nodiscard]] static std::vector<std::int64_t> sums(std::span<const std::int64_t> length,
                                                      std::span<const std::int64_t> counts);
  template <class Visit>
  void in_order(Visit&& visit) const {
    auto next = starts_of(counts_);
    for (std::size_t k = 0; k < owner_.size(); ++k) visit(k, at(next[at(owner_[k])]++));
  }
  template <class T>
  [[nodiscard]] std::vector<T> grouped(std::span<const T> values) const {
    std::vector<T> out(values.size());
    in_order([&](std::size_t item, std::size_t place) { out[place] = values[item]; });
    return out;
  }
  [[nodiscard]] std::vector<std::int64_t> order() const;

  const Comm* comm_;
  std::vector<Rank> owner_;  // of every item; empty when the items are in the order of their owners
  std::vector<std::int64_t> counts_, received_counts_;
  std::int64_t items_ = 0, received_ = 0;
};

/// A permutation: every item belongs at one place of a distributed range, and every place gets one.
class Placement {
 public:
  /// Collective. Item k belongs at place[k] under `to`.
  Placement(const Comm& comm, const Ownership& to, std::span<const GlobalIndex> place);

  [[nodiscard]] const Route& route() const noexcept { return route_; }
  /// [received] Local index of what comes over the route.
  [[nodiscard]] const std::vector<LocalIndex>& slots() const noexcept { return slot_; }
  /// Collective. [owned places] One value per item, each at its place.
  template <std::ranges::contiguous_range Values>
  [[nodiscard]] auto send(const Values& values) const {
    const auto came = route_.send(values);
    auto result = came;
    for (std::size_t k = 0; k < came.size(); ++k) result[at(slot_[k])] = came[k];
    return result;
  }

 private:
  Route route_;
  std::vector<LocalIndex> slot_;
};

/// Places of a distributed range that this rank asks about or adds to, in any order and several times each. Every
/// distinct place of another rank travels once.
class Directory {
 public:
  /// Collective. `ids`: indices in the range of `ownership`.
  Directory(const Comm& comm, const Ownership& ownership, std::span<const GlobalIndex> ids);

  [[nodiscard]] const Halo& halo() const noexcept { return halo_; }
  /// [ids] Where the halo has them: owned indices, then ghosts.
  [[nodiscard]] const std::vector<LocalIndex>& slots() const noexcept { return slot_; }

  /// Collective. [ids] The owners' values; `owned` holds one for every index that this rank owns.
  template <std::ranges::contiguous_range Values>
  [[nodiscard]] auto fetch(const Values& owned) const {
    using T = std::ranges::range_value_t<Values>;
    const auto all = with_ghosts(halo_, std::span<const T>(owned));
    std::vector<T> values;
    values.reserve(slot_.size());
    for (const auto slot : slot_) values.push_back(all[at(slot)]);
    return values;
  }
  /// Collective. [owned] Combines values[k] for the place ids[k]: within a rank in their order, then over ranks in
  /// theirs. `neutral` where nobody has a value.
  template <std::ranges::contiguous_range Values, class Combine>
  [[nodiscard]] auto reduce(const Values& values, std::ranges::range_value_t<Values> neutral, Combine&& combine) const {
    using T = std::ranges::range_value_t<Values>;
    const auto owned = at(halo_.owned_count());
    std::vector<T> sums(owned + halo_.ghosts().size(), neutral);
    const auto add = [&](LocalIndex slot, T value) { sums[at(slot)] = combine(sums[at(slot)], value); };
    for (std::size_t k = 0; k < slot_.size(); ++k) add(slot_[k], values[k]);
    HaloExchange<T> exchange(halo_);
    exchange.reverse_begin([&](LocalIndex g) { return sums[owned + at(g)]; });
    exchange.reverse_end(add);
    sums.resize(owned);
    return sums;
  }

 private:
  Halo halo_;
  std::vector<LocalIndex> slot_;
};

}  // namespace synbal
