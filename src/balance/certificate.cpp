// The dual bound from an approximate potential, with the price of its residual.
#include "synbal/balance/certificate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "balance/range_bound.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/balance/hessian_action.hpp"
#include "synbal/core/exact_sum.hpp"
#include "synbal/core/fixed_point.hpp"

namespace synbal {

namespace {

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

/// What a potential makes of costs: c (1 + e) in place of c.
struct Circulation {
  double gap = 0;                // sum c price(e) over all ranks
  double smallest = 0;           // min e over all ranks
  std::vector<double> residual;  // [n] in - k out of the changed costs
};

/// The changes that a potential asks for, those of synapses from and to pinned neurons too.
class Changes {
 public:
  /// Collective.
  Changes(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> phi)
      : problem_(problem), costs_(costs), phi_(phi), source_(phi.size() + problem.halo().ghosts().size()) {
    for (LocalIndex i = 0; i < problem.size(); ++i) source_[at(i)] = {costs.pre[at(i)], pull(i)};
    HaloExchange<double> exchange(problem.halo());
    for (const auto part : {&Source::pre, &Source::pull}) {
      exchange.forward_begin([&](LocalIndex i) { return source_[at(i)].*part; });
      exchange.forward_end([&](LocalIndex g, double value) { source_[phi.size() + at(g)].*part = value; });
    }
  }

  /// visit(c, e) for this rank's costs.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for_each_edge(
        problem_,
        [&](LocalIndex i, LocalIndex j, double c) {
          const auto& [pre, pull] = source_[at(j)];
          visit(c * pre * costs_.post[at(i)], pull - phi_[at(i)]);
        },
        [&](LocalIndex j) { __builtin_prefetch(source_.data() + j); });
    for (LocalIndex i = 0; i < problem_.size(); ++i) {
      const double entering = problem_.from_pinned(i) * costs_.post[at(i)];
      const double leaving = problem_.to_pinned(i) * costs_.pre[at(i)];
      if (entering > 0) visit(entering, -phi_[at(i)]);
      if (leaving > 0) visit(leaving, pull(i));
    }
  }

  /// Collective. That no change is beyond: a potential's size counts at both ends.
  [[nodiscard]] double largest() const {
    double pulls = 0;
    for (LocalIndex i = 0; i < problem_.size(); ++i) pulls = std::max(pulls, std::abs(pull(i)));
    return problem_.comm().max(largest_size(phi_)) + problem_.comm().max(pulls);
  }

 private:
  /// Of the neuron that a synapse comes from.
  struct Source {
    double pre, pull;
  };

  [[nodiscard]] double pull(LocalIndex i) const { return problem_.exponent(i) * phi_[at(i)]; }

  const BalanceProblem& problem_;
  const NeuronCosts& costs_;
  std::span<const double> phi_;
  std::vector<Source> source_;  // [n + ghosts]
};

/// Collective. Gap and smallest change.
Circulation in_order(const Comm& comm, const Changes& changes) {
  Circulation y;
  changes.for_each([&](double c, double e) {
    y.gap += c * price(e);
    y.smallest = std::min(y.smallest, e);
  });
  return {comm.sum(y.gap), comm.min(y.smallest), {}};
}

/// Collective. The same in any order. `total`: of the costs.
Circulation in_any_order(const Comm& comm, const Changes& changes, double total) {
  const double most = total * std::max(price(changes.largest()), 1.0);
  if (!std::isfinite(most)) return {0, -kInfinity, {}};
  const TwoDigitUnits units(most, 1);
  std::array<TwoDigits, 1> gap;
  double smallest = 0;
  changes.for_each([&](double c, double e) {
    smallest = std::min(smallest, e);
    if (e >= -1) gap[0].add(c * price(e) * units.scale);  // else a shorter potential will be asked for
  });
  sum_over_ranks(comm, gap);
  return {units.to_double(gap[0]), comm.min(smallest), {}};
}

/// Collective. One pass over the synapses, and one of the kernel.
Circulation circulation(const BalanceProblem& problem, FusedKernel& kernel, const NeuronCosts& costs,
                        std::span<const double> phi) {
  const Changes changes(problem, costs, phi);
  const auto& comm = problem.comm();
  auto y = problem.reproducible() ? in_any_order(comm, changes, costs.total) : in_order(comm, changes);
  if (!(y.smallest >= -1)) return y;
  HessianAction laplacian(problem, kernel);
  laplacian.set_point(costs);
  std::vector<double> product(phi.size());
  laplacian.apply(phi, product);
  y.residual.resize(phi.size());
  gradient(problem, costs, y.residual);
  for (std::size_t i = 0; i < product.size(); ++i) y.residual[i] -= product[i];
  return y;
}

/// Collective. sum |residual|
double size_of(const BalanceProblem& problem, std::span<const double> residual) {
  double sum = 0;
  ExactSum exact;
  for (const double r : residual) {
    problem.reproducible() ? exact.add(std::abs(r)) : static_cast<void>(sum += std::abs(r));
  }
  return problem.reproducible() ? sum_exactly(problem.comm(), exact) : problem.comm().sum(sum);
}

}  // namespace

Certificate certify(const BalanceProblem& problem, FusedKernel& kernel, const NeuronCosts& costs,
                    std::span<const double> phi) {
  std::vector<double> potential(phi.begin(), phi.end());
  auto y = circulation(problem, kernel, costs, potential);
  if (!(y.smallest >= -1)) {  // a shorter potential is less exact but keeps y >= 0
    for (auto& x : potential) x = std::isfinite(y.smallest) ? x * (0.5 / -y.smallest) : 0.0;
    y = circulation(problem, kernel, costs, potential);
  }
  const double residual = size_of(problem, y.residual);
  const double range = residual > 0 ? range_bound(problem, costs) : 0.0;
  // The sums over a row and over all synapses are rounded: a few eps of the total, with the usual log n growth; and so
  // is the residual, whose terms are costs and costs times the potential.
  const double terms = residual > 0 ? 1 + problem.comm().max(largest_size(potential)) : 0.0;
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * costs.total * (1 + range * terms);
  const double gap = y.gap + range * residual + rounding;
  if (!std::isfinite(gap)) return {};
  if (gap > costs.total) return {0.0, costs.total};  // costs are not negative
  return {costs.total - gap, gap};
}

}  // namespace synbal
