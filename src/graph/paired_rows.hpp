// Rows of a distributed matrix and of its transpose side by side: what makes a graph undirected.
#pragma once

#include "synbal/network/network.hpp"

namespace synbal::detail {

/// visit(row, column, a, b) for every place at which A or B has an entry, by row and column; a and b are the sums of
/// the entries there, 0 where there is none. Both must be sorted.
template <class Visit>
void for_each_place(const GlobalRows& a, const GlobalRows& b, Visit&& visit) {
  for (std::size_t i = 0; i + 1 < a.row_ptr.size(); ++i) {
    auto p = at(a.row_ptr[i]), q = at(b.row_ptr[i]);
    const auto p_end = at(a.row_ptr[i + 1]), q_end = at(b.row_ptr[i + 1]);
    while (p < p_end || q < q_end) {
      const auto j = q == q_end || (p < p_end && a.column[p] <= b.column[q]) ? a.column[p] : b.column[q];
      double from_a = 0, from_b = 0;
      for (; p < p_end && a.column[p] == j; ++p) from_a += a.weight[p];
      for (; q < q_end && b.column[q] == j; ++q) from_b += b.weight[q];
      visit(static_cast<LocalIndex>(i), j, from_a, from_b);
    }
  }
}

/// Appends entries row by row.
struct RowWriter {
  GlobalRows rows;
  void put(GlobalIndex column, double weight) { rows.column.push_back(column), rows.weight.push_back(weight); }
  void end_row() { rows.row_ptr.push_back(static_cast<std::int64_t>(rows.column.size())); }
};

}  // namespace synbal::detail
