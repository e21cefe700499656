// Evaluation of costs and imbalance.
#include "synbal/balance/costs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "synbal/balance/edges.hpp"
#include "synbal/core/exact_sum.hpp"
#include "synbal/core/fixed_point.hpp"
#include "synbal/core/own_sums.hpp"

namespace synbal {

namespace {

/// An unevaluated sum of two doubles (Dekker 1971; Knuth's two-sum).
struct DoubleDouble {
  double high = 0;
  double low = 0;

  void add(double x) {
    const double sum = high + x;
    const double part = sum - high;
    low += (high - (sum - part)) + (x - part);
    high = sum;
  }
  /// Adds k * x with the product's rounding error.
  void add_product(double k, double x) {
    const double product = k * x;
    low += std::fma(k, x, -product);
    add(product);
  }
};
}  // namespace

void evaluate(const BalanceProblem& problem, FusedKernel& kernel, std::span<const double> delta, NeuronCosts& costs) {
  const auto n = problem.size();
  for (auto* v : {&costs.pre, &costs.post, &costs.in, &costs.out}) v->resize(at(n));
  const double p = problem.power();
  double total = 0;
  ExactSum exact;
  kernel.run(
      [&](LocalIndex i) {
        costs.pre[at(i)] = std::exp(p * problem.exponent(i) * delta[at(i)]);
        costs.post[at(i)] = problem.exponent(i) == 1 ? 1 / costs.pre[at(i)] : std::exp(-p * delta[at(i)]);
        return std::pair(costs.pre[at(i)], costs.post[at(i)]);
      },
      [&](LocalIndex i, double in, double out) {
        const double to_pinned = costs.pre[at(i)] * problem.to_pinned(i);
        costs.in[at(i)] = costs.post[at(i)] * (in + problem.from_pinned(i));
        costs.out[at(i)] = costs.pre[at(i)] * out + to_pinned;
        total += costs.in[at(i)] + to_pinned;
        if (problem.reproducible()) exact.add(costs.in[at(i)] + to_pinned);
      });
  total = own_sum(total);
  costs.total = problem.reproducible() ? sum_exactly(problem.comm(), exact) : problem.comm().sum(total);
}

Imbalance imbalance(const BalanceProblem& problem, const NeuronCosts& costs) {
  if (std::isnan(costs.total)) remember_own_sum();  // what is asked of is no trial
  if (costs.total == 0) return {};
  std::array<ExactSum, 3> exact;
  std::array<double, 3> sums{};    // |d|, d^2, m^2, squares relative to the total so that they stay in range
  std::array<double, 3> maxima{};  // |d|, m, |log ratio|
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const double in = costs.in[at(i)];
    const double out = problem.exponent(i) * costs.out[at(i)];
    const double d = std::abs(in - out);
    const double m = (in + out) / 2;
    const double d_share = d / costs.total, m_share = m / costs.total;
    const std::array<double, 3> terms{d, d_share * d_share, m_share * m_share};
    for (std::size_t k = 0; k < terms.size(); ++k) {
      problem.reproducible() ? exact[k].add(terms[k]) : static_cast<void>(sums[k] += terms[k]);
    }
    maxima[0] = std::max(maxima[0], d);
    maxima[1] = std::max(maxima[1], m);
    maxima[2] = std::max(maxima[2], std::abs(std::log(in) - std::log(out)));
  }
  if (problem.reproducible()) {
    sum_exactly(problem.comm(), exact, sums);
  } else {
    problem.comm().sum(std::span<double>(sums));
  }
  problem.comm().max(std::span<double>(maxima));
  return {sums[0] / costs.total, std::sqrt(sums[1] / sums[2]), maxima[0] / maxima[1], maxima[2]};
}

void gradient(const BalanceProblem& problem, const NeuronCosts& costs, std::span<double> g) {
  for (LocalIndex i = 0; i < problem.size(); ++i) g[at(i)] = costs.in[at(i)] - problem.exponent(i) * costs.out[at(i)];
}

