// What a row or column adds up to at most: its largest cost as often as it has costs, on all ranks.
#include "synbal/balance/cost_units.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

struct Bound {
  double largest = 0;
  std::int64_t count = 0;

  void meet(double cost) {
    largest = std::max(largest, cost);
    ++count;
  }
  [[nodiscard]] double unit() const {
    if (!(largest > 0)) return 1;
    const auto width_of_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count)));
    return std::ldexp(1.0, std::ilogb(largest) + 1 + width_of_count - CostUnits::kSumBits);
  }
};

}  // namespace

CostUnits units_for_integers(const BalanceProblem& problem) {
  const auto n = problem.size();
  std::vector<Bound> rows(at(n)), columns(at(n) + problem.halo().ghosts().size());
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    rows[at(i)].meet(c);
    columns[at(j)].meet(c);
  });
  HaloExchange<double> largest(problem.halo());
  largest.reverse_begin([&](LocalIndex g) { return columns[at(n + g)].largest; });
  largest.reverse_end([&](LocalIndex i, double c) { columns[at(i)].largest = std::max(columns[at(i)].largest, c); });
  HaloExchange<std::int64_t> count(problem.halo());
  count.reverse_begin([&](LocalIndex g) { return columns[at(n + g)].count; });
  count.reverse_end([&](LocalIndex i, std::int64_t more) { columns[at(i)].count += more; });
  CostUnits units;
  std::vector<double> of_columns;
  for (LocalIndex i = 0; i < n; ++i) {
    units.row.push_back(rows[at(i)].unit());
    of_columns.push_back(columns[at(i)].unit());
  }
  units.column = with_ghosts<double>(problem, of_columns);
  return units;
}

}  // namespace synbal
