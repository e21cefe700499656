// From tiles to rows.
#include "synbal/balance/cost_rows.hpp"

#include <algorithm>

#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {
std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
}  // namespace

// Tiles of a band come with ascending columns and each holds its rows in order, so rows fill up in order of the
// columns.
void CostRows::count(const BalanceProblem& problem) {
  row_ptr_.assign(index(problem.size()) + 1, 0);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex, double) { ++row_ptr_[index(i) + 1]; });
  for (std::size_t i = 1; i < row_ptr_.size(); ++i) row_ptr_[i] += row_ptr_[i - 1];
  column_.resize(index(row_ptr_.back()));
  cost_.resize(column_.size());
}

CostRows::CostRows(const BalanceProblem& problem) {
  count(problem);
  auto next = row_ptr_;
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const auto e = index(next[index(i)]++);
    column_[e] = j;
    cost_[e] = c;
  });
}

CostRows::CostRows(BalanceProblem&& problem) {
  count(problem);
  auto next = row_ptr_;
  const auto take = [&](LocalIndex i, LocalIndex j, double c) {
    const auto e = index(next[index(i)]++);
    column_[e] = j;
    cost_[e] = c;
  };
  for (LocalIndex band = 0; band < problem.bands(); ++band) {
    for_each_edge_of_band(problem, band, take);
    problem.give_back_costs(band);
  }
}

void CostRows::refresh(const BalanceProblem& problem) {
  auto next = row_ptr_;
  for_each_edge(problem, [&](LocalIndex i, LocalIndex, double c) { cost_[index(next[index(i)]++)] = c; });
}

double CostRows::at(LocalIndex i, LocalIndex j) const {
  const auto [first, last] = std::equal_range(column_.begin() + begin(i), column_.begin() + end(i), j);
  double sum = 0;
  for (auto e = first; e != last; ++e) sum += cost_[index(e - column_.begin())];
  return sum;
}

}  // namespace synbal
