// The two levels of a Newton step: the equation inside clusters, and the offsets between them.
#pragma once

#include <limits>
#include <optional>

#include "balance/clusters/cluster_offsets.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/balance/run_keeper.hpp"

namespace synbal {

/// Without clusters there is one level, and one equation for all.
class NewtonLevels {
 public:
  /// Collective. All must outlive the levels.
  NewtonLevels(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components);

  /// Collective. Looks for clusters at the point of `costs`, below the thresholds that were given up.
  void look(const NeuronCosts& costs);
  /// From now on cuts count that only together are too weak for single neurons.
  void see_many_cuts() noexcept { many_cuts_ = true; }
  [[nodiscard]] bool clustered() const noexcept { return !clusters_.trivial(); }
  [[nodiscard]] const Clusters& clusters() const noexcept { return clusters_; }

  /// Collective. The best offsets of the clusters at the point of `costs`. Where one turn after the other shortens them
  /// too little, clusters and what is inside them are not as independent as they look: then these are given up for
  /// those at a lower threshold, if there are any.
  [[nodiscard]] ClusterOffsets offsets(const NeuronCosts& costs, double tolerance);

  [[nodiscard]] NewtonEquation& equation() noexcept { return *equation_; }
  /// What turns and equations have come to, into a part of a state; and from there. Clusters that were found on other
  /// ranks are looked for anew.
  void tell(RunPart& part) const;
  /// Collective.
  void go_on_from(const RunPart& part);

  [[nodiscard]] std::int64_t iterations() const noexcept { return earlier_iterations_ + equation_->iterations(); }

 private:
  [[nodiscard]] std::vector<double> first_neurons() const;
  void take(Clusters&& clusters);
  void renew(const ComponentSums& sums);
  void leave_equation();

  const BalanceProblem* problem_;
  FusedKernel* kernel_;
  const ComponentSums* components_;
  Clusters clusters_;
  std::optional<ComponentSums> sums_;
  std::optional<NewtonEquation> equation_;
  std::int64_t earlier_iterations_ = 0;
  Preconditioner served_ = Preconditioner::jacobi;  // the last equation
  double last_offset_ = 0;
  int slow_turns_ = 0;
  double below_ = std::numeric_limits<double>::infinity();  // thresholds above were given up
  bool many_cuts_ = false;
};

}  // namespace synbal
