// Costs between clusters gathered on every rank, and the balance problem that they make.
#include "balance/cluster_offsets.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "balance/extended_balance.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/balance/newton.hpp"

namespace synbal {

namespace {

constexpr std::size_t kExtendedNodes = 20'000;  // clusters in a ring or a tree: elimination fills little
constexpr GlobalIndex kGround = -1;             // sorts before all labels

/// A cost between two clusters.
struct Cut {
  GlobalIndex post, pre;
  double cost;
};

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

std::vector<Cut> own_cuts(const BalanceProblem& problem, const NeuronCosts& costs, const Clusters& clusters) {
  const auto label = with_ghosts<GlobalIndex>(problem, clusters.label);
  const auto pre = with_ghosts<double>(problem, costs.pre);
  const auto name = [&](GlobalIndex l) { return l == clusters.grounded ? kGround : l; };
  std::vector<Cut> cuts;
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    if (label[at(i)] == label[at(j)]) return;
    cuts.push_back({name(label[at(i)]), name(label[at(j)]), c * pre[at(j)] * costs.post[at(i)]});
  });
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto own = name(label[at(i)]);
    if (own == kGround) continue;
    const double entering = problem.from_pinned()[at(i)] * costs.post[at(i)];
    const double leaving = problem.to_pinned()[at(i)] * costs.pre[at(i)];
    if (entering > 0) cuts.push_back({own, kGround, entering});
    if (leaving > 0) cuts.push_back({kGround, own, leaving});
  }
  merge(cuts);
  return cuts;
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
  merge(cuts);
  return cuts;
}

/// The clusters that have cuts, in order, and what crosses them.
struct CoarseProblem {
  std::vector<GlobalIndex> node;
  std::vector<Cut> cuts;  // numbered by node

  explicit CoarseProblem(std::vector<Cut> all) : cuts(std::move(all)) {
    for (const auto& c : cuts) node.push_back(c.post);
    std::sort(node.begin(), node.end());
    node.erase(std::unique(node.begin(), node.end()), node.end());
    for (auto& c : cuts) c.post = number(c.post), c.pre = number(c.pre);
  }
  [[nodiscard]] GlobalIndex number(GlobalIndex label) const {
    return std::lower_bound(node.begin(), node.end(), label) - node.begin();
  }
  [[nodiscard]] bool has_ground() const { return !node.empty() && node.front() == kGround; }
};

struct CoarseSolution {
  std::vector<double> h;
  double residual_inf = 0;
  std::int64_t newton_steps = 0;
};

std::optional<CoarseSolution> solve_extended(const CoarseProblem& coarse, double tolerance) {
  ExtendedProblem problem;
  problem.nodes = static_cast<std::int32_t>(coarse.node.size());
  problem.pinned = coarse.has_ground() ? 0 : -1;
  for (const auto& c : coarse.cuts) {
    problem.edges.push_back({static_cast<std::int32_t>(c.post), static_cast<std::int32_t>(c.pre), std::log(c.cost)});
  }
  auto found = balance_extended(problem, tolerance);
  if (found.too_dense) return {};
  return CoarseSolution{std::move(found.h), found.step_inf, found.newton_steps};
}

/// This rank's rows of the coarse problem as a network whose weights are the costs.
Network network_of(const Comm& comm, const CoarseProblem& coarse) {
  const auto rows = Ownership::even(comm, static_cast<GlobalIndex>(coarse.node.size()));
  GlobalRows own;
  auto cut = std::lower_bound(coarse.cuts.begin(), coarse.cuts.end(), rows.first(),
                              [](const Cut& c, GlobalIndex row) { return c.post < row; });
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    for (; cut != coarse.cuts.end() && cut->post == rows.first() + i; ++cut) {
      own.column.push_back(cut->pre), own.weight.push_back(cut->cost);
    }
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  auto network = assemble(comm, rows, std::move(own), Duplicates::sum, {});
  if (coarse.has_ground()) {
    network.nodes.pinned.assign(at(rows.count()), 0);
    if (rows.owns(0)) network.nodes.pinned[0] = 1;
  }
  return network;
}

CoarseSolution solve_in_doubles(const Comm& comm, const CoarseProblem& coarse, double tolerance) {
  const auto network = network_of(comm, coarse);
  const auto components = strongly_connected_components(comm, network);
  BalanceProblem problem(comm, network, components, 1);
  FusedKernel kernel(problem);
  const ComponentSums sums(problem);
  NewtonSolver newton(problem, kernel, sums, {.stop = {.tolerance = 0.1 * tolerance, .step_tolerance = tolerance}});
  std::vector<double> h(at(problem.size()), 0.0);
  const auto result = newton(h);
  const auto all = problem.to_network(h, 0.0);
  return {comm.gather_all(std::span<const double>(all)), result.newton_step_inf.value_or(0.0), result.newton_steps};
}

/// What the cuts are before the move.
void describe(const CoarseProblem& coarse, double total, ClusterOffsets& offsets) {
  std::vector<double> in(coarse.node.size(), 0.0), out(in);
  for (const auto& c : coarse.cuts) in[at(c.post)] += c.cost, out[at(c.pre)] += c.cost;
  double weakest = total;
  for (std::size_t k = coarse.has_ground() ? 1 : 0; k < in.size(); ++k) {
    offsets.max_log_ratio = std::max(offsets.max_log_ratio, std::abs(std::log(in[k]) - std::log(out[k])));
    weakest = std::min(weakest, in[k] + out[k]);
  }
  offsets.weakest_share = weakest / total;
}

}  // namespace

ClusterOffsets cluster_offsets(const BalanceProblem& problem, const NeuronCosts& costs, const Clusters& clusters,
                               double tolerance) {
  const auto& comm = problem.comm();
  const CoarseProblem coarse(all_cuts(comm, own_cuts(problem, costs, clusters)));
  std::optional<CoarseSolution> solved;
  if (coarse.node.size() <= kExtendedNodes) solved = solve_extended(coarse, tolerance);
  const auto solution = solved ? std::move(*solved) : solve_in_doubles(comm, coarse, tolerance);
  ClusterOffsets offsets;
  offsets.residual_inf = solution.residual_inf / problem.power();
  offsets.newton_steps = solution.newton_steps;
  describe(coarse, costs.total, offsets);
  for (const auto& c : coarse.cuts) {
    const double difference = std::abs(solution.h[at(c.pre)] - solution.h[at(c.post)]);
    offsets.step_inf = std::max(offsets.step_inf, difference / problem.power());
  }
  const double ground = coarse.has_ground() ? solution.h.front() : 0.0;
  offsets.h.assign(at(problem.size()), 0.0);
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto label = clusters.label[at(i)];
    const auto k = coarse.number(label);
    const bool moves = label != clusters.grounded && at(k) < coarse.node.size() && coarse.node[at(k)] == label;
    if (moves) offsets.h[at(i)] = (solution.h[at(k)] - ground) / problem.power();
  }
  return offsets;
}

}  // namespace synbal
