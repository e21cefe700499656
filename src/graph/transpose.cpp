// Counting sort by column; entries for other ranks travel in one exchange.
#include "graph/transpose.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace synbal::detail {

namespace {

/// Entries whose column belongs to another rank, by its owner, each part in the order of the rows.
struct Leaving {
  std::vector<std::int64_t> counts;
  std::vector<GlobalIndex> row, column;
  std::vector<double> weight;
};

Leaving leaving_entries(const Comm& comm, const Ownership& ownership, const GlobalRows& rows) {
  Leaving leaving;
  leaving.counts.assign(at(comm.size()), 0);
  for (const auto j : rows.column) {
    if (!ownership.owns(j)) ++leaving.counts[at(ownership.owner(j))];
  }
  std::vector<std::int64_t> place(leaving.counts.size(), 0);
  std::partial_sum(leaving.counts.begin(), leaving.counts.end() - 1, place.begin() + 1);
  const auto total = at(place.back() + leaving.counts.back());
  leaving.row.resize(total), leaving.column.resize(total), leaving.weight.resize(total);
  for (LocalIndex i = 0; i < ownership.count(); ++i) {
    for (auto e = at(rows.row_ptr[at(i)]); e < at(rows.row_ptr[at(i) + 1]); ++e) {
      const auto j = rows.column[e];
      if (ownership.owns(j)) continue;
      const auto k = at(place[at(ownership.owner(j))]++);
      leaving.row[k] = j, leaving.column[k] = ownership.first() + i, leaving.weight[k] = rows.weight[e];
    }
  }
  return leaving;
}

}  // namespace

void sort_rows(GlobalRows& rows) {
  std::vector<std::pair<GlobalIndex, double>> entries;
  for (std::size_t i = 0; i + 1 < rows.row_ptr.size(); ++i) {
    const auto begin = rows.row_ptr[i], end = rows.row_ptr[i + 1];
    if (std::is_sorted(rows.column.begin() + begin, rows.column.begin() + end)) continue;
    entries.clear();
    for (auto e = at(begin); e < at(end); ++e) entries.emplace_back(rows.column[e], rows.weight[e]);
    std::stable_sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (auto e = at(begin); e < at(end); ++e) {
      std::tie(rows.column[e], rows.weight[e]) = entries[e - at(begin)];
    }
  }
}

GlobalRows transpose(const Comm& comm, const Ownership& ownership, const GlobalRows& rows) {
  Received<GlobalIndex> row, column;
  Received<double> weight;
  {
    const auto leaving = leaving_entries(comm, ownership, rows);
    row = comm.exchange(std::span(leaving.row), leaving.counts);
    column = comm.exchange(std::span(leaving.column), leaving.counts);
    weight = comm.exchange(std::span(leaving.weight), leaving.counts);
  }
  const auto first = ownership.first();
  const auto below = at(std::accumulate(row.counts.begin(), row.counts.begin() + comm.rank(), std::int64_t{0}));
  // Ranks below own smaller columns: what they sent comes first, then this rank's own, then the rest.
  const auto for_each = [&](auto&& visit) {
    for (std::size_t k = 0; k < below; ++k) visit(row.values[k] - first, column.values[k], weight.values[k]);
    for (LocalIndex i = 0; i < ownership.count(); ++i) {
      for (auto e = at(rows.row_ptr[at(i)]); e < at(rows.row_ptr[at(i) + 1]); ++e) {
        if (ownership.owns(rows.column[e])) visit(rows.column[e] - first, first + i, rows.weight[e]);
      }
    }
    for (auto k = below; k < row.values.size(); ++k) {
      visit(row.values[k] - first, column.values[k], weight.values[k]);
    }
  };
  GlobalRows out;
  out.row_ptr.assign(at(ownership.count()) + 1, 0);
  for_each([&](std::int64_t i, GlobalIndex, double) { ++out.row_ptr[at(i) + 1]; });
  std::partial_sum(out.row_ptr.begin(), out.row_ptr.end(), out.row_ptr.begin());
  out.column.resize(at(out.row_ptr.back())), out.weight.resize(out.column.size());
  std::vector<std::int64_t> next(out.row_ptr.begin(), out.row_ptr.end() - 1);
  for_each([&](std::int64_t i, GlobalIndex j, double w) {
    const auto k = at(next[at(i)]++);
    out.column[k] = j, out.weight[k] = w;
  });
  return out;
}

GlobalRows sum_of(const GlobalRows& a, const GlobalRows& b) {
  RowWriter out;
  out.rows.column.reserve(a.column.size() + b.column.size());
  out.rows.weight.reserve(a.column.size() + b.column.size());
  LocalIndex row = 0;
  for_each_place(a, b, [&](LocalIndex i, GlobalIndex j, double from_a, double from_b) {
    for (; row < i; ++row) out.end_row();
    out.put(j, from_a + from_b);
  });
  for (; out.rows.row_ptr.size() < a.row_ptr.size();) out.end_row();
  out.rows.column.shrink_to_fit(), out.rows.weight.shrink_to_fit();
  return std::move(out.rows);
}

}  // namespace synbal::detail
