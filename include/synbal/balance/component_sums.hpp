// Sums over the strongly connected components that the active neurons form, wherever their neurons live.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal {

/// Labels and one sparse exchange, whatever the number of components.
class ComponentSums {
 public:
  /// Collective. The problem must outlive it.
  explicit ComponentSums(const BalanceProblem& problem);
  ComponentSums(const ComponentSums&) = delete;
  ComponentSums& operator=(const ComponentSums&) = delete;

  /// [n] Number of each neuron's component among those present on this rank.
  [[nodiscard]] std::span<const LocalIndex> label() const noexcept { return label_; }
  /// Components present on this rank.
  [[nodiscard]] LocalIndex count() const noexcept { return static_cast<LocalIndex>(leader_.size()); }
  /// True where the component holds pinned neurons (its gauge is fixed).
  [[nodiscard]] bool pinned(LocalIndex label) const noexcept {
    return leader_[static_cast<std::size_t>(label)] == problem_->pinned_component();
  }

  /// Collective. [count()] Combines one value per label over the ranks; every rank gets the result for its labels.
  [[nodiscard]] std::vector<double> combine(std::vector<double> per_label,
                                            const std::function<double(double, double)>& op) const;
  /// Collective. [count()] Sum of the values of each component's neurons.
  [[nodiscard]] std::vector<double> sum(std::span<const double> values) const;
  /// Collective. [count()] The same of value(i) for every active neuron i of this rank.
  template <class Value>
  [[nodiscard]] std::vector<double> sum_of(Value&& value) const {
    std::vector<double> partial(leader_.size(), 0.0);
    if (leader_.size() == 1) {
      double sum = 0;
      for (std::size_t i = 0; i < label_.size(); ++i) sum += value(static_cast<LocalIndex>(i));
      partial[0] = sum;
    } else {
      for (std::size_t i = 0; i < label_.size(); ++i) {
        partial[static_cast<std::size_t>(label_[i])] += value(static_cast<LocalIndex>(i));
      }
    }
    return combine(std::move(partial), [](double a, double b) { return a + b; });
  }
  /// Collective. Removes the mean of every component without pinned neurons: the gauge sum h = 0.
  void center(std::span<double> values) const;

 private:
  void number_slots();

  const BalanceProblem* problem_;
  const Ownership* rows_;
  std::vector<GlobalIndex> leader_;  // sorted
  std::vector<LocalIndex> label_;
  std::vector<double> size_;  // neurons per label, over all ranks
  Halo halo_;                 // ghosts: leaders owned elsewhere, in the order of their labels
  mutable HaloExchange<double> exchange_{halo_};
  // A slot for every leader owned here that has neurons here or elsewhere.
  LocalIndex slots_ = 0;
  std::vector<LocalIndex> slot_of_label_;  // -1 where the leader is owned elsewhere
  std::vector<LocalIndex> slot_of_send_;   // for every index that the halo sends
};

}  // namespace synbal
