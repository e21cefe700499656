// The one-dimensional root, the sweeps over it, and when to stop.
#include "synbal/stochastic/mixed_cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "synbal/balance/run_frame.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/stochastic/neuron_operations.hpp"

namespace synbal {

namespace {

constexpr const char* kMixedPart = "mixed";  // of the state that a keeper keeps

/// A sum of exponentials a_m e^{b_m d}: its logarithm and that one's slope, without overflow.
struct LogSum {
  double value = 0, slope = 0;
};

template <class Term>
LogSum log_sum(std::size_t terms, Term&& term) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t m = 0; m < terms; ++m) largest = std::max(largest, term(m).value);
  double sum = 0, slope = 0;
  for (std::size_t m = 0; m < terms; ++m) {
    const LogSum t = term(m);
    const double share = std::exp(t.value - largest);
    sum += share;
    slope += share * t.slope;
  }
  return {largest + std::log(sum), slope / sum};
}

/// log of what pulls h up minus log of what pulls it down, as a function of d; falls with d. `unit`: a cost of the size
/// of the largest, so that the logarithms that matter are small and their difference is exact.
LogSum pull(std::span<const SeenCosts> seen, std::span<const CostTerm> terms, double k, double unit, double d) {
  const auto up = log_sum(terms.size(), [&](std::size_t m) -> LogSum {
    const double p = terms[m].power;
    return {std::log(p * (seen[m].in / unit)) - p * d, -p};
  });
  const auto down = log_sum(terms.size(), [&](std::size_t m) -> LogSum {
    const double p = terms[m].power;
    return {std::log(p * k * (seen[m].out / unit)) + p * k * d, p * k};
  });
  return {up.value - down.value, up.slope - down.slope};
}

}  // namespace

double mixed_step(std::span<const SeenCosts> seen, std::span<const CostTerm> terms, double exponent) {
  constexpr double eps = std::numeric_limits<double>::epsilon(), least = 1e-2;  // h smaller than this: absolute error
  constexpr int kMost = 100;
  double low = std::numeric_limits<double>::infinity(), high = -low, unit = 0;
  for (std::size_t m = 0; m < terms.size(); ++m) {
    const double root = balancing_step(seen[m], exponent) / terms[m].power;
    low = std::min(low, root);
    high = std::max(high, root);
    unit = std::max({unit, seen[m].in, seen[m].out});
  }
  double d = low <= 0 && high >= 0 ? 0.0 : (low + high) / 2;  // near balance 0 is nearly the root
  for (int k = 0; k < kMost && low < high; ++k) {
    const auto f = pull(seen, terms, exponent, unit, d);
    (f.value > 0 ? low : high) = d;
    const double newton = d - f.value / f.slope;
    const double next = newton >= low && newton <= high ? newton : (low + high) / 2;
    const double change = std::abs(next - d);
    d = next;
    if (change <= eps * std::max(std::abs(d), least)) break;
  }
  return low < high ? d : low;
}

MixedBalancer::MixedBalancer(const Comm& comm, const Network& network, const Components& components,
                             std::vector<CostTerm> terms)
    : comm_(&comm), terms_(std::move(terms)), seen_(terms_.size()) {
  agreed(comm, [&] {
    if (terms_.empty()) throw usage_error("a mixed cost without terms (nothing would be minimised): give one");
    for (const auto& term : terms_) {
      if (term.power > 0 && term.weight > 0 && std::isfinite(term.power) && std::isfinite(term.weight)) continue;
      throw usage_error(fmt::format("cost term {} |J|^{} (it must grow with |J|): give a positive weight and power",
                                    term.weight, term.power));
    }
  });
  for (const auto& term : terms_) views_.push_back(std::make_unique<View>(comm, network, components, term.power));
  for (auto& view : views_) view->scaling.resize(at(view->stars.size()) + view->stars.halo().ghosts().size());
  delta_.resize(views_.front()->scaling.size());
}

double MixedBalancer::exponent(LocalIndex i) const noexcept {
  const auto exponents = views_.front()->stars.exponent();
  return exponents.empty() ? 1.0 : exponents[at(i)];
}

void MixedBalancer::rebase(const std::vector<double>& h) {
  for (auto& view : views_) {
    view->problem.rebase(h);
    view->stars.refresh();
  }
  std::fill(delta_.begin(), delta_.end(), 0.0);
  agreed(*comm_, [&] {
    for (std::size_t m = 0; m < terms_.size(); ++m) {
      views_[m]->unit = terms_[m].weight * views_[m]->problem.cost_unit();
      if (views_[m]->unit > 0 && std::isfinite(views_[m]->unit)) continue;
      throw bad_input(
          fmt::format("costs {} |J|^{} leave the range of double precision (they cannot be compared with those of the "
                      "other terms): "
                      "scale the weights of the network, or balance under one term alone",
                      terms_[m].weight, terms_[m].power));
    }
  });
}

/// Every term's factors of one neuron: always from delta itself, so that the terms cannot drift apart.
void MixedBalancer::place(LocalIndex i) {
  const double k = exponent(i);
  for (std::size_t m = 0; m < terms_.size(); ++m) {
    const double x = terms_[m].power * delta_[at(i)];
    views_[m]->scaling[at(i)] = {std::exp(k * x), std::exp(-x)};
  }
}

