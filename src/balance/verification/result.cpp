// Checks of what a result says per neuron and of itself: input, h, labels, costs, imbalance.
#include "balance/verification/detail.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/groups.hpp"

namespace synbal {

using namespace verification;

namespace {

constexpr double kGauge = 1e-10;         // |sum h| relative to n + sum |h|
constexpr double kStoredCosts = 1e-10;   // relative, per neuron
constexpr double kRounding = 64 * kEps;  // of sums of costs that were each computed to a few eps

bool is_pinned(const Network& network, std::size_t i) {
  return !network.nodes.pinned.empty() && network.nodes.pinned[i] != 0;
}

}  // namespace

std::string to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "PASS";
    case Outcome::failed:
      return "FAIL";
    default:
      return "skip";
  }
}

Check check_input(const Network& network, const Claims& claims) {
  Check check{.name = "input is the same file", .outcome = Outcome::failed, .value = {}, .limit = {}, .note = {}};
  const auto& facts = network.facts;
  if (claims.n != network.size() || claims.nnz != network.nnz) {
    check.note = fmt::format("made from {} neurons and {} synapses, this network has {} and {}", claims.n, claims.nnz,
                             network.size(), network.nnz);
  } else if (claims.input_size != facts.file_size) {
    check.note = fmt::format("made from {} bytes, this file has {}", claims.input_size, facts.file_size);
  } else if (claims.input_checksum != facts.checksum) {
    check.note =
        fmt::format("made from a file with checksum {}, this one has {}", claims.input_checksum, facts.checksum);
  } else {
    check.outcome = Outcome::passed;
    check.note = facts.checksum;
  }
  return check;
}

Check check_fixed_neurons(const Comm& comm, const Network& network, const Components& components,
                          std::span<const double> h) {
  Worst worst;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const auto where = network.file_index(static_cast<LocalIndex>(i));
    if (!std::isfinite(h[i])) worst.meet(std::numeric_limits<double>::infinity(), where);
    if (is_pinned(network, i) || components.on_cycle[i] == 0) worst.meet(std::abs(h[i]), where);
  }
  worst = worst_over(comm, worst);
  return bounded("h = 0 where pinned or on no cycle", worst.value, 0, at_neuron(worst));
}

Check check_ties(const Comm& comm, const Network& network, std::span<const double> h) {
  const std::string name = "tied neurons share one h";
  if (!comm.any(has_ties(network))) return skipped(name, "no neurons are tied");
  auto label = network.nodes.group;
  label.resize(h.size(), kUntied);
  const Directory leaders(comm, network.rows, group_leaders(comm, network, label));
  const auto of_leader = leaders.fetch(std::vector<double>(h.begin(), h.end()));
  Worst worst;
  for (std::size_t i = 0; i < h.size(); ++i) {
    worst.meet(std::abs(h[i] - of_leader[i]), network.file_index(static_cast<LocalIndex>(i)));
  }
  worst = worst_over(comm, worst);
  return bounded(name, worst.value, 0, at_neuron(worst));
}

Check check_gauge(const Comm& comm, const Network& network, const Components& components, std::span<const double> h) {
  const auto n = h.size();
  const Directory members(comm, network.rows, std::span(components.leader).first(n));
  std::vector<double> size(n, 1.0), size_of_h(n), fixed(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    size_of_h[i] = std::abs(h[i]);
    fixed[i] = is_pinned(network, i) ? 1 : 0;
  }
  const auto add = [](double a, double b) { return a + b; };
  const auto neurons = members.reduce(size, 0.0, add);
  const auto sum = members.reduce(h, 0.0, add);
  const auto spread = members.reduce(size_of_h, 0.0, add);
  const auto pinned = members.reduce(fixed, 0.0, add);
  Worst worst;
  for (std::size_t i = 0; i < n; ++i) {
    if (neurons[i] == 0 || pinned[i] > 0) continue;
    worst.meet(std::abs(sum[i]) / (neurons[i] + spread[i]), network.file_index(static_cast<LocalIndex>(i)));
  }
  worst = worst_over(comm, worst);
  return bounded("h sums to 0 in each component", worst.value, kGauge,
                 worst.neuron < 0 ? "" : fmt::format("worst in the component of neuron {}", worst.neuron));
}

