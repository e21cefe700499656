// Costs and imbalance straight from the weights.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "balance/verification/detail.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/factor.hpp"
#include "synbal/network/groups.hpp"

namespace synbal {

namespace {

/// Below this a double has fewer digits left: log ratios of such costs say nothing.
constexpr double kSmallestPrecise = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();

constexpr std::size_t kAhead = 16;  // entries whose columns are fetched while one is added

/// All that an entry needs of its column, in half a cache line.
struct Presynaptic {
  double mantissa = 1;      // e^{k_j h_j} = mantissa 2^exponent
  double squared_gain = 1;  // gain_j^2
  double out = 0;           // cost that leaves
  std::int32_t exponent = 0;
  std::int32_t label = 0;  // component as this rank numbers them; its complement where the neuron is pinned
};

/// Same component, and not both pinned.
bool counts(std::int32_t a, std::int32_t b) { return (a == b && a >= 0) || a == ~b; }

void set_labels(const Network& network, const Components& components, std::vector<Presynaptic>& columns) {
  std::vector<GlobalIndex> leaders;
  for (const auto leader : components.leader) {
    if (leaders.empty() || leaders.back() != leader) leaders.push_back(leader);
  }
  std::sort(leaders.begin(), leaders.end());
  leaders.erase(std::unique(leaders.begin(), leaders.end()), leaders.end());
  const auto n = at(network.local_size());
  std::vector<std::uint8_t> pinned(columns.size(), 0);
  std::copy(network.nodes.pinned.begin(), network.nodes.pinned.end(), pinned.begin());
  HaloExchange<std::uint8_t>(network.halo).forward(std::span(pinned).first(n), std::span(pinned).subspan(n));
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto place = std::lower_bound(leaders.begin(), leaders.end(), components.leader[j]) - leaders.begin();
    const auto label = static_cast<std::int32_t>(place);
    columns[j].label = pinned[j] != 0 ? ~label : label;
  }
}

/// Collective. `member` of the owned columns brought to the ghosts.
template <class T>
void bring(const Halo& halo, std::vector<Presynaptic>& columns, T Presynaptic::*member) {
  HaloExchange<T> exchange(halo);
  exchange.forward_begin([&](LocalIndex i) { return columns[at(i)].*member; });
  exchange.forward_end([&](LocalIndex g, T value) { columns[at(halo.owned_count() + g)].*member = value; });
}

std::vector<Presynaptic> presynaptic(const Network& network, const Components& components, std::span<const double> h) {
  std::vector<Presynaptic> columns(h.size() + network.halo.ghosts().size());
  const auto& nodes = network.nodes;
  for (std::size_t j = 0; j < h.size(); ++j) {
    const auto factor = factor_of((nodes.exponent.empty() ? 1.0 : nodes.exponent[j]) * h[j]);
    columns[j].mantissa = factor.mantissa;
    columns[j].exponent = factor.exponent;
    if (!nodes.gain.empty()) columns[j].squared_gain = nodes.gain[j] * nodes.gain[j];
  }
  set_labels(network, components, columns);
  bring(network.halo, columns, &Presynaptic::mantissa);
  bring(network.halo, columns, &Presynaptic::exponent);
  bring(network.halo, columns, &Presynaptic::squared_gain);
  return columns;
}

/// [n_local + ghosts] Leaders of the groups of tied neurons; empty where none are.
std::vector<GlobalIndex> groups_of_columns(const Comm& comm, const Network& network) {
  if (!comm.any(has_ties(network))) return {};
  auto label = network.nodes.group;
  label.resize(at(network.local_size()), kUntied);
  return with_ghosts(network.halo, group_leaders(comm, network, label));
}

/// Whether the self-loop of neuron i, and synapses inside its group, change with h: J_ii e^{(k - 1) h_i}. They enter
/// and leave then.
bool loop_changes(const Network& network, const Components& components, std::size_t i) {
  const auto& nodes = network.nodes;
  if (nodes.exponent.empty() || nodes.exponent[i] == 1 || components.on_cycle[i] == 0) return false;
  return nodes.pinned.empty() || nodes.pinned[i] == 0;
}

/// The cost that enters neuron i; what leaves its presynaptic neurons is added to them. `loop`: loop_changes().
double row_cost(const Network& network, const std::vector<GlobalIndex>& group, std::size_t i, bool loop, double h_i,
                double power, std::vector<Presynaptic>& columns, std::int64_t& entries) {
  const auto post = factor_of(-h_i);
  const auto label = columns[i].label;
  const auto last = network.column.size() - 1;
  double in = 0;
  for (auto e = at(network.row_ptr[i]); e < at(network.row_ptr[i + 1]); ++e) {
    __builtin_prefetch(&columns[at(network.column[std::min(e + kAhead, last)])], 1);
    const auto j = at(network.column[e]);
    auto& pre = columns[j];
    const bool inside = j == i || (!group.empty() && group[j] == group[i]);
    if (!(inside ? loop : counts(label, pre.label))) continue;
    const double weight =
        times_power_of_two(std::abs(network.weight[e]) * (pre.mantissa * post.mantissa), pre.exponent + post.exponent);
    const double factor = (network.alpha.empty() ? 1.0 : network.alpha[e]) * pre.squared_gain;
    if (factor == 0) continue;
    const double cost = factor * to_the(weight, power);
    in += cost;
    pre.out += cost;
    ++entries;
  }
  return in;
}

}  // namespace