/// Collective. Tells the other ranks; moves the base when delta has grown.
void MixedBalancer::exchange() {
  const auto& stars = views_.front()->stars;
  const auto n = stars.size();
  double most_power = 0, largest = 0;
  for (const auto& term : terms_) most_power = std::max(most_power, term.power);
  for (LocalIndex i = 0; i < n; ++i) {
    largest = std::max(largest, std::max(1.0, exponent(i)) * most_power * std::abs(delta_[at(i)]));
  }
  if (comm_->max(largest) > kRebaseExponent) rebase(h());
  HaloExchange<double>(stars.halo())
      .forward(std::span<const double>(delta_).first(at(n)), std::span<double>(delta_).subspan(at(n)));
  for (LocalIndex i = 0; i < static_cast<LocalIndex>(delta_.size()); ++i) place(i);
}

void MixedBalancer::look(LocalIndex i) {
  for (std::size_t m = 0; m < terms_.size(); ++m) {
    const auto costs = seen_costs(views_[m]->stars, i, views_[m]->scaling);
    seen_[m] = {views_[m]->unit * costs.in, views_[m]->unit * costs.out};
  }
}

MixedBalancer::Summary MixedBalancer::measure() {
  std::array<double, 3> sums{};  // cost, |gradient|, what it is relative to
  double step = 0;
  for (LocalIndex i = 0; i < views_.front()->stars.size(); ++i) {
    look(i);
    double gradient = 0, curvature = 0;
    for (std::size_t m = 0; m < terms_.size(); ++m) {
      const auto& view = *views_[m];
      const double cost = seen_[m].in + view.unit * view.stars.to_pinned(i) * view.scaling[at(i)].pre;
      const double k = exponent(i), p = terms_[m].power;
      gradient += p * (seen_[m].in - k * seen_[m].out);
      curvature += p * p * (seen_[m].in + k * k * seen_[m].out);
      sums[0] += cost;
      sums[2] += p * cost;
    }
    sums[1] += std::abs(gradient);
    step = std::max(step, std::abs(gradient) / curvature);
  }
  comm_->sum(std::span<double>(sums));
  return {sums[0], sums[2] > 0 ? sums[1] / sums[2] : 0.0, comm_->max(step)};
}

/// Collective. Visits all neurons once.
void MixedBalancer::sweep(std::uint64_t seed, std::int64_t number) {
  const auto& stars = views_.front()->stars;
  std::vector<LocalIndex> members(at(stars.size()));
  std::iota(members.begin(), members.end(), 0);
  const std::vector<double> before(delta_.begin(), delta_.begin() + stars.size());
  for (const auto i : random_order(stars, members, seed, number)) {
    look(i);
    double most = NeuronBalancer::kLargestStep;
    for (const auto& term : terms_)
      most = std::min(most, NeuronBalancer::kLargestStep / (term.power * std::max(1.0, exponent(i))));
    delta_[at(i)] += std::clamp(mixed_step(seen_, terms_, exponent(i)), -most, most);
    place(i);
  }
  for (std::size_t i = 0; i < before.size() && comm_->size() > 1; ++i) delta_[i] = (before[i] + delta_[i]) / 2;
  exchange();
}

std::vector<double> MixedBalancer::h() const {
  const auto base = views_.front()->problem.base();
  std::vector<double> h(base.begin(), base.end());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] += delta_[i];
  return h;
}

/// Base and delta apart, so that a run that goes on from them meets the same bits.
void MixedBalancer::tell(RunPart& part) const {
  const auto base = views_.front()->problem.base();
  part.neurons["base"].assign(base.begin(), base.end());
  part.neurons["delta"].assign(delta_.begin(), delta_.begin() + std::ssize(base));
}

/// Collective. Places as they were kept, or all at h = 0.
void MixedBalancer::stand_at(std::span<const double> base, std::span<const double> delta) {
  const auto n = at(views_.front()->stars.size());
  rebase(base.empty() ? std::vector<double>(n, 0.0) : std::vector<double>(base.begin(), base.end()));
  std::ranges::copy(delta, delta_.begin());
  exchange();
}

MixedEquilibrium MixedBalancer::operator()(const MixedParams& params, const ProgressCallback& report) {
  RunFrame frame(*comm_, "mixed sweep", params.stop, kDefaultSweeps, report);
  ConvergenceForecast forecast;
  std::vector<double> forecast_before;  // what is measured now was taken into it
  MixedEquilibrium found;
  auto& solver = frame.result;
  stand_at({}, {});
  found.initial_cost = measure().cost;
  if (params.stop.keeper != nullptr) stand_at(params.stop.keeper->start(), {});
  if (const auto begun = taken_part(params.stop, kMixedPart)) {
    frame.go_on_from(*begun);
    forecast.set_state(begun->numbers.at("forecast"));
    stand_at(begun->values("base"), begun->values("delta"));
  }
  const auto tell_all = [&](RunPart& part) {
    frame.tell(part);
    part.numbers["forecast"] = forecast_before;
    tell(part);
  };
  const KeptPart kept(params.stop.keeper, kMixedPart, tell_all, [this] { return h(); });
  auto now = measure();
  for (;;) {
    frame.record(solver.sweeps, now.cost, now.gradient_l1);
    forecast_before = forecast.state();
    forecast.update(now.step_inf, now.gradient_l1);
    const bool at_rest = forecast.remaining() <= params.stop.step_tolerance || now.gradient_l1 <= kVisitRounding;
    if ((now.gradient_l1 <= params.stop.tolerance && at_rest) || frame.out_of_limits(solver.sweeps)) break;
    sweep(params.seed, solver.sweeps++);
    now = measure();
  }
  solver.iterations = solver.sweeps;
  solver.matrix_passes = 2 * solver.sweeps + 1;
  found.cost = now.cost;
  found.gradient_l1 = now.gradient_l1;
  found.step_inf = now.step_inf;
  found.h = h();
  ComponentSums(views_.front()->problem).center(found.h);
  found.solver = std::move(frame.result);
  return found;
}

}  // namespace synbal