namespace {

/// Collective. How many keys of this network carry more than one value.
std::int64_t ambiguous(const Comm& comm, const Ownership& rows, std::span<const GlobalIndex> keys,
                       std::span<const std::int64_t> values) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const Directory items(comm, rows, keys);
  const auto low = items.reduce(values, most, [](auto a, auto b) { return std::min(a, b); });
  const auto high = items.reduce(values, -1, [](auto a, auto b) { return std::max(a, b); });
  std::int64_t count = 0;
  for (std::size_t k = 0; k < low.size(); ++k) count += low[k] < high[k] ? 1 : 0;
  return comm.sum(count);
}

}  // namespace

Check check_labels(const Comm& comm, const Network& network, const Components& components,
                   std::span<const std::int64_t> labels) {
  const std::string name = "component labels";
  const auto outside = comm.sum(static_cast<std::int64_t>(
      std::count_if(labels.begin(), labels.end(), [&](std::int64_t l) { return l < 0 || l >= components.count; })));
  if (outside > 0) {
    return bounded(
        name, static_cast<double>(outside), 0,
        fmt::format("labels outside 0..{}: there are {} components", components.count - 1, components.count));
  }
  // The labels are the components when each component has one label and each label one component.
  const auto leaders = std::span(components.leader).first(labels.size());
  const auto wrong = ambiguous(comm, network.rows, leaders, labels) + ambiguous(comm, network.rows, labels, leaders);
  return bounded(
      name, static_cast<double>(wrong), 0,
      wrong > 0 ? "components torn apart or joined by their labels"
                : fmt::format("{} components, {} of more than one neuron", components.count, components.nontrivial));
}

Check check_stored_costs(const Comm& comm, const Network& network, const std::string& name,
                         std::span<const double> stored, std::span<const double> recomputed, double total) {
  // Where doubles run out of digits, and far below what any sum can feel, a deviation counts against this floor.
  constexpr double smallest = std::numeric_limits<double>::min() / kEps;
  const double floor = std::max(smallest, std::isfinite(total) ? kEps * kEps * total : 0.0);
  Worst worst;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i] == recomputed[i]) continue;
    const double size = std::max({std::abs(stored[i]), recomputed[i], floor});
    worst.meet(std::abs(stored[i] - recomputed[i]) / size, network.file_index(static_cast<LocalIndex>(i)));
  }
  worst = worst_over(comm, worst);
  return bounded(name, worst.value, kStoredCosts, at_neuron(worst));
}

Check check_imbalance(const Imbalance& imbalance, const DirectCosts& costs, const Claims& claims) {
  const std::string name = "imbalance |in - out| / cost";
  if (!std::isfinite(costs.total)) return skipped(name, "the costs exceed the range of doubles");
  constexpr double least = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  if (costs.total < least && costs.entries > 0) return skipped(name, "the costs are below the range of whole doubles");
  if (!claims.converged) {
    return {name, Outcome::passed, imbalance.l1, {}, "the result does not claim convergence"};
  }
  return bounded(name, imbalance.l1, 1.01 * claims.tolerance + kRounding);
}

Check check_cost(const DirectCosts& before, const DirectCosts& after) {
  const auto note = fmt::format("{:.10g} before, {:.10g} after", before.total, after.total);
  if (before.total == 0) return bounded("cost not above that at h = 0", after.total, 0, note);
  if (std::isinf(before.total)) return skipped("cost not above that at h = 0", note);
  return bounded("cost not above that at h = 0", after.total / before.total, 1 + kRounding, note);
}

}  // namespace synbal
