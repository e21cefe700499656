// The dual bound from an approximate potential, with the price of its residual.
#include "synbal/balance/certificate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "balance/range_bound.hpp"
#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// y - c - ... of one synapse: (1 + e) log(1 + e) - e, the price of changing a cost by the relative amount e.
double price(double e) { return e > -1 ? (1 + e) * std::log1p(e) - e : (e == -1 ? 1.0 : kInfinity); }

/// Costs as factors: c_ij at the point is cost * pre_j * post_i.
struct Circulation {
  double gap = 0;                // sum c price(e)
  double smallest = 0;           // min e
  std::vector<double> residual;  // [n] in(y) - k out(y)
};

Circulation circulation(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> phi) {
  const auto n = problem.size();
  std::vector<double> scaled(at(n));
  for (LocalIndex i = 0; i < n; ++i) scaled[at(i)] = problem.exponent(i) * phi[at(i)];
  const auto pull = with_ghosts<double>(problem, scaled);
  const auto pre = with_ghosts<double>(problem, costs.pre);
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
    const double entering = problem.from_pinned(i) * costs.post[at(i)];
    const double leaving = problem.to_pinned(i) * costs.pre[at(i)];
    y.gap += entering * price(-phi[at(i)]) + leaving * price(scaled[at(i)]);
    if (entering > 0) y.smallest = std::min(y.smallest, -phi[at(i)]);
    if (leaving > 0) y.smallest = std::min(y.smallest, scaled[at(i)]);
    in[at(i)] += entering * (1 - phi[at(i)]);
    out[at(i)] += leaving * (1 + scaled[at(i)]);
    y.residual.push_back(in[at(i)] - problem.exponent(i) * out[at(i)]);
  }
  return y;
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
  double residual = 0;
  for (const double r : y.residual) residual += std::abs(r);
  std::array<double, 2> sums{y.gap, residual};
  comm.sum(std::span<double>(sums));
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