namespace {

/// What enters and leaves every neuron, in twice the precision of doubles.
struct AccurateCosts {
  std::vector<DoubleDouble> in, out;  // out: with ghosts at its end
};

/// Collective.
AccurateCosts in_order(const BalanceProblem& problem) {
  const auto n = problem.size();
  AccurateCosts sums{std::vector<DoubleDouble>(at(n)),
                     std::vector<DoubleDouble>(at(n) + problem.halo().ghosts().size())};
  for_each_edge(
      problem,
      [&](LocalIndex i, LocalIndex j, double c) {
        sums.in[at(i)].add(c);
        sums.out[at(j)].add(c);
      },
      [&](LocalIndex j) { __builtin_prefetch(sums.out.data() + j, 1); });
  HaloExchange<double> exchange(problem.halo());
  for (const auto part : {&DoubleDouble::high, &DoubleDouble::low}) {
    exchange.reverse_begin([&](LocalIndex ghost) { return sums.out[at(n + ghost)].*part; });
    exchange.reverse_end([&](LocalIndex i, double value) { sums.out[at(i)].add(value); });
  }
  return sums;
}

/// A sum in units of a row or column.
struct DigitSlot {
  double unit;
  TwoDigits sum;
};

std::vector<DigitSlot> slots_of(std::span<const double> units) {
  std::vector<DigitSlot> slots(units.size());
  std::ranges::transform(units, slots.begin(), [](double unit) { return DigitSlot{unit, {}}; });
  return slots;
}

/// What is held of an entry is its cost in units of its row and its column.
void add_up(const CostTiles& tiles, LocalIndex shift, std::span<DigitSlot> rows, std::span<DigitSlot> columns) {
  tiles.for_each_tile(0, tiles.bands(), [&](std::size_t t) {
    for_each_in_tile(tiles, tiles.tiles[t], shift, [&](LocalIndex i, LocalIndex j, double held) {
      auto &row = rows[at(i)], &column = columns[at(j)];
      row.sum.add(held * column.unit), column.sum.add(held * row.unit);
    });
  });
}

std::vector<DoubleDouble> to_doubles(std::span<const DigitSlot> slots) {
  std::vector<DoubleDouble> sums(slots.size());
  std::ranges::transform(slots, sums.begin(), [](const DigitSlot& slot) {
    const auto [high, low] = TwoDigitUnits(slot.unit).to_doubles(slot.sum);
    return DoubleDouble{high, low};
  });
  return sums;
}

/// Collective. The same in any order.
AccurateCosts in_any_order(const BalanceProblem& problem) {
  const auto n = problem.size();
  auto in = slots_of(problem.units().row), out = slots_of(problem.units().column);
  add_up(problem.local(), 0, in, out);
  add_up(problem.remote(), n, in, out);
  HaloExchange<std::int64_t> exchange(problem.halo());
  for (const auto digit : {&TwoDigits::high, &TwoDigits::low}) {
    exchange.reverse_begin([&](LocalIndex ghost) { return out[at(n + ghost)].sum.*digit; });
    exchange.reverse_end([&](LocalIndex i, std::int64_t value) { out[at(i)].sum.*digit += value; });
  }
  return {to_doubles(in), to_doubles(out)};
}

}  // namespace

void accurate_gradient(const BalanceProblem& problem, std::span<double> g) {
  const auto n = problem.size();
  auto [in, out] = problem.reproducible() ? in_any_order(problem) : in_order(problem);
  for (LocalIndex i = 0; i < n; ++i) {
    in[at(i)].add(problem.from_pinned(i));
    out[at(i)].add(problem.to_pinned(i));
    const double k = problem.exponent(i);
    in[at(i)].add_product(-k, out[at(i)].high);
    in[at(i)].add_product(-k, out[at(i)].low);
    g[at(i)] = in[at(i)].high + in[at(i)].low;
  }
}

}  // namespace synbal
