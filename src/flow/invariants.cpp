// The watch over what must not change.
#include "synbal/flow/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/balance/cycles.hpp"
#include "synbal/balance/verification.hpp"

namespace synbal {

namespace {

/// What is not a number is worse than every number.
double number(double drift) { return std::isnan(drift) ? std::numeric_limits<double>::infinity() : drift; }

double log_ratio(double after, double before) {
  const double ratio = std::abs(after / before);
  return std::isnormal(ratio) ? std::log(ratio) : std::log(std::abs(after)) - std::log(std::abs(before));
}

}  // namespace

struct InvariantMonitor::Body {
  enum Place : std::size_t { sum_of_h, cycle_products, eigenvalues, cost };

  Body(const BalanceProblem& p, const Network& net, const Components& components, const ComponentSums& s,
       std::span<const double> h, const InvariantParams& wanted)
      : problem(p), network(net), sums(s), params(wanted), cycles(sample_cycles(p.comm(), net, components)) {
    found = {{"sum of h in a component", false, 0, params.sum_limit, 0, {}},
             {"products of weights around cycles", false, 0, params.cycle_limit, 0, {}},
             {"eigenvalues of J", false, 0, 1, 0, {}},
             {"cost never rises", false, 0, params.cost_limit, 0, {}}};
    start_sums = sums.sum(h);
    const bool exponents = problem.comm().any(!problem.exponent().empty());
    watch_sum();
    watch_cycles(exponents);
    watch_eigenvalues(exponents);
    if (params.cost_falls) {
      found[cost].watched = true;
    } else {
      found[cost].note = "not a gradient flow of the cost";
    }
  }

  /// Collective.
  void watch_sum() {
    bool free = false;
    for (LocalIndex l = 0; l < sums.count(); ++l) free = free || !sums.grounded(l);
    const bool some_free = problem.comm().any(free);
    found[sum_of_h].watched = params.sum_of_h && some_free;
    if (!params.sum_of_h) {
      found[sum_of_h].note = "not conserved by this rule";
    } else if (!some_free) {
      found[sum_of_h].note = "no component without pinned neurons";
    }
  }
  void watch_cycles(bool exponents) {
    auto& products = found[cycle_products];
    products.watched = !exponents && !cycles.length.empty();
    if (exponents) {
      products.note = "invariant only where all exponents are 1";
    } else if (cycles.length.empty()) {
      products.note = "no cycle was found";
    } else {
      products.note = fmt::format("{} cycles of up to {} synapses", cycles.length.size(),
                                  *std::max_element(cycles.length.begin(), cycles.length.end()));
    }
  }
  void watch_eigenvalues(bool exponents) {
    auto& spectrum = found[eigenvalues];
    const auto limit = std::min(params.spectrum_neurons, kLargestSpectrum);
    spectrum.watched = !exponents && network.size() > 0 && network.size() <= limit;
    if (spectrum.watched) {
      spectrum.note = "drift over what rounding explains";
    } else {
      spectrum.note =
          exponents ? "invariant only where all exponents are 1" : fmt::format("only up to {} neurons", limit);
    }
  }

  void note(Place place, double time, double drift) {
    auto& invariant = found[place];
    if (drift > invariant.drift) invariant.drift = drift, invariant.time = time;
  }

  /// Collective.
  void check_sum(double time, std::span<const double> h) {
    if (!found[sum_of_h].watched) return;
    const auto now = sums.sum(h);
    const auto size = sums.sum_of([&](LocalIndex i) { return std::abs(h[at(i)]); });
    double worst = 0;
    for (LocalIndex l = 0; l < sums.count(); ++l) {
      const double change = std::abs(now[at(l)] - start_sums[at(l)]);
      if (!sums.grounded(l) && change != 0) worst = std::max(worst, number(change / size[at(l)]));
    }
    note(sum_of_h, time, problem.comm().max(worst));
  }

  void check_cost(double time, double now) {
    if (!found[cost].watched) return;
    if (!(now <= least_cost)) note(cost, time, number((now - least_cost) / least_cost));
    least_cost = std::min(least_cost, number(now));
  }

