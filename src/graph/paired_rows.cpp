// The sum of two matrices given by rows.
#include "graph/paired_rows.hpp"

namespace synbal::detail {

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
