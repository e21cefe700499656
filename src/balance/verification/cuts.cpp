// Whether clusters are balanced over their own cuts, straight from the weights: in - out of single neurons cannot tell
// where a cut is weaker than the rounding of the costs inside.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "balance/verification/detail.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/linked_sets.hpp"

namespace synbal {

using namespace verification;

namespace {

constexpr std::array<double, 8> kThresholds{1e-4, 1e-7, 1e-10, 1e-14, 1e-20, 1e-40, 1e-80, 1e-160};
constexpr double kLogRatio = 1e-6;  // what a step of the default tolerance does to a cut, and a hundredfold

constexpr double kNothing = -std::numeric_limits<double>::infinity();  // the logarithm of no cost

/// Collective. [columns] What ranks say of the neurons that they see is combined at the owners.
template <class Combine>
void combine_at_owners(HaloExchange<double>& exchange, std::span<double> columns, std::size_t owned,
                       Combine&& combine) {
  exchange.reverse_begin([&](LocalIndex g) { return columns[owned + at(g)]; });
  exchange.reverse_end([&](LocalIndex j, double value) { columns[at(j)] = combine(columns[at(j)], value); });
}

double larger(double a, double b) { return std::max(a, b); }

/// Logarithms of costs, for every local column what its neuron contributes and carries.
class LogCosts {
 public:
  LogCosts(const Comm& comm, const Network& network, const Components& components, const DirectCosts& costs,
           std::span<const double> h, double power)
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
    HaloExchange<std::uint8_t>(network.halo).forward(std::span(pinned_).first(n), std::span(pinned_).subspan(n));
    exchange.forward(std::span(pre_).first(n), std::span(pre_).subspan(n));
    constexpr double least = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
    const auto imprecise = [&](double log_cost) { return log_cost < std::log(least) || std::isinf(log_cost); };
    if (comm.any(std::any_of(carried_.begin(), carried_.begin() + static_cast<std::ptrdiff_t>(n), imprecise)))
      carry_largest(exchange, n);
    exchange.forward(std::span(carried_).first(n), std::span(carried_).subspan(n));
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
  /// Collective. Where doubles cannot hold what neurons carry, the largest of its terms stands for the sum.
  void carry_largest(HaloExchange<double>& exchange, std::size_t n) {
    std::vector<double> most(pre_.size(), kNothing);
    for_each([&](LocalIndex i, LocalIndex j, double log_cost, double) {
      most[at(i)] = std::max(most[at(i)], log_cost), most[at(j)] = std::max(most[at(j)], log_cost);
    });
    combine_at_owners(exchange, most, n, larger);
    carried_ = std::move(most);
  }

  const Network& network_;
  const Components& components_;
  double power_;
  std::span<const double> h_;
  std::vector<double> pre_, carried_;
  std::vector<std::uint8_t> pinned_;
};

/// The cuts of clusters in units of their own largest costs: whatever a double can hold of the network's.
class Cuts {
 public:
  Cuts(const Comm& comm, const Network& network, const LogCosts& costs, const LinkedSets::Labels& labels)
      : owned_(at(network.local_size())),
        costs_(costs),
        label_(labels.label),
        exchange_(network.halo),
        members_(comm, network.rows, std::span(labels.label).first(owned_)),
        log_unit_(label_.size(), kNothing) {
    find_units();
    sum();
  }

  /// |log(in/out)| of neuron i's cluster; nothing when no cost crosses its border.
  [[nodiscard]] std::optional<double> log_ratio(std::size_t i) const {
    if (std::isinf(log_unit_[i])) return {};
    return std::abs(std::log(in_[i]) - std::log(out_[i]));
  }

 private:
  /// visit(i, j, log cost) for this rank's synapses between two clusters.
  template <class Visit>
  void for_each_between(Visit&& visit) const {
    costs_.for_each([&](LocalIndex i, LocalIndex j, double log_cost, double) {
      if (label_[at(i)] != label_[at(j)]) visit(i, j, log_cost);
    });
  }

  void find_units() {
    for_each_between([&](LocalIndex i, LocalIndex j, double log_cost) {
      log_unit_[at(i)] = std::max(log_unit_[at(i)], log_cost), log_unit_[at(j)] = std::max(log_unit_[at(j)], log_cost);
    });
    combine_at_owners(exchange_, log_unit_, owned_, larger);
    const auto units = over_clusters(std::span(log_unit_).first(owned_), kNothing, larger);
    std::copy(units.begin(), units.end(), log_unit_.begin());
    exchange_.forward(std::span(log_unit_).first(owned_), std::span(log_unit_).subspan(owned_));
  }

  void sum() {
    const auto add = [](double a, double b) { return a + b; };
    std::vector<double> in(owned_, 0.0), out(label_.size(), 0.0);
    for_each_between([&](LocalIndex i, LocalIndex j, double log_cost) {
      in[at(i)] += std::exp(log_cost - log_unit_[at(i)]), out[at(j)] += std::exp(log_cost - log_unit_[at(j)]);
    });
    combine_at_owners(exchange_, out, owned_, add);
    in_ = over_clusters(in, 0.0, add), out_ = over_clusters(std::span(out).first(owned_), 0.0, add);
  }

  /// [owned] The values of each neuron's cluster combined.
  template <class Combine>
  [[nodiscard]] std::vector<double> over_clusters(std::span<const double> values, double neutral,
                                                  Combine&& combine) const {
    return members_.fetch(members_.reduce(values, neutral, combine));
  }

  std::size_t owned_;
  const LogCosts& costs_;
  const std::vector<GlobalIndex>& label_;  // [columns]
  HaloExchange<double> exchange_;
  Directory members_;
  std::vector<double> log_unit_;  // [columns]
  std::vector<double> in_, out_;  // [owned]
};

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
  const Cuts cuts(comm, network, costs, labels);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const bool ground = labels.label[at(i)] == labels.ground;  // which nothing moves
    if (const auto ratio = cuts.log_ratio(at(i)); ratio && !ground) worst.meet(*ratio, network.file_index(i));
  }
  return true;
}

}  // namespace

Check check_cuts(const Comm& comm, const Network& network, const Components& components, const DirectCosts& costs,
                 std::span<const double> h, const Claims& claims) {
  const std::string name = "cuts |log(in/out)|";
  if (any_exponent(comm, network)) return skipped(name, "only for exponents of 1");
  const LogCosts logs(comm, network, components, costs, h, claims.power);
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
