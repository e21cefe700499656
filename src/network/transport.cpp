// Moving rows and entries between ranks: to the owners of their rows, and to
// other contiguous ranges.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "synbal/core/agree.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

namespace {

using Counts = std::vector<std::int64_t>;

/// Owner of an index, remembering the last one: entries in files come in runs.
class OwnerOf {
 public:
  explicit OwnerOf(const Ownership& ownership) : ownership_(&ownership) {}
  Rank operator()(GlobalIndex g) {
    if (g < ownership_->first(last_) || g >= ownership_->first(last_ + 1)) last_ = ownership_->owner(g);
    return last_;
  }

 private:
  const Ownership* ownership_;
  Rank last_ = 0;
};

Counts counts_by_owner(const Comm& comm, const Ownership& ownership, std::span<const GlobalIndex> rows) {
  return agreed(comm, [&] {
    Counts counts(static_cast<std::size_t>(comm.size()), 0);
    OwnerOf owner(ownership);
    for (const auto g : rows) {
      if (g < 0 || g >= ownership.size()) {
        throw bad_input(fmt::format("row {} is outside 1..{}: correct the file", g + 1, ownership.size()));
      }
      ++counts[static_cast<std::size_t>(owner(g))];
    }
    return counts;
  });
}

/// The values grouped by the owner of their row, in the given order within a
/// group; `convert` may shorten them.
template <class To, class From, class Convert>
std::vector<To> grouped(const Ownership& ownership, std::span<const GlobalIndex> rows, std::span<const From> values,
                        const Counts& counts, Convert&& convert) {
  Counts next(counts.size(), 0);
  std::partial_sum(counts.begin(), counts.end() - 1, next.begin() + 1);
  std::vector<To> out(values.size());
  OwnerOf owner(ownership);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const Rank r = owner(rows[k]);
    out[static_cast<std::size_t>(next[static_cast<std::size_t>(r)]++)] = convert(values[k], r);
  }
  return out;
}

template <class T>
void group(const Ownership& ownership, std::span<const GlobalIndex> rows, std::vector<T>& values,
           const Counts& counts) {
  values = grouped<T>(ownership, rows, std::span<const T>(values), counts, [](T value, Rank) { return value; });
}

/// Exchanges grouped values and frees what was sent.
template <class T>
std::vector<T> sent(const Comm& comm, std::vector<T>&& values, const Counts& counts) {
  const auto out = std::move(values);
  return comm.exchange(std::span<const T>(out), counts).values;
}

std::vector<std::int64_t> row_starts(std::span<const LocalIndex> row_of, LocalIndex rows) {
  std::vector<std::int64_t> row_ptr(static_cast<std::size_t>(rows) + 1, 0);
  for (const auto i : row_of) ++row_ptr[static_cast<std::size_t>(i) + 1];
  std::partial_sum(row_ptr.begin(), row_ptr.end(), row_ptr.begin());
  return row_ptr;
}

/// Puts every value into its row, in the given order within a row.
template <class T>
std::vector<T> placed(std::span<const LocalIndex> row_of, const std::vector<std::int64_t>& row_ptr,
                      std::vector<T>&& values) {
  if (std::is_sorted(row_of.begin(), row_of.end())) return std::move(values);
  const auto in = std::move(values);
  auto next = row_ptr;
  std::vector<T> out(in.size());
  for (std::size_t k = 0; k < in.size(); ++k) {
    out[static_cast<std::size_t>(next[static_cast<std::size_t>(row_of[k])]++)] = in[k];
  }
  return out;
}

/// How many of this rank's rows in `from` go to every rank under `to`.
Counts overlaps(const Ownership& from, const Ownership& to) {
  Counts counts;
  const auto first = from.first();
  const auto end = first + from.count();
  for (std::size_t r = 0; r + 1 < to.offsets().size(); ++r) {
    counts.push_back(std::max<GlobalIndex>(0, std::min(end, to.offsets()[r + 1]) - std::max(first, to.offsets()[r])));
  }
  return counts;
}

/// The same in entries.
Counts entries_of(const Counts& row_counts, const std::vector<std::int64_t>& row_ptr) {
  Counts counts;
  std::size_t row = 0;
  for (const auto rows : row_counts) {
    const auto next = row + static_cast<std::size_t>(rows);
    counts.push_back(row_ptr[next] - row_ptr[row]);
    row = next;
  }
  return counts;
}

