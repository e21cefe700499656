// Clusters come and go with the point; equations follow them.
#include "balance/clusters/newton_levels.hpp"

namespace synbal {

namespace {
constexpr double kSlow = 0.2;           // of an offset from one turn to the next
constexpr int kMostSlowTurns = 12;      // the first turns are long because the inside is far from balanced
constexpr int kMostShortSlowTurns = 3;  // of offsets so short that steps of all neurons together are as good
constexpr double kShortOffset = 0.1;
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
  equation_->release();
  auto found = find_stiff_clusters(*problem_, costs, *components_, many_cuts_, below_);
  if (problem_->comm().any(found.label != clusters_.label)) {
    take(std::move(found));
  } else {
    clusters_.theta = found.theta;
  }
}

void NewtonLevels::take(Clusters&& clusters) {
  leave_equation();
  clusters_ = std::move(clusters);
  if (clusters_.trivial()) {
    renew(*components_);
    sums_.reset();
    return;
  }
  sums_.emplace(problem_->comm(), clusters_.label, problem_->neurons(), clusters_.grounded);
  if (problem_->reproducible()) sums_->make_reproducible();
  renew(*sums_);
}

void NewtonLevels::tell(RunPart& part) const {
  const auto choice = equation_->choice();
  part.numbers["equation"] = {static_cast<double>(choice.kind), choice.resolved ? 1.0 : 0.0,
                              choice.reached ? 1.0 : 0.0};
  part.numbers["levels"] = {static_cast<double>(iterations()),
                            static_cast<double>(served_),
                            last_offset_,
                            static_cast<double>(slow_turns_),
                            below_,
                            many_cuts_ ? 1.0 : 0.0};
  if (!clustered()) return;
  part.numbers["clusters"] = {clusters_.theta, static_cast<double>(clusters_.count),
                              static_cast<double>(clusters_.grounded)};
  part.numbers["clusters.ranks"] = first_neurons();
  part.neurons["cluster"].assign(clusters_.label.begin(), clusters_.label.end());
}

/// Collective. Labels are places in the order of the neurons, which depends on how ranks share them.
std::vector<double> NewtonLevels::first_neurons() const {
  std::vector<double> first;
  for (const auto n : problem_->comm().gather_all(problem_->neurons().first())) first.push_back(static_cast<double>(n));
  return first;
}

void NewtonLevels::go_on_from(const RunPart& part) {
  const auto found = part.numbers.find("clusters.ranks");
  if (found != part.numbers.end() && found->second == first_neurons()) {
    const auto& facts = part.numbers.at("clusters");
    Clusters clusters;
    for (const double label : part.values("cluster")) clusters.label.push_back(static_cast<GlobalIndex>(label));
    clusters.theta = facts.at(0), clusters.count = static_cast<GlobalIndex>(facts.at(1));
    clusters.grounded = static_cast<GlobalIndex>(facts.at(2));
    take(std::move(clusters));
  }
  const auto& levels = part.numbers.at("levels");
  const auto& choice = part.numbers.at("equation");
  earlier_iterations_ = static_cast<std::int64_t>(levels.at(0));
  served_ = static_cast<Preconditioner>(levels.at(1));
  last_offset_ = levels.at(2), slow_turns_ = static_cast<int>(levels.at(3)), below_ = levels.at(4);
  many_cuts_ = levels.at(5) != 0;
  equation_->set_choice({static_cast<Preconditioner>(choice.at(0)), choice.at(1) != 0, choice.at(2) != 0});
}

ClusterOffsets NewtonLevels::offsets(const NeuronCosts& costs, double tolerance) {
  if (!clustered()) return {};
  auto found = cluster_offsets(*problem_, costs, clusters_, tolerance);
  slow_turns_ = found.step_inf > kSlow * last_offset_ ? slow_turns_ + 1 : 0;
  last_offset_ = found.step_inf;
  if (slow_turns_ < (found.step_inf < kShortOffset ? kMostShortSlowTurns : kMostSlowTurns)) return found;
  below_ = clusters_.theta;
  slow_turns_ = 0, last_offset_ = std::numeric_limits<double>::infinity();
  look(costs);
  return offsets(costs, tolerance);
}

}  // namespace synbal
