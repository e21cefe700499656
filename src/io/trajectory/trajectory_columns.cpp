// Which columns a rank writes, and what may be asked of it.
#include "io/trajectory/trajectory_columns.hpp"

#include <algorithm>

#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
bool without_gaps(std::span<const std::int64_t> place, std::int64_t first) {
  const auto gap = std::adjacent_find(place.begin(), place.end(), [](auto a, auto b) { return b != a + 1; });
  return place.empty() || (place.front() == first && gap == place.end());
}

void check_places(const Comm& comm, std::span<const std::int64_t> place, std::int64_t width) {
  const auto all = comm.sum(std::ssize(place));
  agreed(comm, [&] {
    const bool inside = std::ranges::all_of(place, [&](auto p) { return p >= 0 && p < width; });
    if (!inside || all != width) throw internal_error("a table of the trajectory has wrong columns");
  });
}

void check_filled(const Comm& comm, const std::vector<LocalIndex>& slots, std::int64_t count) {
  agreed(comm, [&] {
    std::vector<bool> filled(at(count), false);
    for (const auto s : slots) filled[at(s)] = true;
    if (std::ranges::count(filled, true) != count) throw internal_error("a column of the trajectory has no values");
  });
}
}  // namespace

ScatteredColumns::ScatteredColumns(const Comm& comm, std::span<const std::int64_t> place, std::int64_t width)
    : count_(std::ssize(place)) {
  check_places(comm, place, width);
  first_ = comm.sum_below(count_);
  if (!comm.any(!without_gaps(place, first_))) return;
  const auto blocks = Ownership::even(comm, width);
  first_ = blocks.first(), count_ = blocks.count();
  placement_.emplace(comm, blocks, place);
  check_filled(comm, placement_->slots(), count_);
}

}  // namespace synbal::io
