// Single-linkage trees over costs in extended precision: offsets of clusters, and Newton steps by elimination.
#include "balance/clusters/extended_balance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "balance/clusters/cluster_graph.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

namespace {

constexpr Extended kShort = 0.5L;       // offsets shorter than this leave the rest to Newton
constexpr Extended kStepError = 1e-6L;  // of a short step: what its solve may err by, generously
constexpr int kMostRounds = 100, kMostSteps = 200;
constexpr std::int64_t kMostWork = 20'000'000;  // links that a step may visit: about a second

using Pair = std::pair<ClusterNode, ClusterNode>;

/// One run.
class ExtendedRun {
 public:
  ExtendedRun(const ExtendedProblem& problem, double tolerance)
      : problem_(problem), h_(at(problem.nodes), 0), tolerance_(tolerance) {}

  ExtendedSolution operator()() {
    Extended left = std::numeric_limits<Extended>::infinity();
    while (solution_.newton_steps < kMostSteps && left > tolerance_ && !solution_.too_dense) {
      if (left > kShort) spread_offsets();
      const Extended length = newton_step();
      left = length < kShort ? std::max(length * length, length * kStepError) : length;  // Newton squares a short step
    }
    solution_.step_inf = static_cast<double>(left);
    solution_.converged = left <= tolerance_;
    for (const Extended h : h_) solution_.h.push_back(static_cast<double>(h));
    return std::move(solution_);
  }

 private:
  [[nodiscard]] Extended log_cost(const ExtendedProblem::Edge& e) const {
    return e.log_cost + h_[at(e.pre)] - h_[at(e.post)];
  }

  /// Costs at h between single nodes, the largest near 1.
  [[nodiscard]] ClusterGraph graph() const {
    Extended top = -std::numeric_limits<Extended>::infinity();
    for (const auto& e : problem_.edges) top = std::max(top, log_cost(e));
    std::vector<ClusterGraph::Cost> costs;
    for (const auto& e : problem_.edges) costs.push_back({e.post, e.pre, std::exp(log_cost(e) - top)});
    return {problem_.nodes, costs, problem_.pinned};
  }

  /// Rounds in which every node, and every cluster once it is whole, takes its own optimum.
  void spread_offsets() {
    Extended longest = 2 * kShort;
    while (longest > kShort && solution_.rounds < kMostRounds) {
      longest = spread_once();
      ++solution_.rounds;
    }
  }

  Extended spread_once() {
    auto clusters = graph();
    const auto order = clusters.strongest_first();
    std::vector<Extended> shift(h_.size(), 0), at_merge(h_.size(), 0);
    Extended longest = 0;
    const auto balance = [&](ClusterNode cluster) {
      const auto [in, out] = clusters.flows(cluster);
      if (cluster == problem_.pinned || in <= 0 || out <= 0) return;
      const Extended offset = std::log(in / out) / 2;
      clusters.shift(cluster, offset);
      shift[at(cluster)] += offset;
      longest = std::max(longest, std::abs(offset));
    };
    for (ClusterNode i = 0; i < problem_.nodes; ++i) balance(i);
    std::vector<Pair> merges;
    for (const auto& [i, j] : order) {
      const auto [gone, stays] = clusters.clusters_of(i, j);
      if (gone == stays) continue;
      at_merge[at(gone)] = shift[at(stays)];
      clusters.merge(gone, stays);
      merges.emplace_back(gone, stays);
      balance(stays);
    }
    for (auto merge = merges.rbegin(); merge != merges.rend(); ++merge) {
      shift[at(merge->first)] += shift[at(merge->second)] - at_merge[at(merge->first)];
    }
    for (std::size_t i = 0; i < h_.size(); ++i) h_[i] += shift[i];
    return longest;
  }

  /// L phi = in - out.
  [[nodiscard]] std::vector<Extended> solve() {
    const auto pivots = graph().eliminate_all(kMostWork);
    solution_.too_dense = !pivots;
    if (!pivots) return {};
    std::vector<Extended> phi(h_.size(), 0);
    for (auto pivot = pivots->rbegin(); pivot != pivots->rend(); ++pivot) {
      Extended sum = pivot->right;
      for (const auto& [j, weight] : pivot->weights) sum += weight * phi[at(j)];
      phi[at(pivot->node)] = sum / pivot->total;
    }
    return phi;
  }

  /// A damped step; its full length along synapses.
  Extended newton_step() {
    const auto phi = solve();
    if (solution_.too_dense) return std::numeric_limits<Extended>::infinity();
    Extended length = 0;
    for (const auto& e : problem_.edges) length = std::max(length, std::abs(phi[at(e.pre)] - phi[at(e.post)]));
    const Extended scale = length > kSafeChange ? Extended{kSafeChange} / length : Extended{1};
    for (std::size_t i = 0; i < h_.size(); ++i) h_[i] += scale * phi[i];
    ++solution_.newton_steps;
    return length;
  }

  const ExtendedProblem& problem_;
  std::vector<Extended> h_;
  Extended tolerance_;
  ExtendedSolution solution_;
};

}  // namespace

ExtendedSolution balance_extended(const ExtendedProblem& problem, double tolerance) {
  return ExtendedRun(problem, tolerance)();
}

}  // namespace synbal
