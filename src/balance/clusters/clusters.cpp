// Synapses that are strong for both their ends link them; a ladder of thresholds says what is strong.
#include "balance/clusters/clusters.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "synbal/balance/edges.hpp"
#include "synbal/network/linked_sets.hpp"

namespace synbal {

namespace {

// Single neurons see cuts above the second rung to what a judgement needs, and those above the third on the way. The
// first is for those who need clusters anyway: the stiffer they are inside, the less the two levels disturb each other.
constexpr std::array<double, 5> kLadder{1e-3, 1e-6, 1e-9, 1e-11, 1e-14};
constexpr std::array<double, 3> kModuleLadder{0.1, 0.03, 0.01};
constexpr GlobalIndex kNeuronsPerCluster = 8;  // fewer on average: a coarse problem would be no relief

/// What a neuron carries, and the factor of its outgoing costs, for owned ones and ghosts.
struct Carried {
  std::vector<double> pre, cost;
};

Carried carried(const BalanceProblem& problem, const NeuronCosts& costs) {
  std::vector<double> own(at(problem.size()));
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = costs.in[i] + costs.out[i];
  return {with_ghosts<double>(problem, costs.pre), with_ghosts(problem.halo(), std::move(own))};
}

/// A synapse from j to i of cost c links them when strong(i, j, c), one from or to a pinned neuron when grounds(i, c).
template <class Strong, class Grounds>
Clusters linked(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> pre, double theta,
                Strong&& strong, Grounds&& grounds) {
  LinkedSets sets(problem.comm(), problem.neurons(), problem.halo());
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    if (sets.seen_together(i, j)) return;  // before costs are looked up: most are
    if (strong(i, j, c * pre[at(j)] * costs.post[at(i)])) sets.link(i, j);
  });
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const double entering = problem.from_pinned(i) * costs.post[at(i)];
    const double leaving = problem.to_pinned(i) * costs.pre[at(i)];
    if (entering + leaving > 0 && grounds(i, entering, leaving)) sets.link_to_ground(i);
  }
  auto found = sets.labels();
  found.label.resize(at(problem.size()));
  return {std::move(found.label), found.ground, found.count, theta};
}

/// A synapse links its neurons when its cost is at least theta times measure(what both carry).
template <class Measure>
Clusters clusters_at(const BalanceProblem& problem, const NeuronCosts& costs, const Carried& all, double theta,
                     Measure&& measure) {
  return linked(
      problem, costs, all.pre, theta,
      [&](LocalIndex i, LocalIndex j, double c) { return c >= theta * measure(all.cost[at(i)], all.cost[at(j)]); },
      [&](LocalIndex i, double entering, double leaving) { return entering + leaving >= theta * all.cost[at(i)]; });
}

/// The first rung at which there are more clusters than pieces, but few.
template <class Ladder, class Measure>
Clusters climb(const BalanceProblem& problem, const NeuronCosts& costs, std::int64_t pieces, const Ladder& ladder,
               Measure&& measure) {
  if (problem.comm().any(!problem.exponent().empty()) || problem.global_size() == 0) return {};
  const auto all = carried(problem, costs);
  for (const double theta : ladder) {
    auto clusters = clusters_at(problem, costs, all, theta, measure);
    const auto free = clusters.count - (clusters.grounded >= 0 ? 1 : 0);
    if (free == pieces) return {};
    if (free <= std::max<GlobalIndex>(problem.global_size() / kNeuronsPerCluster, 64)) return clusters;
  }
  return {};
}

Clusters clusters_from(std::size_t rung, const BalanceProblem& problem, const NeuronCosts& costs,
                       const ComponentSums& components) {
  return climb(problem, costs, components.nullity(), std::span(kLadder).subspan(rung),
               [](double a, double b) { return std::max(a, b); });
}

}  // namespace

Clusters find_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components) {
  return clusters_from(1, problem, costs, components);
}

Clusters find_stiff_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components,
                             bool many, double below) {
  const auto highest = std::find_if(kLadder.begin(), kLadder.end(), [&](double theta) { return theta < below; });
  const auto first = static_cast<std::size_t>(highest - kLadder.begin());
  auto found = clusters_from(std::max<std::size_t>(many ? 1 : 2, first), problem, costs, components);
  return found.trivial() ? std::move(found) : clusters_from(first, problem, costs, components);
}

Clusters clusters_above(const BalanceProblem& problem, const NeuronCosts& costs, double least) {
  return linked(
      problem, costs, with_ghosts<double>(problem, costs.pre), least,
      [&](LocalIndex, LocalIndex, double c) { return c > least; },
      [&](LocalIndex, double entering, double leaving) { return std::max(entering, leaving) > least; });
}

Clusters find_modules(const BalanceProblem& problem, const NeuronCosts& costs, std::int64_t pieces) {
  return climb(problem, costs, pieces, kModuleLadder, [](double a, double b) { return std::min(a, b); });
}

Clusters find_loose_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components) {
  auto modules = find_modules(problem, costs, components.nullity());
  return modules.trivial() ? clusters_from(0, problem, costs, components) : std::move(modules);
}

}  // namespace synbal
