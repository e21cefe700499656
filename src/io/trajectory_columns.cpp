// Grouping by the rank that writes, and the order in which values arrive there.
#include "trajectory_columns.hpp"

#include <algorithm>
#include <numeric>

#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
bool without_gaps(std::span<const std::int64_t> place, std::int64_t first) {
  const auto gap = std::adjacent_find(place.begin(), place.end(), [](auto a, auto b) { return b != a + 1; });
  return place.empty() || (place.front() == first && gap == place.end());
}

void check_places(const Comm& comm, std::span<const std::int64_t> place, std::int64_t width) {
  const auto all = comm.sum(static_cast<std::int64_t>(place.size()));
  agreed(comm, [&] {
    const bool inside = std::ranges::all_of(place, [&](auto p) { return p >= 0 && p < width; });
    if (!inside || all != width) throw internal_error("a table of the trajectory has wrong columns");
  });
}
}  // namespace

ScatteredColumns::ScatteredColumns(const Comm& comm, std::span<const std::int64_t> place, std::int64_t width)
    : comm_(&comm) {
  check_places(comm, place, width);
  count_ = static_cast<std::int64_t>(place.size());
  first_ = comm.sum_below(count_);
  direct_ = !comm.any(!without_gaps(place, first_));
  if (!direct_) set_up(place, width);
}

void ScatteredColumns::set_up(std::span<const std::int64_t> place, std::int64_t width) {
  const auto blocks = Ownership::even(*comm_, width);
  first_ = blocks.first(), count_ = blocks.count();
  order_.resize(place.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto place_of = [&](std::int64_t k) { return place[static_cast<std::size_t>(k)]; };
  std::ranges::sort(order_, {}, place_of);
  counts_.assign(static_cast<std::size_t>(comm_->size()), 0);
  std::vector<std::int64_t> places;
  for (const auto k : order_) {
    places.push_back(place_of(k));
    ++counts_[static_cast<std::size_t>(blocks.owner(places.back()))];
  }
  slot_ = comm_->exchange<std::int64_t>(places, counts_).values;
  for (auto& s : slot_) s -= first_;
  agreed(*comm_, [&] {
    std::vector<bool> filled(static_cast<std::size_t>(count_), false);
    for (const auto s : slot_) filled.at(static_cast<std::size_t>(s)) = true;
    if (std::ranges::count(filled, true) != count_) throw internal_error("a column of the trajectory has no values");
  });
}

template <class T>
std::vector<T> ScatteredColumns::block(std::span<const T> local) const {
  if (direct_) return {local.begin(), local.end()};
  std::vector<T> packed(order_.size());
  std::ranges::transform(order_, packed.begin(), [&](auto k) { return local[static_cast<std::size_t>(k)]; });
  const auto received = comm_->exchange<T>(packed, counts_).values;
  std::vector<T> values(static_cast<std::size_t>(count_));
  for (std::size_t k = 0; k < received.size(); ++k) values[static_cast<std::size_t>(slot_[k])] = received[k];
  return values;
}
template std::vector<double> ScatteredColumns::block(std::span<const double>) const;
template std::vector<std::int64_t> ScatteredColumns::block(std::span<const std::int64_t>) const;

}  // namespace synbal::io
