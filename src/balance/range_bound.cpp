// Ties, then paths between what is tied.
#include "balance/range_bound.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "balance/clusters/coarse_problem.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/core/exact_sum.hpp"

namespace synbal {

namespace {

constexpr std::array<double, 2> kTies{1e4, 2};  // costs over the imbalance: ties of 1e-4 first, then of 0.7
constexpr GlobalIndex kMostClusters = 100'000;  // whose cuts every rank holds
constexpr int kPasses = 200;                    // over the synapses, in search of paths
constexpr double kSumError = 64 * kEps;         // of a sum, also over thousands of synapses

/// Collective. sum |in - out|, and what rounding may hide of it.
double whole_imbalance(const BalanceProblem& problem, const NeuronCosts& costs) {
  double sum = 0;
  ExactSum exact;
  for (std::size_t i = 0; i < costs.in.size(); ++i) {
    const double term = std::abs(costs.in[i] - costs.out[i]) + kSumError * (costs.in[i] + costs.out[i]);
    sum += term;
    if (problem.reproducible()) exact.add(term);
  }
  return problem.reproducible() ? sum_exactly(problem.comm(), exact) : problem.comm().sum(sum);
}

/// Collective. Components, that of the pinned neurons included.
GlobalIndex count_components(const BalanceProblem& problem) {
  std::int64_t leaders = 0;
  const auto first = problem.component_rows().first();
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto leader = problem.component()[at(i)];
    if (leader != problem.grounded_component() && leader == first + problem.network_row()[at(i)]) ++leaders;
  }
  return problem.comm().sum(leaders) + (problem.grounded_component() >= 0 ? 1 : 0);
}

struct Ties {
  Clusters clusters;
  double inside = 0;  // all ties along any path, together
  bool complete = false;
};

/// Collective. A path takes each tie once at most, and a rung makes as many as it merges clusters.
Ties tie(const BalanceProblem& problem, const NeuronCosts& costs) {
  const double imbalance = whole_imbalance(problem, costs);
  const auto components = count_components(problem);
  Ties ties;
  FallingThreshold ladder(problem, costs);
  auto apart = problem.global_size() + (problem.grounded_component() >= 0 ? 1 : 0);
  for (const double rung : kTies) {
    ties.clusters = ladder.clusters_above(rung * imbalance);
    const auto left = ties.clusters.count + (problem.grounded_component() >= 0 && ties.clusters.grounded < 0 ? 1 : 0);
    ties.inside -= std::log1p(-1 / rung) * static_cast<double>(apart - left);
    apart = left;
    ties.complete = left == components;
    if (ties.complete) break;
  }
  return ties;
}

/// Cuts by one of their ends.
class CutPaths {
 public:
  CutPaths(const CoarseProblem& coarse, GlobalIndex Cut::*from, GlobalIndex Cut::*to)
      : cuts_(coarse.cuts), to_(to), first_(coarse.size() + 1, 0), length_(coarse.size(), kInfinity) {
    std::stable_sort(cuts_.begin(), cuts_.end(), [&](const Cut& a, const Cut& b) { return a.*from < b.*from; });
    for (const auto& c : cuts_) ++first_[at(c.*from) + 1];
    for (std::size_t k = 1; k < first_.size(); ++k) first_[k] += first_[k - 1];
  }

  /// The longest of the shortest paths from `root` to all that can be reached (Dijkstra); marks them.
  double longest(GlobalIndex root, double total, std::vector<bool>& reached) {
    using Place = std::pair<double, GlobalIndex>;
    std::priority_queue<Place, std::vector<Place>, std::greater<>> next;
    const auto offer = [&](GlobalIndex node, double by) {
      if (by < length_[at(node)]) next.emplace(length_[at(node)] = by, node);
    };
    double most = 0;
    for (offer(root, 0); !next.empty();) {
      const auto [way, node] = next.top();
      next.pop();
      if (reached[at(node)]) continue;
      reached[at(node)] = true;
      most = way;
      for (auto c = first_[at(node)]; c < first_[at(node) + 1]; ++c) {
        if (cuts_[c].cost > 0) offer(cuts_[c].*to_, way + std::max(0.0, std::log(total) - std::log(cuts_[c].cost)));
      }
    }
    return most;
  }

