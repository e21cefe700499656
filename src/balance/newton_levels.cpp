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
  equation_.emplace(*problem_, *kernel_, sums);
  if (served_ == Preconditioner::multigrid) equation_->begin_with(served_);
}

/// Before sums go that the equation refers to.
void NewtonLevels::leave_equation() {
  earlier_iterations_ += equation_->iterations();
  served_ = equation_->preconditioner().kind();
  equation_.reset();
}

void NewtonLevels::look(const NeuronCosts& costs) {
  if (given_up_) return;
  auto found = find_clusters(*problem_, costs, *components_, true);
  if (!problem_->comm().any(found.label != clusters_.label)) return;
  leave_equation();
  clusters_ = std::move(found);
  if (clusters_.trivial()) {
    renew(*components_);
    sums_.reset();
    return;
  }
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
  leave_equation();
  clusters_ = {};
  renew(*components_);
  sums_.reset();
  return {};
}

}  // namespace synbal
