// Synapses that are strong for both their ends link them; a ladder of thresholds says what is strong.
#include "balance/clusters/clusters.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

// Single neurons see cuts above the second rung to what a judgement needs, and those above the third on the way. The
// first is for those who need clusters anyway: the stiffer they are inside, the less the two levels disturb each other.
constexpr std::array<double, 5> kLadder{1e-3, kSeenByNeurons, 1e-9, 1e-11, 1e-14};
constexpr std::array<double, 3> kModuleLadder{0.1, 0.03, 0.01};
constexpr double kMuch = 1e-3;                 // of what a neuron carries, in one synapse
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

/// A cost at the base below which no synapse can cost more than `least`: no factors of its ends are that large.
double least_at_base(double least, std::span<const double> pre, std::span<const double> post) {
  if (pre.empty() || post.empty()) return 0;
  return least / (std::ranges::max(pre) * std::ranges::max(post)) * (1 - 8 * kEps);
}

/// A synapse from j to i of cost c links them when strong(i, j, c), one from or to a pinned neuron when grounds(i, c).
/// None does that costs less than `least`.
template <class Strong, class Grounds>
void link_strong(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> pre, LinkedSets& sets,
                 double least, Strong&& strong, Grounds&& grounds) {
  const double too_little = least_at_base(least, pre, costs.post);
  for_each_edge_until(
      problem, [&] { return sets.all_together(); },
      [&](LocalIndex i, LocalIndex j, double c) {
        if (c < too_little || sets.seen_together(i, j)) return;  // before factors are looked up: most are
        if (strong(i, j, c * pre[at(j)] * costs.post[at(i)])) sets.link(i, j);
      },
      [&](LocalIndex j) { sets.prefetch(j); });
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const double entering = problem.from_pinned(i) * costs.post[at(i)];
    const double leaving = problem.to_pinned(i) * costs.pre[at(i)];
    if (entering + leaving > 0 && grounds(i, entering, leaving)) sets.link_to_ground(i);
  }
}

/// Collective.
Clusters clusters_of(const BalanceProblem& problem, LinkedSets& sets, double theta) {
  auto found = sets.labels();
  found.label.resize(at(problem.size()));
  return {std::move(found.label), found.ground, found.count, theta};
}

/// Collective. Links neurons that are linked to nobody to where their strongest input comes from, if that is much of
/// what they carry: it comes from one that carries far more, so that no two of them lead to each other, and as each has
/// one such link, no way leads through them from one cluster to another.
void attach_lone(const BalanceProblem& problem, const NeuronCosts& costs, const Carried& all, LinkedSets& sets) {
  const auto lone = sets.lone();
  if (!problem.comm().any(std::ranges::count(lone, 1) > 0)) return;
  struct Input {
    double cost = 0;
    LocalIndex from = -1;
  };
  std::vector<Input> strongest(lone.size());
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    if (lone[at(i)] == 0 || i == j) return;
    const double cost = c * all.pre[at(j)] * costs.post[at(i)];
    if (cost > strongest[at(i)].cost) strongest[at(i)] = {cost, j};
  });
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto& input = strongest[at(i)];
    if (input.from >= 0 && input.cost >= kMuch * all.cost[at(i)]) sets.link(i, input.from);
  }
}

enum class Lone { apart, attached };

/// A synapse links its neurons when its cost is at least theta times measure(what both carry).
template <class Measure>
Clusters clusters_at(const BalanceProblem& problem, const NeuronCosts& costs, const Carried& all, double theta,
                     Measure&& measure, Lone lone) {
  LinkedSets sets(problem.comm(), problem.neurons(), problem.halo());
  link_strong(
      problem, costs, all.pre, sets, 0.0,
      [&](LocalIndex i, LocalIndex j, double c) { return c >= theta * measure(all.cost[at(i)], all.cost[at(j)]); },
      [&](LocalIndex i, double entering, double leaving) { return entering + leaving >= theta * all.cost[at(i)]; });
  if (lone == Lone::attached) attach_lone(problem, costs, all, sets);
  return clusters_of(problem, sets, theta);
}

/// The first rung at which there are more clusters than pieces, but few.
template <class Ladder, class Measure>
Clusters climb(const BalanceProblem& problem, const NeuronCosts& costs, std::int64_t pieces, const Ladder& ladder,
               Measure&& measure, Lone lone = Lone::apart) {
  if (problem.comm().any(!problem.exponent().empty()) || problem.global_size() == 0) return {};
  const auto all = carried(problem, costs);
  for (const double theta : ladder) {
    auto clusters = clusters_at(problem, costs, all, theta, measure, lone);
    const auto free = clusters.count - (clusters.grounded >= 0 ? 1 : 0);
    if (free == pieces) return {};
    if (free <= std::max<GlobalIndex>(problem.global_size() / kNeuronsPerCluster, 64)) return clusters;
  }
  return {};
}

Clusters clusters_from(std::size_t rung, const BalanceProblem& problem, const NeuronCosts& costs,
                       const ComponentSums& components, Lone lone = Lone::apart) {
  return climb(
      problem, costs, components.nullity(), std::span(kLadder).subspan(rung),
      [](double a, double b) { return std::max(a, b); }, lone);
}

}  // namespace

Clusters find_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components) {
  return clusters_from(1, problem, costs, components);
}

bool has_weak_cuts(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components) {
  return !clusters_from(1, problem, costs, components, Lone::attached).trivial();
}

Clusters find_stiff_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components,
                             bool many, double below) {
  const auto highest = std::find_if(kLadder.begin(), kLadder.end(), [&](double theta) { return theta < below; });
  const auto first = static_cast<std::size_t>(highest - kLadder.begin());
  auto found = clusters_from(std::max<std::size_t>(many ? 1 : 2, first), problem, costs, components);
  return found.trivial() ? std::move(found) : clusters_from(first, problem, costs, components);
}

FallingThreshold::FallingThreshold(const BalanceProblem& problem, const NeuronCosts& costs)
    : problem_(&problem),
      costs_(&costs),
      pre_(with_ghosts<double>(problem, costs.pre)),
      sets_(problem.comm(), problem.neurons(), problem.halo()) {}

Clusters FallingThreshold::clusters_above(double least) {
  link_strong(
      *problem_, *costs_, pre_, sets_, least, [&](LocalIndex, LocalIndex, double c) { return c > least; },
      [&](LocalIndex, double entering, double leaving) { return std::max(entering, leaving) > least; });
  return clusters_of(*problem_, sets_, least);
}

Clusters find_modules(const BalanceProblem& problem, const NeuronCosts& costs, std::int64_t pieces) {
  return climb(problem, costs, pieces, kModuleLadder, [](double a, double b) { return std::min(a, b); });
}

Clusters find_loose_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components) {
  auto modules = find_modules(problem, costs, components.nullity());
  return modules.trivial() ? clusters_from(0, problem, costs, components) : std::move(modules);
}

}  // namespace synbal
