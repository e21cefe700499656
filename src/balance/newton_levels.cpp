// Clusters come and go with the point; equations follow them.
#include "balance/newton_levels.hpp"

namespace synbal {

namespace {
constexpr double kSlow = 0.3;       // of an offset from one turn to the next
constexpr int kMostSlowTurns = 12;  // the first turns are long because the inside is far from balanced
}  // namespace

NewtonLevels::NewtonLevels(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : problem_(&problem), kernel_(&kernel), components_(&components) {
  renew(components);
}

void NewtonLevels::renew(const ComponentSums& sums) {
  if (equation_) earlier_iterations_ += equation_->iterations();
  equation_.emplace(*problem_, *kernel_, sums);
}

void NewtonLevels::look(const NeuronCosts& costs) {
  if (given_up_) return;
  auto found = find_clusters(*problem_, costs, *components_);
  if (!problem_->comm().any(found.label != clusters_.label)) return;
  clusters_ = std::move(found);
  if (clusters_.trivial()) {
    renew(*components_);
    sums_.reset();
    return;
  }
  earlier_iterations_ += equation_->iterations();
  equation_.reset();  // it refers to the sums that go
  sums_.emplace(problem_->comm(), clusters_.label, problem_->neurons(), clusters_.grounded);
  renew(*sums_);
}

ClusterOffsets NewtonLevels::offsets(const NeuronCosts& costs, double tolerance) {
  if (!clustered()) return {};
  auto found = cluster_offsets(*problem_, costs, clusters_, tolerance);
  slow_turns_ = found.step_inf > kSlow * last_offset_ ? slow_turns_ + 1 : 0;
  last_offset_ = found.step_inf;
  if (slow_turns_ < kMostSlowTurns) return found;
  given_up_ = true;
  clusters_ = {};
  renew(*components_);
  sums_.reset();
  return {};
}

}  // namespace synbal
