// Whether clusters are balanced over their own cuts, straight from the weights: in - out of single neurons cannot tell
// where a cut is weaker than the rounding of the costs inside.
#include <array>

#include "balance/verification/detail.hpp"
#include "synbal/network/linked_sets.hpp"

namespace synbal {

using namespace verification;

namespace {

constexpr std::array<double, 8> kThresholds{1e-4, 1e-7, 1e-10, 1e-14, 1e-20, 1e-40, 1e-80, 1e-160};
constexpr double kLogRatio = 1e-6;  // what a step of the default tolerance does to a cut, and a hundredfold

/// Logarithms of costs, for every local column what its neuron contributes and carries.
class LogCosts {
 public:
  LogCosts(const Network& network, const Components& components, const DirectCosts& costs, std::span<const double> h,
           double power)
      : network_(network), components_(components), power_(power), h_(h), pre_(column_logs(network, h)) {
    const auto n = h.size();
    carried_.resize(pre_.size()), pinned_.resize(pre_.size());
    for (std::size_t i = 0; i < n; ++i) {
      pre_[i] *= power;
      if (!network.nodes.gain.empty()) pre_[i] += 2 * std::log(network.nodes.gain[i]);
      carried_[i] = std::log(costs.in[i] + costs.out[i]);
      pinned_[i] = !network.nodes.pinned.empty() && network.nodes.pinned[i] != 0 ? 1 : 0;
    }
    HaloExchange<double> exchange(network.halo);
    exchange.forward(std::span(pre_).first(n), std::span(pre_).subspan(n));
    exchange.forward(std::span(carried_).first(n), std::span(carried_).subspan(n));
    HaloExchange<std::uint8_t>(network.halo).forward(std::span(pinned_).first(n), std::span(pinned_).subspan(n));
  }

  [[nodiscard]] bool pinned(LocalIndex column) const { return pinned_[at(column)] != 0; }

  /// visit(i, j, log cost, log of what the end that carries more carries) for this rank's synapses that can change.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (LocalIndex i = 0; i < network_.local_size(); ++i) {
      for (auto e = at(network_.row_ptr[at(i)]); e < at(network_.row_ptr[at(i) + 1]); ++e) {
        const auto j = network_.column[e];
        if (i == j || components_.leader[at(i)] != components_.leader[at(j)] || (pinned(i) && pinned(j))) continue;
        const double log_alpha = network_.alpha.empty() ? 0.0 : std::log(network_.alpha[e]);
        const double log_cost = power_ * (std::log(std::abs(network_.weight[e])) - h_[at(i)]) + pre_[at(j)] + log_alpha;
        if (std::isinf(log_cost)) continue;  // costs nothing
        visit(i, j, log_cost, std::max(carried_[at(i)], carried_[at(j)]));
      }
    }
  }

 private:
  const Network& network_;
  const Components& components_;
  double power_;
  std::span<const double> h_;
  std::vector<double> pre_, carried_;
  std::vector<std::uint8_t> pinned_;
};

struct CutSums {
  std::vector<double> in, out;  // [n] of each neuron, what crosses the border of its cluster
};

CutSums cut_sums(const Network& network, const LogCosts& costs, const LinkedSets::Labels& labels) {
  const auto n = at(network.local_size());
  std::vector<double> out(labels.label.size(), 0.0);
  CutSums sums{std::vector<double>(n, 0.0), {}};
  costs.for_each([&](LocalIndex i, LocalIndex j, double log_cost, double) {
    if (labels.label[at(i)] == labels.label[at(j)]) return;
    const double cost = std::exp(log_cost);
    sums.in[at(i)] += cost, out[at(j)] += cost;
  });
  HaloExchange<double> exchange(network.halo);
  exchange.reverse_begin([&](LocalIndex g) { return out[n + at(g)]; });
  exchange.reverse_end([&](LocalIndex j, double value) { out[at(j)] += value; });
  sums.out.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
  return sums;
}

/// Collective. The worst |log(in/out)| over the cuts of the clusters at one threshold; false when there is one cluster
/// per component (deeper thresholds find no other).
bool judge_cuts(const Comm& comm, const Network& network, const LogCosts& costs, double threshold, GlobalIndex pieces,
                Worst& worst) {
  LinkedSets sets(comm, network.rows, network.halo);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    if (costs.pinned(i)) sets.link_to_ground(i);
  }
  const double log_threshold = std::log(threshold);
  costs.for_each([&](LocalIndex i, LocalIndex j, double log_cost, double log_carried) {
    if (log_cost >= log_threshold + log_carried) sets.link(i, j);
  });
  const auto labels = sets.labels();
  if (labels.count <= pieces) return false;
  const auto sums = cut_sums(network, costs, labels);
  const KeyedReduction reduction(comm, network.rows, std::span(labels.label).first(sums.in.size()));
  const auto add = [](double a, double b) { return a + b; };
  const auto in = reduction.combine<double>(sums.in, 0.0, add);
  const auto out = reduction.combine<double>(sums.out, 0.0, add);
  constexpr double least = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool ground = network.rows.first() + static_cast<GlobalIndex>(i) == labels.ground;
    if (ground || std::max(in[i], out[i]) < least) continue;
    worst.meet(std::abs(std::log(in[i]) - std::log(out[i])), network.file_index(static_cast<LocalIndex>(i)));
  }
  return true;
}

}  // namespace

Check check_cuts(const Comm& comm, const Network& network, const Components& components, const DirectCosts& costs,
                 std::span<const double> h, const Claims& claims) {
  const std::string name = "cuts |log(in/out)|";
  if (any_exponent(comm, network)) return skipped(name, "only for exponents of 1");
  if (!std::isfinite(costs.total)) return skipped(name, "the costs exceed the range of doubles");
  const LogCosts logs(network, components, costs, h, claims.power);
  Worst worst;
  int levels = 0;
  for (const double threshold : kThresholds) {
    if (!judge_cuts(comm, network, logs, threshold, components.count, worst)) break;
    ++levels;
  }
  worst = worst_over(comm, worst);
  const auto note =
      levels == 0
          ? std::string("no weak cuts")
          : fmt::format("clusters at {} thresholds from {:.0e}{}", levels, kThresholds.front(),
                        worst.neuron < 0 ? "" : fmt::format("; worst in that of neuron {} (from 0)", worst.neuron));
  if (!claims.converged) return {name, Outcome::passed, worst.value, {}, note};
  return bounded(name, worst.value, std::max(kLogRatio, 1e4 * claims.tolerance), note);
}

}  // namespace synbal