std::vector<std::int64_t> lengths_of(const std::vector<std::int64_t>& row_ptr) {
  std::vector<std::int64_t> lengths(row_ptr.size() - 1);
  std::adjacent_difference(row_ptr.begin() + 1, row_ptr.end(), lengths.begin());
  return lengths;
}

std::vector<std::int64_t> starts_of(std::span<const std::int64_t> lengths) {
  std::vector<std::int64_t> row_ptr(lengths.size() + 1, 0);
  std::partial_sum(lengths.begin(), lengths.end(), row_ptr.begin() + 1);
  return row_ptr;
}

}  // namespace

Ownership balanced_by_nonzeros(const Comm& comm, const Ownership& current, std::span<const std::int64_t> row_ptr) {
  // A row counts one more than its entries, so that long runs of empty rows are
  // shared out as well.
  const auto rows = static_cast<std::int64_t>(row_ptr.size()) - 1;
  const auto own = row_ptr[static_cast<std::size_t>(rows)] - row_ptr[0] + rows;
  const auto below = comm.sum_below(own);
  const auto total = comm.sum(own);
  const std::int64_t ranks = comm.size();
  std::vector<GlobalIndex> offsets(static_cast<std::size_t>(ranks) + 1, 0);
  std::int64_t i = 0;
  for (std::int64_t r = 1; r < ranks; ++r) {
    const auto target = total / ranks * r + total % ranks * r / ranks;
    // A row lies before the boundary when its middle does.
    const auto twice_middle = [&](std::int64_t row) {
      const auto k = static_cast<std::size_t>(row);
      return 2 * (below + row) + (row_ptr[k] - row_ptr[0]) + (row_ptr[k + 1] - row_ptr[0]) + 1;
    };
    while (i < rows && twice_middle(i) < 2 * target) ++i;
    offsets[static_cast<std::size_t>(r)] = i;
  }
  comm.sum(std::span<GlobalIndex>(offsets));
  offsets.back() = current.size();
  return {std::move(offsets), comm.rank()};
}

GlobalRows route(const Comm& comm, const Ownership& ownership, Triplets&& entries) {
  // One array after the other, each freed as soon as it is copied: 32 bytes an
  // entry at most, where all at once would take 72.
  const auto counts = counts_by_owner(comm, ownership, entries.row);
  group(ownership, entries.row, entries.column, counts);
  group(ownership, entries.row, entries.weight, counts);
  auto local =
      grouped<LocalIndex>(ownership, entries.row, std::span<const GlobalIndex>(entries.row), counts,
                          [&](GlobalIndex g, Rank r) { return static_cast<LocalIndex>(g - ownership.first(r)); });
  std::vector<GlobalIndex>().swap(entries.row);
  const auto row_of = sent(comm, std::move(local), counts);
  GlobalRows rows;
  rows.row_ptr = row_starts(row_of, ownership.count());
  rows.column = placed(row_of, rows.row_ptr, sent(comm, std::move(entries.column), counts));
  rows.weight = placed(row_of, rows.row_ptr, sent(comm, std::move(entries.weight), counts));
  return rows;
}

GlobalRows redistribute(const Comm& comm, const Ownership& from, const Ownership& to, GlobalRows&& rows) {
  if (from.offsets() == to.offsets()) return std::move(rows);
  const auto row_counts = overlaps(from, to);
  const auto entry_counts = entries_of(row_counts, rows.row_ptr);
  const auto lengths = sent(comm, lengths_of(rows.row_ptr), row_counts);
  GlobalRows moved;
  moved.row_ptr = starts_of(lengths);
  moved.column = sent(comm, std::move(rows.column), entry_counts);
  moved.weight = sent(comm, std::move(rows.weight), entry_counts);
  return moved;
}

template <class T>
std::vector<T> redistribute(const Comm& comm, const Ownership& from, const Ownership& to, std::span<const T> values) {
  if (from.offsets() == to.offsets()) return {values.begin(), values.end()};
  return comm.exchange(values, overlaps(from, to)).values;
}

template std::vector<double> redistribute(const Comm&, const Ownership&, const Ownership&, std::span<const double>);
template std::vector<std::int64_t> redistribute(const Comm&, const Ownership&, const Ownership&,
                                                std::span<const std::int64_t>);
template std::vector<std::uint8_t> redistribute(const Comm&, const Ownership&, const Ownership&,
                                                std::span<const std::uint8_t>);

}  // namespace synbal
