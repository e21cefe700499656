// The dual bound from an approximate potential, with the price of its residual.
#include "synbal/balance/certificate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "balance/range_bound.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/core/exact_sum.hpp"
#include "synbal/core/fixed_point.hpp"

namespace synbal {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr double kSmallChange = 0.005;  // up to which the series is exact to rounding

/// y - c - ... of one synapse: (1 + e) log(1 + e) - e, the price of changing a cost by the relative amount e. Near
/// balance all changes are small, where the logarithm costs ten times the series, and digits.
double price(double e) {
  if (std::abs(e) <= kSmallChange) {  // sum over k >= 2 of (-e)^k / (k (k - 1))
    return e * e *
           (1.0 / 2 - e * (1.0 / 6 - e * (1.0 / 12 - e * (1.0 / 20 - e * (1.0 / 30 - e * (1.0 / 42 - e / 56))))));
  }
  return e > -1 ? (1 + e) * std::log1p(e) - e : (e == -1 ? 1.0 : kInfinity);
}

/// Costs as factors: c_ij at the point is cost * pre_j * post_i.
struct Circulation {
  double gap = 0;                // sum c price(e)
  double smallest = 0;           // min e
  std::vector<double> residual;  // [n] in(y) - k out(y)
};

/// What synapses from and to pinned neurons add at one neuron.
struct AtPinned {
  double in, out, gap, smallest;
};

AtPinned at_pinned(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> phi, LocalIndex i) {
  const double entering = problem.from_pinned(i) * costs.post[at(i)], fall = -phi[at(i)];
  const double leaving = problem.to_pinned(i) * costs.pre[at(i)], rise = problem.exponent(i) * phi[at(i)];
  const double smallest = std::min(entering > 0 ? fall : 0.0, leaving > 0 ? rise : 0.0);
  return {entering * (1 + fall), leaving * (1 + rise), entering * price(fall) + leaving * price(rise), smallest};
}

/// Collective. The largest change of a cost, at most: a potential's size counts at both ends.
double largest_change(const BalanceProblem& problem, std::span<const double> phi, std::span<const double> pull) {
  const auto own = pull.first(phi.size());
  return problem.comm().max(largest_size(phi)) + problem.comm().max(largest_size(own));
}

/// Collective. The sums below in any order: none of their terms is beyond what costs and potential allow. The gap is
/// that of all ranks.
Circulation in_any_order(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> phi,
                         std::span<const double> pull, std::span<const double> pre) {
  const auto n = problem.size();
  const double change = largest_change(problem, phi, pull), most = costs.total * std::max(price(change), 1.0);
  if (!std::isfinite(most)) return {0, -kInfinity, {}};
  const auto changed = [&](std::span<const double> sums) {
    std::vector<double> bound(sums.begin(), sums.end());
    for (auto& b : bound) b *= 1 + change;
    return bound;
  };
  FixedSums in(problem.halo(), changed(costs.in)), out(problem.halo(), changed(costs.out));
  const TwoDigitUnits units(most, 1);
  TwoDigits gap;
  Circulation y;
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const double cost = c * pre[at(j)] * costs.post[at(i)], e = pull[at(j)] - phi[at(i)];
    y.smallest = std::min(y.smallest, e);
    if (!(e >= -1)) return;  // a shorter potential will be asked of
    in.add(i, cost * (1 + e)), out.add(j, cost * (1 + e));
    gap.add(cost * price(e) * units.scale);
  });
  const auto entering = in.sums(), leaving = out.sums();
  for (LocalIndex i = 0; i < n; ++i) {
    const auto p = at_pinned(problem, costs, phi, i);
    y.smallest = std::min(y.smallest, p.smallest);
    if (p.smallest >= -1) gap.add(p.gap * units.scale);
    y.residual.push_back(entering[at(i)].first + p.in - problem.exponent(i) * (leaving[at(i)].first + p.out));
  }
  y.gap = sum_in_any_order(problem.comm(), gap, units);
  return y;
}

Circulation circulation(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> phi) {
  const auto n = problem.size();
  std::vector<double> scaled(at(n));
  for (LocalIndex i = 0; i < n; ++i) scaled[at(i)] = problem.exponent(i) * phi[at(i)];
  const auto pull = with_ghosts<double>(problem, scaled);
  const auto pre = with_ghosts<double>(problem, costs.pre);
  if (problem.reproducible()) return in_any_order(problem, costs, phi, pull, pre);
  Circulation y;
  std::vector<double> in(at(n), 0.0), out(pre.size(), 0.0);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const double e = pull[at(j)] - phi[at(i)];
    const double cost = c * pre[at(j)] * costs.post[at(i)];
    y.gap += cost * price(e);
    y.smallest = std::min(y.smallest, e);
    in[at(i)] += cost * (1 + e);
    out[at(j)] += cost * (1 + e);
  });
  HaloExchange<double> exchange(problem.halo());
  exchange.reverse_begin([&](LocalIndex g) { return out[at(n + g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { out[at(i)] += value; });
  for (LocalIndex i = 0; i < n; ++i) {
    const auto p = at_pinned(problem, costs, phi, i);
    y.gap += p.gap;
    y.smallest = std::min(y.smallest, p.smallest);
    in[at(i)] += p.in;
    out[at(i)] += p.out;
    y.residual.push_back(in[at(i)] - problem.exponent(i) * out[at(i)]);
  }
  return y;
}

/// Collective. The gap, and sum |residual|.
std::array<double, 2> totals(const Comm& comm, const Circulation& y) {
  double residual = 0;
  for (const double r : y.residual) residual += std::abs(r);
  std::array<double, 2> sums{y.gap, residual};
  comm.sum(std::span<double>(sums));
  return sums;
}

std::array<double, 2> totals_in_any_order(const Comm& comm, const Circulation& y) {
  ExactSum residual;
  for (const double r : y.residual) residual.add(std::abs(r));
  return {y.gap, sum_exactly(comm, residual)};
}

}  // namespace

Certificate certify(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> phi) {
  const auto& comm = problem.comm();
  auto y = circulation(problem, costs, phi);
  const double smallest = comm.min(y.smallest);
  if (!(smallest >= -1)) {  // a shorter potential is less exact but keeps y >= 0
    std::vector<double> shorter(phi.begin(), phi.end());
    for (auto& x : shorter) x = std::isfinite(smallest) ? x * (0.5 / -smallest) : 0.0;
    y = circulation(problem, costs, shorter);
  }
  const auto sums = problem.reproducible() ? totals_in_any_order(comm, y) : totals(comm, y);
  const double range = sums[1] > 0 ? range_bound(problem, costs) : 0.0;
  // The sums over a row and over all synapses are rounded, the residual's, too: a few eps of the total, with the usual
  // log n growth.
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * costs.total * (1 + range);
  const double gap = sums[0] + range * sums[1] + rounding;
  if (!std::isfinite(gap)) return {};
  if (gap > costs.total) return {0.0, costs.total};  // costs are not negative
  return {costs.total - gap, gap};
}

}  // namespace synbal
