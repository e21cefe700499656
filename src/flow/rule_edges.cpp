// From the network's entries to edges between slots.
#include "flow/rule_edges.hpp"

#include <fmt/format.h>

#include "synbal/core/agree.hpp"

namespace synbal::rule {

namespace {

/// [n_local + ghosts] Global number of each column among the active neurons; -1 where h stays 0.
std::vector<std::int64_t> active_numbers(const BalanceProblem& problem, const Network& network) {
  std::vector<std::int64_t> number(at(network.local_size()), -1);
  for (std::size_t k = 0; k < problem.network_row().size(); ++k) {
    number[at(problem.network_row()[k])] = problem.neurons().first() + static_cast<GlobalIndex>(k);
  }
  return with_ghosts(network.halo, std::move(number));
}

}  // namespace

RuleEdges::RuleEdges(const BalanceProblem& problem, const Network& network, const Components& components, Scope scope)
    : owned(at(problem.size())) {
  collect(problem, network, components, scope);
  number(problem, network);
}

// row and column are those of the network for now. Balancing sees an entry as driving exactly when its ends share a
// component, are not both pinned, and it costs something: the pinned neurons' component has one leader for all its
// members.
void RuleEdges::collect(const BalanceProblem& problem, const Network& network, const Components& components,
                        Scope scope) {
  auto flags = network.nodes.pinned;
  flags.resize(at(network.local_size()), 0);
  const auto pinned = with_ghosts(network.halo, std::move(flags));
  const auto active = active_numbers(problem, network);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      const bool loop = i == j && (network.nodes.exponent.empty() || network.nodes.exponent[at(i)] == 1);
      if (loop || (active[at(i)] < 0 && active[at(j)] < 0)) continue;  // such loops never change
      const bool drives = components.leader[at(i)] == components.leader[at(j)] && (pinned[at(i)] + pinned[at(j)] < 2) &&
                          !problem.free_synapses()(e);
      if (scope == Scope::driving && !drives) continue;
      row.push_back(i);
      column.push_back(j);
      entry.push_back(e);
      if (scope == Scope::changing) driving.push_back(drives ? 1 : 0);
    }
  }
}

void RuleEdges::number(const BalanceProblem& problem, const Network& network) {
  if (problem.comm().any(!network.nodes.gain.empty())) {
    auto logs = network.nodes.gain;
    logs.resize(at(network.local_size()), 1.0);
    for (double& v : logs) v = 2 * std::log(v);
    logs = with_ghosts(network.halo, std::move(logs));
    for (const auto j : column) log_alpha.push_back(logs[at(j)]);
  }
  log_alpha.resize(network.alpha.empty() ? log_alpha.size() : column.size(), 0.0);
  for (std::size_t e = 0; !network.alpha.empty() && e < column.size(); ++e) {
    log_alpha[e] += std::log(network.alpha[at(entry[e])]);
  }
  const auto active = active_numbers(problem, network);
  const auto& own = problem.neurons();
  std::vector<GlobalIndex> ghosts;
  for (const auto j : column) {
    if (active[at(j)] >= 0 && !own.owns(active[at(j)])) ghosts.push_back(active[at(j)]);
  }
  std::sort(ghosts.begin(), ghosts.end());
  ghosts.erase(std::unique(ghosts.begin(), ghosts.end()), ghosts.end());
  halo = Halo(problem.comm(), own, ghosts);
  const auto slot = [&](LocalIndex network_column) -> LocalIndex {
    const auto g = active[at(network_column)];
    if (g < 0) return static_cast<LocalIndex>(slots() - 1);
    if (own.owns(g)) return static_cast<LocalIndex>(g - own.first());
    return static_cast<LocalIndex>(owned + at(std::lower_bound(ghosts.begin(), ghosts.end(), g) - ghosts.begin()));
  };
  for (auto& i : row) i = slot(i);
  for (auto& j : column) j = slot(j);
}

std::vector<double> RuleEdges::spread(std::span<const double> values, double fixed) const {
  auto all = with_ghosts(halo, values);
  all.push_back(fixed);
  return all;
}

void RuleEdges::gather_sums(std::vector<double>& slots) const {
  HaloExchange<double> exchange(halo);
  exchange.reverse_begin([&](LocalIndex ghost) { return slots[owned + at(ghost)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { slots[at(i)] += value; });
}

LocalGradient::LocalGradient(const BalanceProblem& problem, LocalRule rule)
    : problem_(&problem), rule_(std::move(rule)) {
  agreed(problem.comm(), [&] {
    if (!rule_.contribution)
      throw usage_error(fmt::format("rule '{}' has no contribution: set LocalRule::contribution", rule_.name));
    for (LocalIndex i = 0; i < problem.size() && !rule_.is_gradient_flow(); ++i) {
      if (problem.exponent(i) == 1) continue;
      throw bad_input(fmt::format(
          "exponent {} of a neuron with the rule '{}' (only differences of sums have a known meaning there): use the "
          "rule 'cost' or 'product', or leave the exponents 1",
          problem.exponent(i), rule_.name));
    }
  });
}

}  // namespace synbal::rule
