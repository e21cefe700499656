// Union-find on every rank, then the smallest label travels over the halo until nothing changes.
#include "balance/clusters.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

constexpr std::array<double, 4> kLadder{1e-6, 1e-8, 1e-11, 1e-14};  // above, single neurons see cuts well enough
constexpr GlobalIndex kNeuronsPerCluster = 8;  // fewer on average: a coarse problem would be no relief
constexpr auto kNone = std::numeric_limits<GlobalIndex>::max();

/// Disjoint sets of the neurons, ghosts and ground that this rank sees.
class Sets {
 public:
  explicit Sets(std::size_t n) : parent_(n) {
    for (std::size_t i = 0; i < n; ++i) parent_[i] = static_cast<LocalIndex>(i);
  }
  [[nodiscard]] LocalIndex find(LocalIndex i) {
    while (parent_[at(i)] != i) i = parent_[at(i)] = parent_[at(parent_[at(i)])];
    return i;
  }
  void join(LocalIndex i, LocalIndex j) {
    i = find(i), j = find(j);
    if (i != j) parent_[at(std::max(i, j))] = std::min(i, j);
  }

 private:
  std::vector<LocalIndex> parent_;
};

/// What a neuron carries, and the factor of its outgoing costs, for owned ones and ghosts.
struct Carried {
  std::vector<double> pre, cost;
};

Carried carried(const BalanceProblem& problem, const NeuronCosts& costs) {
  std::vector<double> own(at(problem.size()));
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = costs.in[i] + costs.out[i];
  return {with_ghosts<double>(problem, costs.pre), with_ghosts<double>(problem, own)};
}

Sets joined(const BalanceProblem& problem, const NeuronCosts& costs, const Carried& all, double theta) {
  const auto n = problem.size();
  Sets sets(all.cost.size() + 1);
  const auto ground = static_cast<LocalIndex>(all.cost.size());
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const double cost = c * all.pre[at(j)] * costs.post[at(i)];
    if (cost >= theta * std::max(all.cost[at(i)], all.cost[at(j)])) sets.join(i, j);
  });
  for (LocalIndex i = 0; i < n; ++i) {
    const double entering = problem.from_pinned()[at(i)] * costs.post[at(i)];
    const double leaving = problem.to_pinned()[at(i)] * costs.pre[at(i)];
    if (entering + leaving > 0 && entering + leaving >= theta * all.cost[at(i)]) sets.join(i, ground);
  }
  return sets;
}

/// The smallest index in every set, agreed between the ranks.
class Labels {
 public:
  Labels(const BalanceProblem& problem, Sets sets)
      : problem_(problem), sets_(std::move(sets)), ground_(problem.size() + problem.halo().ghost_count()) {
    smallest_.assign(at(ground_) + 1, kNone);
    for (LocalIndex i = 0; i < problem.size(); ++i) lower(i, problem.neurons().first() + i);
    for (LocalIndex g = 0; g < problem.halo().ghost_count(); ++g) {
      lower(problem.size() + g, problem.halo().ghosts()[at(g)]);
    }
    while (travel()) {
    }
  }

  [[nodiscard]] GlobalIndex of(LocalIndex i) { return smallest_[at(sets_.find(i))]; }
  [[nodiscard]] GlobalIndex of_ground() { return of(ground_); }

 private:
  bool lower(LocalIndex i, GlobalIndex label) {
    auto& present = smallest_[at(sets_.find(i))];
    const bool lowers = label < present;
    if (lowers) present = label;
    return lowers;
  }
  /// One exchange in each direction; true when a label changed anywhere.
  bool travel() {
    const auto n = problem_.size();
    bool changed = lower(ground_, problem_.comm().min(of_ground()));
    HaloExchange<GlobalIndex> exchange(problem_.halo());
    exchange.forward_begin([&](LocalIndex i) { return of(i); });
    exchange.forward_end([&](LocalIndex g, GlobalIndex label) { changed = lower(n + g, label) || changed; });
    exchange.reverse_begin([&](LocalIndex g) { return of(n + g); });
    exchange.reverse_end([&](LocalIndex i, GlobalIndex label) { changed = lower(i, label) || changed; });
    return problem_.comm().any(changed);
  }

  const BalanceProblem& problem_;
  Sets sets_;
  LocalIndex ground_;
  std::vector<GlobalIndex> smallest_;  // by set
};

Clusters clusters_at(const BalanceProblem& problem, const NeuronCosts& costs, const Carried& all, double theta) {
  Labels labels(problem, joined(problem, costs, all, theta));
  Clusters clusters;
  clusters.theta = theta;
  GlobalIndex leaders = 0;
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    clusters.label.push_back(labels.of(i));
    leaders += clusters.label.back() == problem.neurons().first() + i ? 1 : 0;
  }
  clusters.count = problem.comm().sum(leaders);
  const auto grounded = labels.of_ground();
  clusters.grounded = grounded == kNone ? -1 : grounded;
  return clusters;
}

}  // namespace

Clusters find_clusters(const BalanceProblem& problem, const NeuronCosts& costs, const ComponentSums& components) {
  if (problem.comm().any(!problem.exponent().empty()) || problem.global_size() == 0) return {};
  const auto pieces = components.nullity();
  const auto all = carried(problem, costs);
  for (const double theta : kLadder) {
    auto clusters = clusters_at(problem, costs, all, theta);
    const auto free = clusters.count - (clusters.grounded >= 0 ? 1 : 0);
    if (free == pieces) return {};
    if (free <= std::max<GlobalIndex>(problem.global_size() / kNeuronsPerCluster, 64)) return clusters;
  }
  return {};
}

}  // namespace synbal