 private:
  std::vector<Cut> cuts_;
  GlobalIndex Cut::*to_;
  std::vector<std::size_t> first_;  // cut of each end
  std::vector<double> length_;      // of the shortest way found to each node
};

/// Of several synapses between two clusters, one changes no more than their sum would; their ends differ by ties alone.
double longest_between(const CoarseProblem& coarse, double total) {
  CutPaths back(coarse, &Cut::post, &Cut::pre), forth(coarse, &Cut::pre, &Cut::post);
  std::vector<bool> reached(coarse.size(), false), again(reached);
  double longest = 0;
  for (std::size_t root = 0; root < coarse.size(); ++root) {
    if (reached[root]) continue;
    const auto from = static_cast<GlobalIndex>(root);
    longest = std::max(longest, back.longest(from, total, reached) + forth.longest(from, total, again));
    if (reached != again) return kInfinity;  // components are strongly connected, unless costs have underflowed
  }
  return longest;
}

/// An upper bound of log(total / cost), at the price of two exponent look-ups.
double longest_log(double total, double cost) {
  return cost > 0 ? std::max(0, std::ilogb(total) - std::ilogb(cost) + 1) * std::log(2.0) : kInfinity;
}

/// Bounds along trees: `below` limits how far a neuron can fall under the root, `above` how far it can rise.
struct RangeSearch {
  std::vector<double> below, above;  // [n + ghosts]
};

/// One pass, tiles forwards or backwards; any finite value found is a valid bound.
void relax(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> pre, bool forwards,
           RangeSearch& search) {
  const auto visit = [&](LocalIndex i, LocalIndex j, double c) {
    auto& fall = search.below[at(i)];
    auto& rise = search.above[at(j)];
    if (fall < kInfinity && rise < kInfinity) return;  // any path will do
    const double length = longest_log(costs.total, c * pre[at(j)] * costs.post[at(i)]);
    fall = std::min(fall, search.below[at(j)] + length);
    rise = std::min(rise, search.above[at(i)] + length);
  };
  if (forwards) {
    for_each_edge(problem, visit);
  } else {
    for_each_edge_backwards(problem, visit);
  }
}

RangeSearch roots(const BalanceProblem& problem, const NeuronCosts& costs) {
  const auto n = problem.size();
  const auto first = problem.component_rows().first();
  RangeSearch search{std::vector<double>(at(n) + problem.halo().ghosts().size(), kInfinity), {}};
  search.above = search.below;
  for (LocalIndex i = 0; i < n; ++i) {
    if (problem.component()[at(i)] == first + problem.network_row()[at(i)]) {
      search.below[at(i)] = search.above[at(i)] = 0;
    }
    if (problem.component()[at(i)] != problem.grounded_component()) continue;
    search.below[at(i)] = longest_log(costs.total, problem.from_pinned(i) * costs.post[at(i)]);
    search.above[at(i)] = longest_log(costs.total, problem.to_pinned(i) * costs.pre[at(i)]);
  }
  return search;
}

/// Collective. Along paths of neurons; infinite when the trees were not found in time.
double longest_over_neurons(const BalanceProblem& problem, const NeuronCosts& costs) {
  const auto n = problem.size();
  const auto pre = with_ghosts<double>(problem, costs.pre);
  auto search = roots(problem, costs);
  HaloExchange<double> exchange(problem.halo());
  for (int pass = 0; pass < kPasses; ++pass) {
    exchange.forward(std::span(search.below).first(at(n)), std::span(search.below).subspan(at(n)));
    exchange.forward(std::span(search.above).first(at(n)), std::span(search.above).subspan(at(n)));
    relax(problem, costs, pre, pass % 2 == 0, search);
    exchange.reverse_begin([&](LocalIndex g) { return search.above[at(n + g)]; });
    exchange.reverse_end(
        [&](LocalIndex i, double value) { search.above[at(i)] = std::min(search.above[at(i)], value); });
    std::array<double, 2> furthest{0, 0};
    for (LocalIndex i = 0; i < n; ++i) {
      furthest[0] = std::max(furthest[0], search.below[at(i)]);
      furthest[1] = std::max(furthest[1], search.above[at(i)]);
    }
    problem.comm().max(std::span<double>(furthest));
    if (furthest[0] < kInfinity && furthest[1] < kInfinity) return furthest[0] + furthest[1];
  }
  return kInfinity;
}

}  // namespace

double range_bound(const BalanceProblem& problem, const NeuronCosts& costs) {
  if (problem.comm().any(!problem.exponent().empty())) return kInfinity;
  const auto ties = tie(problem, costs);
  if (ties.complete) return ties.inside;
  if (ties.clusters.count > kMostClusters) {
    // Which trees are found depends on who has which rows.
    return problem.reproducible() ? kInfinity : longest_over_neurons(problem, costs);
  }
  return ties.inside + longest_between(coarse_problem(problem, costs, ties.clusters), costs.total);
}

}  // namespace synbal