  /// Collective. weight(row, entry) is the present one; size: what rounding of logarithms grows with.
  template <class Weight>
  void check_cycles(double time, double size, Weight&& weight) {
    if (!found[cycle_products].watched) return;
    std::vector<double> logs(cycles.length.size(), 0.0);
    for (const auto& synapse : cycles.synapses) {
      const double after = weight(synapse.row, synapse.entry), before = network.weight[at(synapse.entry)];
      if (std::signbit(after) != std::signbit(before)) logs[synapse.cycle] = std::numeric_limits<double>::infinity();
      logs[synapse.cycle] += log_ratio(after, before);
    }
    problem.comm().sum(std::span<double>(logs));
    double worst = 0;
    for (std::size_t c = 0; c < logs.size(); ++c) {
      worst = std::max(worst, number(std::abs(logs[c]) / (static_cast<double>(cycles.length[c]) * (1 + size))));
    }
    note(cycle_products, time, worst);
  }

  /// Collective.
  void check_eigenvalues(double time, const Network& now) {
    if (!found[eigenvalues].watched) return;
    const bool finite = std::all_of(now.weight.begin(), now.weight.end(), [](double w) { return std::isfinite(w); });
    if (problem.comm().any(!finite)) return note(eigenvalues, time, std::numeric_limits<double>::infinity());
    const auto check = check_spectrum(problem.comm(), network, now);
    if (check.value) note(eigenvalues, time, number(*check.value));
  }

  const BalanceProblem& problem;
  const Network& network;
  const ComponentSums& sums;
  InvariantParams params;
  SampledCycles cycles;
  std::vector<double> start_sums;  // per label
  double least_cost = std::numeric_limits<double>::infinity();
  std::vector<Invariant> found;
};

InvariantMonitor::InvariantMonitor(const BalanceProblem& problem, const Network& network, const Components& components,
                                   const ComponentSums& sums, std::span<const double> h, const InvariantParams& params)
    : body_(std::make_unique<Body>(problem, network, components, sums, h, params)) {}
InvariantMonitor::~InvariantMonitor() = default;

void InvariantMonitor::step(double time, std::span<const double> h, double cost) {
  body_->check_sum(time, h);
  body_->check_cost(time, cost);
}

void InvariantMonitor::output(double time, std::span<const double> h) {
  auto& b = *body_;
  const auto all = with_ghosts(b.network.halo, b.problem.to_network(h, 0.0));
  double size = 0;
  for (const double v : all) size = std::max(size, std::abs(v));
  const auto weight = [&](LocalIndex row, std::int64_t e) {
    return scaled_weight(b.network.weight[at(e)], all[at(b.network.column[at(e)])] - all[at(row)]);
  };
  b.check_cycles(time, b.problem.comm().max(size), weight);
  if (!b.found[Body::eigenvalues].watched) return;
  Network now = b.network;
  for (LocalIndex i = 0; i < now.local_size(); ++i) {
    for (auto e = now.row_ptr[at(i)]; e < now.row_ptr[at(i) + 1]; ++e) now.weight[at(e)] = weight(i, e);
  }
  b.check_eigenvalues(time, now);
}

void InvariantMonitor::output(double time, const Network& weights) {
  body_->check_cycles(time, 0, [&](LocalIndex, std::int64_t e) { return weights.weight[at(e)]; });
  body_->check_eigenvalues(time, weights);
}

void InvariantMonitor::tell(RunPart& part) const {
  part.put("least_cost", body_->least_cost);
  for (const auto& invariant : body_->found) {
    part.numbers["drift"].push_back(invariant.drift), part.numbers["time"].push_back(invariant.time);
  }
}

void InvariantMonitor::go_on_from(const RunPart& part) {
  body_->least_cost = part.number("least_cost");
  const auto drift = part.numbers.find("drift"), time = part.numbers.find("time");
  auto& found = body_->found;
  if (drift == part.numbers.end() || time == part.numbers.end()) return;
  if (drift->second.size() != found.size() || time->second.size() != found.size()) return;
  for (std::size_t k = 0; k < found.size(); ++k) found[k].drift = drift->second[k], found[k].time = time->second[k];
}

const std::vector<Invariant>& InvariantMonitor::invariants() const noexcept { return body_->found; }

std::vector<std::string> InvariantMonitor::violations() const {
  std::vector<std::string> lines;
  for (const auto& invariant : body_->found) {
    if (invariant.holds()) continue;
    lines.push_back(
        fmt::format("{}: off by {:.3g} at time {:.6g} (at most {:.3g} is allowed): ask for tighter tolerances",
                    invariant.name, invariant.drift, invariant.time, invariant.limit));
  }
  return lines;
}

}  // namespace synbal
