// The coarse problem balanced: in extended precision where elimination fills little, else like any other.
#include "balance/clusters/cluster_offsets.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "balance/clusters/coarse_problem.hpp"
#include "balance/clusters/extended_balance.hpp"
#include "synbal/balance/newton.hpp"

namespace synbal {

namespace {

constexpr std::size_t kExtendedNodes = 20'000;  // clusters in a ring or a tree: elimination fills little

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

CoarseSolution solve_in_doubles(const Comm& comm, const CoarseProblem& coarse, double tolerance, bool reproducible) {
  const auto network = network_of(comm, coarse);
  const auto components = strongly_connected_components(comm, network);
  BalanceProblem problem(comm, network, components, 1);
  if (reproducible) problem.make_reproducible();
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

std::optional<CutFacts> cut_facts(const Clusters& clusters, const ClusterOffsets& offsets) {
  if (clusters.trivial()) return {};
  return CutFacts{clusters.count, offsets.weakest_share, offsets.max_log_ratio};
}

ClusterOffsets cluster_offsets(const BalanceProblem& problem, const NeuronCosts& costs, const Clusters& clusters,
                               double tolerance, bool reproducible) {
  const auto& comm = problem.comm();
  reproducible = reproducible || problem.reproducible();
  const auto coarse = coarse_problem(problem, costs, clusters, {.reproducible = reproducible});
  std::optional<CoarseSolution> solved;
  if (coarse.node.size() <= kExtendedNodes) solved = solve_extended(coarse, tolerance);
  const auto solution = solved ? std::move(*solved) : solve_in_doubles(comm, coarse, tolerance, reproducible);
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
  const auto number = coarse.numbers();
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] >= 0) offsets.h[i] = (solution.h[at(number[i])] - ground) / problem.power();
  }
  return offsets;
}

}  // namespace synbal
