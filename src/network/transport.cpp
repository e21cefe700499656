// Rows and entries on their way: to the owners of their rows, to other contiguous ranges, to the owners of their
// columns.
#include "synbal/network/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal {

namespace {

using Counts = std::vector<std::int64_t>;

void check_rows(const Comm& comm, const Ownership& ownership, std::span<const GlobalIndex> rows) {
  agreed(comm, [&] {
    const auto wrong = std::ranges::find_if(rows, [&](auto g) { return g < 0 || g >= ownership.size(); });
    if (wrong == rows.end()) return;
    throw bad_input(fmt::format("row {} is outside 1..{}: correct the file", *wrong + 1, ownership.size()));
  });
}

/// [received] The rows as their owners number them; `rows` is freed.
std::vector<LocalIndex> sent_rows(const Route& route, const Ownership& ownership, std::vector<GlobalIndex>&& rows) {
  std::vector<LocalIndex> local;
  local.reserve(rows.size());
  for (const auto g : rows) local.push_back(static_cast<LocalIndex>(g - ownership.first(ownership.owner(g))));
  std::vector<GlobalIndex>().swap(rows);
  return route.send(std::move(local));
}

std::vector<std::int64_t> row_starts(std::span<const LocalIndex> row_of, LocalIndex rows) {
  std::vector<std::int64_t> row_ptr(at(rows) + 1, 0);
  for (const auto i : row_of) ++row_ptr[at(i) + 1];
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
  for (std::size_t k = 0; k < in.size(); ++k) out[at(next[at(row_of[k])]++)] = in[k];
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
    counts.push_back(row_ptr[row + at(rows)] - row_ptr[row]);
    row += at(rows);
  }
  return counts;
}

/// Exchanges grouped values and frees what was sent.
template <class T>
std::vector<T> sent(const Comm& comm, std::vector<T>&& values, const Counts& counts) {
  const auto out = std::move(values);
  return comm.exchange(std::span<const T>(out), counts).values;
}

/// Collective. The transpose of those entries whose columns belong to other ranks, at these.
GlobalRows sent_to_columns(const Comm& comm, const Ownership& ownership, const GlobalRows& rows) {
  Triplets leaving;
  for (LocalIndex i = 0; i < ownership.count(); ++i) {
    for (auto e = at(rows.row_ptr[at(i)]); e < at(rows.row_ptr[at(i) + 1]); ++e) {
      if (ownership.owns(rows.column[e])) continue;
      leaving.row.push_back(rows.column[e]);
      leaving.column.push_back(ownership.first() + i);
      leaving.weight.push_back(rows.weight[e]);
    }
  }
  return route(comm, ownership, std::move(leaving));
}

/// Rows that are filled entry by entry, with room for those of `far` and as many more as `more` says.
class RowFiller {
 public:
  RowFiller(const GlobalRows& far, std::span<const std::int64_t> more) : far_(far) {
    for (std::size_t i = 0; i < more.size(); ++i) {
      out_.row_ptr.push_back(out_.row_ptr.back() + more[i] + far.row_ptr[i + 1] - far.row_ptr[i]);
    }
    next_.assign(out_.row_ptr.begin(), out_.row_ptr.end() - 1);
    out_.column.resize(at(out_.row_ptr.back())), out_.weight.resize(out_.column.size());
  }
  void put(std::size_t row, GlobalIndex column, double weight) {
    const auto e = at(next_[row]++);
    out_.column[e] = column, out_.weight[e] = weight;
  }
  /// The entries of `far` in the columns first .. end-1.
  void put_far(GlobalIndex first, GlobalIndex end) {
    for (std::size_t i = 0; i < next_.size(); ++i) {
      for (auto e = at(far_.row_ptr[i]); e < at(far_.row_ptr[i + 1]); ++e) {
        if (far_.column[e] >= first && far_.column[e] < end) put(i, far_.column[e], far_.weight[e]);
      }
    }
  }
  GlobalRows take() { return std::move(out_); }

 private:
  const GlobalRows& far_;
  GlobalRows out_;
  std::vector<std::int64_t> next_;
};

}  // namespace

// A row counts one more than its entries, so that long runs of empty rows are shared out as well.
static std::int64_t weight_of(std::span<const std::int64_t> row_ptr) {
  const auto rows = std::ssize(row_ptr) - 1;
  return row_ptr[at(rows)] - row_ptr[0] + rows;
}

