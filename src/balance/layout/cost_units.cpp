// What a row or column adds up to at most: its largest cost as often as it has costs, on all ranks.
#include "synbal/balance/cost_units.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

int width_of(std::int64_t count) { return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count))); }

struct Bound {
  double largest = 0;
  std::int64_t count = 0;

  void meet(double cost) {
    largest = std::max(largest, cost);
    ++count;
  }
  [[nodiscard]] double unit() const {
    if (!(largest > 0)) return 1;
    return std::ldexp(1.0, std::ilogb(largest) + 1 + width_of(count) - CostUnits::kSumBits);
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
  units.row.reserve(at(n)), of_columns.reserve(at(n));
  std::int64_t most = 0;
  for (LocalIndex i = 0; i < n; ++i) {
    units.row.push_back(rows[at(i)].unit());
    of_columns.push_back(columns[at(i)].unit());
    most = std::max({most, rows[at(i)].count, columns[at(i)].count});
  }
  units.column = with_ghosts<double>(problem, of_columns);
  units.count_bits = width_of(problem.comm().max(most));
  return units;
}

namespace {

constexpr double kFarthest = 1e120;     // sums from its inverse to here: costs that are raised do not show in them
constexpr int kSpareBits = 2;           // a sum in integers is short of a quarter at most
constexpr double kLossBits = 20;        // the same on the way, where steps are to be judged by sums
constexpr double kLeastExponent = 0.5;  // from 2^18 costs on: a base that moves at every step still gets on

/// log2 of the share of a sum that cutting its terms takes away at most: as many units as it has terms, of which the
/// largest that is summed is that many bits longer; values read differ by the exponent, twice.
double log2_of_loss(int count_bits, double exponent) {
  return 2 * count_bits + 3 - CostUnits::kSumBits + 2 * exponent / std::numbers::ln2;
}

double unit_of_sum(double sum) { return std::ldexp(1.0, std::ilogb(sum) + kSpareBits - CostUnits::kSumBits); }

}  // namespace

double CostUnits::largest_exponent() const noexcept {
  const double spare_bits = -kLossBits - log2_of_loss(count_bits, 0);
  return std::max(kLeastExponent, spare_bits * std::numbers::ln2 / 2);
}

std::optional<CostUnits> units_from_sums(const BalanceProblem& problem, const KnownSums& sums,
                                         std::span<const double> h) {
  const int count_bits = problem.units().count_bits;
  double exponent = 0;  // of this rank's neurons: all ranks have to agree below
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    exponent = std::max(exponent, problem.steepness(i) * std::abs(h[at(i)] - problem.base()[at(i)]));
  }
  bool known = !problem.units().row.empty() && log2_of_loss(count_bits, exponent) <= -kSpareBits;
  for (const auto& of_neurons : {sums.in, sums.out}) {
    for (const double sum : of_neurons) known = known && sum >= 1 / kFarthest && sum <= kFarthest;
  }
  if (problem.comm().any(!known)) return {};
  CostUnits units{std::vector<double>(sums.in.size()), {}, count_bits};
  std::vector<double> of_columns(sums.out.size());
  std::ranges::transform(sums.in, units.row.begin(), unit_of_sum);
  std::ranges::transform(sums.out, of_columns.begin(), unit_of_sum);
  units.column = with_ghosts<double>(problem, of_columns);
  return units;
}

}  // namespace synbal
