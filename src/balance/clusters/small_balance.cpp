// Gathers logarithms of costs and hands every rank its part of the answer.
#include "balance/clusters/small_balance.hpp"

#include <algorithm>
#include <span>
#include <tuple>

#include "balance/clusters/extended_balance.hpp"

namespace synbal {

namespace {

constexpr double kExtendedTolerance = 1e-13;  // of h: what doubles can tell of numbers up to some hundreds

/// Collective. [global size] The node of each neuron: nodes have the order of the file, whichever partition there is.
std::vector<std::int32_t> nodes_in_file_order(const BalanceProblem& problem) {
  std::vector<GlobalIndex> own;
  for (LocalIndex i = 0; i < problem.size(); ++i) own.push_back(problem.file_index(i));
  const auto place = problem.comm().gather_all(std::span<const GlobalIndex>(own));
  auto sorted = place;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int32_t> nodes;
  for (const auto p : place) {
    nodes.push_back(static_cast<std::int32_t>(std::lower_bound(sorted.begin(), sorted.end(), p) - sorted.begin()));
  }
  return nodes;
}

/// Collective. The whole problem on every rank, in an order of its own; pinned neurons are the last node.
ExtendedProblem gathered(const BalanceProblem& problem, std::span<const std::int32_t> node) {
  const auto& comm = problem.comm();
  ExtendedProblem whole;
  const auto n = static_cast<std::int32_t>(problem.global_size());
  std::vector<std::int32_t> post, pre;
  std::vector<double> log_cost;
  problem.for_each_log_cost([&](GlobalIndex i, GlobalIndex j, double l) {
    post.push_back(i < 0 ? n : node[at(i)]), pre.push_back(j < 0 ? n : node[at(j)]);
    log_cost.push_back(l);
  });
  post = comm.gather_all(std::span<const std::int32_t>(post));
  pre = comm.gather_all(std::span<const std::int32_t>(pre));
  log_cost = comm.gather_all(std::span<const double>(log_cost));
  const bool pinned = problem.grounded_component() >= 0;
  whole.nodes = n + (pinned ? 1 : 0);
  whole.pinned = pinned ? n : -1;
  for (std::size_t k = 0; k < post.size(); ++k) whole.edges.push_back({post[k], pre[k], log_cost[k]});
  std::ranges::sort(whole.edges, {}, [](const auto& e) { return std::tuple(e.post, e.pre, e.log_cost); });
  return whole;
}

}  // namespace

std::optional<SolverResult> balance_small(const BalanceProblem& problem, std::vector<double>& h) {
  const auto& comm = problem.comm();
  if (problem.global_size() > kSmallBalance || !problem.has_synapses()) return {};
  if (comm.any(!problem.exponent().empty())) return {};
  const auto node = nodes_in_file_order(problem);
  const auto whole = gathered(problem, node);
  const auto found = balance_extended(whole, kExtendedTolerance);
  const double ground = whole.pinned >= 0 ? found.h[at(whole.pinned)] : 0.0;
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    h[at(i)] = (found.h[at(node[at(problem.neurons().first() + i)])] - ground) / problem.power();
  }
  SolverResult result;
  result.method = "newton in extended precision";
  result.reason = found.converged ? StopReason::converged : StopReason::stagnated;
  result.iterations = found.rounds + found.newton_steps;
  result.newton_steps = found.newton_steps;
  result.newton_step_inf = found.step_inf / problem.power();
  return result;
}

}  // namespace synbal