DirectCosts direct_costs(const Comm& comm, const Network& network, const Components& components,
                         std::span<const double> h, double power) {
  const EventScope event(Event::recomputed);
  const auto n = at(network.local_size());
  auto columns = presynaptic(network, components, h);
  DirectCosts costs;
  costs.in.resize(n), costs.out.resize(n);
  const auto group = groups_of_columns(comm, network);
  std::int64_t entries = 0;
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const bool loop = loop_changes(network, components, i);
    costs.in[i] = row_cost(network, group, i, loop, h[i], power, columns, entries);
    total += costs.in[i];
  }
  HaloExchange<double> exchange(network.halo);
  exchange.reverse_begin([&](LocalIndex g) { return columns[n + at(g)].out; });
  exchange.reverse_end([&](LocalIndex j, double value) { columns[at(j)].out += value; });
  for (std::size_t i = 0; i < n; ++i) costs.out[i] = columns[i].out;
  costs.total = comm.sum(total);
  costs.entries = comm.sum(entries);
  return costs;
}

namespace {

/// Difference, mean and ratio of what comes in and k times what goes out, where a neuron is free; zeros where it is
/// not.
struct Neuron {
  double difference = 0, mean = 0, log_ratio = 0;
};

Neuron neuron(const Network& network, const DirectCosts& costs, std::size_t i) {
  const auto& nodes = network.nodes;
  if (!nodes.pinned.empty() && nodes.pinned[i] != 0) return {};
  const double in = costs.in[i];
  const double out = (nodes.exponent.empty() ? 1.0 : nodes.exponent[i]) * costs.out[i];
  const double mean = in / 2 + out / 2;
  return {std::abs(in - out), mean, mean >= kSmallestPrecise ? std::abs(std::log(in) - std::log(out)) : 0.0};
}

/// Collective. Tied neurons balance together: their costs, summed at their leaders.
DirectCosts costs_of_groups(const Comm& comm, const Network& network, const DirectCosts& costs) {
  const auto group = groups_of_columns(comm, network);
  if (!comm.any(!group.empty())) return costs;
  const Directory members(comm, network.rows, std::span(group).first(costs.in.size()));
  const auto add = [](double a, double b) { return a + b; };
  return {members.reduce(costs.in, 0.0, add), members.reduce(costs.out, 0.0, add), costs.total, costs.entries};
}

}  // namespace

Imbalance direct_imbalance(const Comm& comm, const Network& network, const DirectCosts& of_neurons) {
  const auto costs = costs_of_groups(comm, network, of_neurons);
  if (costs.total == 0) return {};
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  if (!std::isfinite(costs.total)) return {undefined, undefined, undefined, undefined};
  std::array<double, 3> maxima{};
  for (std::size_t i = 0; i < costs.in.size(); ++i) {
    const auto v = neuron(network, costs, i);
    maxima[0] = std::max(maxima[0], v.difference);
    maxima[1] = std::max(maxima[1], v.mean);
    maxima[2] = std::max(maxima[2], v.log_ratio);
  }
  comm.max(std::span<double>(maxima));
  if (maxima[1] == 0) return {};
  std::array<double, 3> sums{};  // relative to the largest mean, so that squares stay in range
  for (std::size_t i = 0; i < costs.in.size(); ++i) {
    const auto v = neuron(network, costs, i);
    sums[0] += v.difference;
    sums[1] += (v.difference / maxima[1]) * (v.difference / maxima[1]);
    sums[2] += (v.mean / maxima[1]) * (v.mean / maxima[1]);
  }
  comm.sum(std::span<double>(sums));
  return {sums[0] / costs.total, std::sqrt(sums[1] / sums[2]), maxima[0] / maxima[1], maxima[2]};
}

}  // namespace synbal
