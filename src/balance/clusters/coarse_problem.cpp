// Costs between clusters: summed by place on every rank, then over the ranks.
#include "balance/clusters/coarse_problem.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "synbal/balance/edges.hpp"
#include "synbal/core/route.hpp"

namespace synbal {

namespace {

constexpr auto kGround = CoarseProblem::kGround;

/// Sums what stands at one place; sorted by place.
void merge(std::vector<Cut>& cuts) {
  const auto place = [](const Cut& c) { return std::pair(c.post, c.pre); };
  std::stable_sort(cuts.begin(), cuts.end(), [&](const Cut& a, const Cut& b) { return place(a) < place(b); });
  std::size_t last = 0;
  for (std::size_t k = 1; k < cuts.size(); ++k) {
    if (place(cuts[k]) == place(cuts[last])) {
      cuts[last].cost += cuts[k].cost;
    } else {
      cuts[++last] = cuts[k];
    }
  }
  if (!cuts.empty()) cuts.resize(last + 1);
}

/// Cuts that are summed by place as they come, or kept one by one for those who sum them in an order of their own.
class CutList {
 public:
  explicit CutList(bool sums) : sums_(sums) {}

  void add(const Cut& cut) {
    cuts_.push_back(cut);
    if (!sums_ || cuts_.size() < room_) return;
    merge(cuts_);
    room_ = std::max(kLeastRoom, 2 * cuts_.size());
  }

  [[nodiscard]] std::vector<Cut> take() {
    if (sums_) merge(cuts_);
    return std::move(cuts_);
  }

 private:
  static constexpr std::size_t kLeastRoom = 1 << 16;
  bool sums_;
  std::size_t room_ = kLeastRoom;
  std::vector<Cut> cuts_;
};

/// Collective. [n] Labels are places in an order that partitions choose; names are not.
std::vector<GlobalIndex> names_of(const BalanceProblem& problem, const Clusters& clusters) {
  std::vector<GlobalIndex> place;
  place.reserve(at(problem.size()));
  for (LocalIndex i = 0; i < problem.size(); ++i) place.push_back(problem.file_index(i));
  const Directory directory(problem.comm(), problem.neurons(), clusters.label);
  constexpr auto none = std::numeric_limits<GlobalIndex>::max();
  auto names = directory.fetch(directory.reduce(place, none, [](auto a, auto b) { return std::min(a, b); }));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (clusters.label[i] == clusters.grounded) names[i] = kGround;
  }
  return names;
}

std::vector<Cut> own_cuts(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const GlobalIndex> names,
                          const CoarseParams& params) {
  const auto piece = with_ghosts<GlobalIndex>(problem, params.divided ? params.within : problem.component());
  const auto name = with_ghosts<GlobalIndex>(problem, names);
  const auto pre = with_ghosts<double>(problem, costs.pre);
  CutList cuts(!problem.reproducible() && !params.reproducible);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    if (name[at(i)] == name[at(j)] || piece[at(i)] != piece[at(j)]) return;
    cuts.add({name[at(i)], name[at(j)], c * pre[at(j)] * costs.post[at(i)]});
  });
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto own = name[at(i)];
    if (own == kGround || params.divided) continue;
    const double entering = problem.from_pinned(i) * costs.post[at(i)];
    const double leaving = problem.to_pinned(i) * costs.pre[at(i)];
    if (entering > 0) cuts.add({own, kGround, entering});
    if (leaving > 0) cuts.add({kGround, own, leaving});
  }
  return cuts.take();
}

/// Collective. The cuts of all ranks on every rank.
std::vector<Cut> all_cuts(const Comm& comm, const std::vector<Cut>& own) {
  std::vector<GlobalIndex> post, pre;
  std::vector<double> cost;
  for (const auto& c : own) post.push_back(c.post), pre.push_back(c.pre), cost.push_back(c.cost);
  post = comm.gather_all(std::span<const GlobalIndex>(post));
  pre = comm.gather_all(std::span<const GlobalIndex>(pre));
  cost = comm.gather_all(std::span<const double>(cost));
  std::vector<Cut> cuts;
  for (std::size_t k = 0; k < cost.size(); ++k) cuts.push_back({post[k], pre[k], cost[k]});
  // Where ranks have summed nothing, an order of the costs is one whoever they come from.
  std::stable_sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.cost < b.cost; });
  merge(cuts);
  return cuts;
}

}  // namespace

std::vector<LocalIndex> CoarseProblem::numbers() const {
  std::vector<LocalIndex> numbers;
  for (const auto name : names) {
    const auto found = std::lower_bound(node.begin(), node.end(), name);
    const bool moves = found != node.end() && *found == name && name != kGround;
    numbers.push_back(moves ? static_cast<LocalIndex>(found - node.begin()) : -1);
  }
  return numbers;
}

CoarseProblem coarse_problem(const BalanceProblem& problem, const NeuronCosts& costs, const Clusters& clusters,
                             const CoarseParams& params) {
  CoarseProblem coarse;
  coarse.names = names_of(problem, clusters);
  coarse.cuts = all_cuts(problem.comm(), own_cuts(problem, costs, coarse.names, params));
  auto& node = coarse.node;
  for (const auto& c : coarse.cuts) node.insert(node.end(), {c.post, c.pre});
  std::sort(node.begin(), node.end());
  node.erase(std::unique(node.begin(), node.end()), node.end());
  const auto number = [&](GlobalIndex l) { return std::lower_bound(node.begin(), node.end(), l) - node.begin(); };
  for (auto& c : coarse.cuts) c.post = number(c.post), c.pre = number(c.pre);
  return coarse;
}

}  // namespace synbal