/// [ranks + 1] How many of these rows, which have `below` before them and `total` is the weight of all, lie before each
/// rank's first; the last entry is left at 0.
static std::vector<GlobalIndex> rows_before_ranks(std::span<const std::int64_t> row_ptr, std::int64_t below,
                                                  std::int64_t total, std::int64_t ranks) {
  const auto rows = std::ssize(row_ptr) - 1;
  std::vector<GlobalIndex> offsets(at(ranks) + 1, 0);
  std::int64_t i = 0;
  for (std::int64_t r = 1; r < ranks; ++r) {
    const auto target = total / ranks * r + total % ranks * r / ranks;
    // A row lies before the boundary when its middle does.
    const auto twice_middle = [&](std::int64_t row) {
      const auto k = at(row);
      return 2 * (below + row) + (row_ptr[k] - row_ptr[0]) + (row_ptr[k + 1] - row_ptr[0]) + 1;
    };
    while (i < rows && twice_middle(i) < 2 * target) ++i;
    offsets[at(r)] = i;
  }
  return offsets;
}

std::vector<GlobalIndex> shares_by_nonzeros(std::span<const std::int64_t> row_ptr, std::int64_t ranks) {
  auto offsets = rows_before_ranks(row_ptr, 0, weight_of(row_ptr), ranks);
  offsets.back() = std::ssize(row_ptr) - 1;
  return offsets;
}

Ownership balanced_by_nonzeros(const Comm& comm, const Ownership& current, std::span<const std::int64_t> row_ptr) {
  const auto own = weight_of(row_ptr);
  const auto below = comm.sum_below(own);
  auto offsets = rows_before_ranks(row_ptr, below, comm.sum(own), comm.size());
  comm.sum(std::span<GlobalIndex>(offsets));
  offsets.back() = current.size();
  return {std::move(offsets), comm.rank()};
}

GlobalRows route(const Comm& comm, const Ownership& ownership, Triplets&& entries) {
  // One array after the other, each freed as soon as it is copied: 36 bytes an entry at most, where all at once would
  // take 76.
  check_rows(comm, ownership, entries.row);
  const Route way(comm, ownership, entries.row);
  const auto row_of = sent_rows(way, ownership, std::move(entries.row));
  GlobalRows rows;
  rows.row_ptr = row_starts(row_of, ownership.count());
  rows.column = placed(row_of, rows.row_ptr, way.send(std::move(entries.column)));
  rows.weight = placed(row_of, rows.row_ptr, way.send(std::move(entries.weight)));
  if (comm.any(!entries.alpha.empty())) {
    rows.alpha = placed(row_of, rows.row_ptr, way.send(std::move(entries.alpha)));
  }
  return rows;
}

GlobalRows redistribute(const Comm& comm, const Ownership& from, const Ownership& to, GlobalRows&& rows) {
  if (from.offsets() == to.offsets()) return std::move(rows);
  const auto row_counts = overlaps(from, to);
  const auto entry_counts = entries_of(row_counts, rows.row_ptr);
  GlobalRows moved;
  moved.row_ptr = starts_of(sent(comm, lengths_of(rows.row_ptr), row_counts));
  moved.column = sent(comm, std::move(rows.column), entry_counts);
  moved.weight = sent(comm, std::move(rows.weight), entry_counts);
  if (comm.any(!rows.alpha.empty())) moved.alpha = sent(comm, std::move(rows.alpha), entry_counts);
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

GlobalRows transpose(const Comm& comm, const Ownership& ownership, const GlobalRows& rows) {
  const auto far = sent_to_columns(comm, ownership, rows);
  const auto first = ownership.first();
  std::vector<std::int64_t> own(at(ownership.count()), 0);
  for (const auto j : rows.column) {
    if (ownership.owns(j)) ++own[at(j - first)];
  }
  RowFiller filler(far, own);
  filler.put_far(0, first);
  for (LocalIndex i = 0; i < ownership.count(); ++i) {
    for (auto e = at(rows.row_ptr[at(i)]); e < at(rows.row_ptr[at(i) + 1]); ++e) {
      if (ownership.owns(rows.column[e])) filler.put(at(rows.column[e] - first), first + i, rows.weight[e]);
    }
  }
  filler.put_far(first + ownership.count(), ownership.size());
  return filler.take();
}

}  // namespace synbal
