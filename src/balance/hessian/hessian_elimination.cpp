// Synapses of all ranks, rank after rank, always in the same order.
#include "balance/hessian/hessian_elimination.hpp"

#include "synbal/balance/edges.hpp"
#include "synbal/krylov/elimination_preconditioner.hpp"

namespace synbal {

namespace {

constexpr double kMostOperations = 1e9;  // of an elimination: one at every step

/// visit(i, j, conductance) for this rank's synapses and what leads to pinned neurons, by global indices; the number of
/// neurons stands for these.
template <class Visit>
void for_each_conductance(const BalanceProblem& problem, const NeuronCosts* costs, Visit&& visit) {
  const auto n = problem.size();
  const auto first = problem.neurons().first();
  const auto pre = costs != nullptr ? with_ghosts<double>(problem, costs->pre) : std::vector<double>();
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const auto other = j < n ? first + j : problem.halo().ghosts()[at(j - n)];
    visit(first + i, other, costs != nullptr ? c * pre[at(j)] * costs->post[at(i)] : c);
  });
  for (LocalIndex i = 0; i < n; ++i) {
    const double in = problem.from_pinned(i), out = problem.to_pinned(i);
    if (!(in + out > 0)) continue;
    visit(first + i, problem.global_size(), costs != nullptr ? in * costs->post[at(i)] + out * pre[at(i)] : in + out);
  }
}

// Collective.
std::vector<PlainEdge> pattern_of(const BalanceProblem& problem) {
  std::vector<std::int32_t> ends;
  for_each_conductance(problem, nullptr, [&](GlobalIndex i, GlobalIndex j, double) {
    ends.push_back(static_cast<std::int32_t>(i)), ends.push_back(static_cast<std::int32_t>(j));
  });
  ends = problem.comm().gather_all(std::span<const std::int32_t>(ends));
  std::vector<PlainEdge> edges;
  for (std::size_t k = 0; k < ends.size(); k += 2) edges.push_back({ends[k], ends[k + 1], 0.0});
  return edges;
}

}  // namespace

bool HessianElimination::light(const BalanceProblem& problem) {
  if (light_) return *light_;
  const auto& comm = problem.comm();
  const auto synapses = comm.sum(std::int64_t{problem.local().size() + problem.remote().size()});
  const bool small = synapses + problem.global_size() <= EliminationOrder::kMostEdges;
  light_ = small && !comm.any(!problem.exponent().empty());
  if (!*light_) return false;
  edges_ = pattern_of(problem);
  order_ = order_for_little_fill(static_cast<std::int32_t>(problem.global_size()), edges_);
  light_ = order_.light(kMostOperations);
  if (!*light_) edges_.clear();
  return *light_;
}

std::unique_ptr<BlockPreconditioner> HessianElimination::factor(const BalanceProblem& problem, const NeuronCosts& costs,
                                                                std::span<const double> diagonal,
                                                                const ComponentSums& components) {
  std::vector<double> conductance;
  for_each_conductance(problem, &costs, [&](GlobalIndex, GlobalIndex, double c) { conductance.push_back(c); });
  conductance = problem.comm().gather_all(std::span<const double>(conductance));
  for (std::size_t e = 0; e < edges_.size(); ++e) edges_[e].conductance = conductance[e];
  if (mesh_) {
    mesh_->set_conductances(edges_);
  } else {
    mesh_ = std::make_shared<StarMesh>(static_cast<std::int32_t>(problem.global_size()), edges_, order_);
  }
  return std::make_unique<EliminationPreconditioner>(problem.comm(), problem.neurons(), mesh_, &components, diagonal);
}

}  // namespace synbal
