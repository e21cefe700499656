// Sums over clusters, a small solve on every rank, and back.
#include "balance/clusters/two_level.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "balance/clusters/coarse_problem.hpp"
#include "synbal/core/fixed_point.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kMostLinks = 5'000'000;  // links that the factorisation may visit
// Numbers that every iteration sums over the ranks: so many anyway, or one for so many synapses, beside which they are
// few. 137,000 in modules of 10^8 synapses: 59 s, where multigrid has not ended after 240.
constexpr std::int64_t kFewNodes = 100'000, kSynapsesOfNode = 400;

bool bearable(std::size_t nodes, std::int64_t synapses) {
  return static_cast<std::int64_t>(nodes) <= std::max(kFewNodes, synapses / kSynapsesOfNode);
}

/// False when the factor fills too much.
bool factorise(const CoarseProblem& coarse, std::vector<Pivot>& pivots) {
  std::vector<ClusterGraph::Cost> costs;
  for (const auto& c : coarse.cuts) {
    costs.push_back({static_cast<ClusterNode>(c.post), static_cast<ClusterNode>(c.pre), c.cost});
  }
  ClusterGraph graph(static_cast<ClusterNode>(coarse.size()), costs, coarse.has_ground() ? 0 : -1);
  auto all = graph.eliminate_all(kMostLinks);
  if (all) pivots = std::move(*all);
  return all.has_value();
}

/// Collective. Whether no cluster has most of the neurons: a few small ones beside a large one are what conjugate
/// gradients find themselves. `number`: [n] of each neuron's cluster; -1 where the cluster stands alone.
bool divides(const Comm& comm, std::span<const LocalIndex> number, std::size_t clusters, GlobalIndex neurons) {
  std::vector<std::int64_t> size(clusters, 0);
  for (const auto k : number) {
    if (k >= 0) ++size[at(k)];
  }
  comm.sum(std::span(size));
  return 2 * std::ranges::max(size) <= neurons;
}

/// E x = right, in place.
void solve(const std::vector<Pivot>& pivots, std::vector<double>& x) {
  for (const auto& pivot : pivots) {
    const double own = x[at(pivot.node)] / static_cast<double>(pivot.total);
    for (const auto& [j, weight] : pivot.weights) x[at(j)] += static_cast<double>(weight) * own;
  }
  std::vector<double> phi(x.size(), 0.0);
  for (std::size_t k = pivots.size(); k-- > 0;) {
    const auto& pivot = pivots[k];
    double sum = x[at(pivot.node)];
    for (const auto& [j, weight] : pivot.weights) sum += static_cast<double>(weight) * phi[at(j)];
    phi[at(pivot.node)] = sum / static_cast<double>(pivot.total);
  }
  x = std::move(phi);
}

}  // namespace

std::unique_ptr<TwoLevel> TwoLevel::make(const BalanceProblem& problem, const NeuronCosts& costs,
                                         std::span<const double> diagonal, const ComponentSums& components,
                                         bool finer) {
  if (finer && problem.grounded_component() >= 0) return nullptr;
  const auto clusters = find_modules(problem, costs, components.nullity());
  if (clusters.trivial()) return nullptr;
  std::unique_ptr<TwoLevel> made(new TwoLevel(problem.comm(), diagonal));
  std::vector<GlobalIndex> within;  // nothing is taken between components whose constants are projected out
  for (LocalIndex i = 0; finer && i < problem.size(); ++i) within.push_back(components.leader(i));
  const auto coarse = coarse_problem(problem, costs, clusters, {.divided = finer, .within = within});
  if (coarse.size() == 0 || !bearable(coarse.size(), problem.edges())) return nullptr;
  made->coarse_ = coarse.size(), made->reproducible_ = problem.reproducible();
  made->neurons_ = problem.global_size();
  made->number_ = coarse.numbers();
  const bool serves = divides(problem.comm(), made->number_, made->coarse_, made->neurons_);
  return serves && factorise(coarse, made->pivots_) ? std::move(made) : nullptr;
}

std::string TwoLevel::name() const { return fmt::format("a coarse space of {} clusters", coarse_); }

/// Collective.
void TwoLevel::sum_in_any_order(std::span<const double> r, std::size_t columns, std::span<double> sums) const {
  const TwoDigitUnits units(comm_->max(largest_size(r)), neurons_);
  std::vector<TwoDigits> own(sums.size());
  for (std::size_t i = 0; i < number_.size() && units.plain(); ++i) {
    for (std::size_t k = 0; k < columns && number_[i] >= 0; ++k) {
      own[at(number_[i]) * columns + k].add(r[i * columns + k] * units.scale);
    }
  }
  sum_over_ranks(*comm_, own);
  for (std::size_t k = 0; k < own.size(); ++k) sums[k] = units.to_double(own[k]);
}

void TwoLevel::apply(std::span<const double> r, std::span<double> u, int columns) {
  const auto m = at(columns);
  std::vector<double> sums(coarse_ * m, 0.0), x(coarse_);
  if (reproducible_) {
    sum_in_any_order(r, m, sums);
  } else {
    for (std::size_t i = 0; i < number_.size(); ++i) {
      for (std::size_t k = 0; k < m && number_[i] >= 0; ++k) sums[at(number_[i]) * m + k] += r[i * m + k];
    }
    comm_->sum(std::span(sums));
  }
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t c = 0; c < coarse_; ++c) x[c] = sums[c * m + k];
    solve(pivots_, x);
    for (std::size_t i = 0; i < number_.size(); ++i) {
      const double coarse = number_[i] >= 0 ? x[at(number_[i])] : 0.0;
      u[i * m + k] = r[i * m + k] / diagonal_[i] + coarse;
    }
  }
}

}  // namespace synbal
