// Greedy balancing: always the most unbalanced neuron of the rank.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/stochastic/neuron_operations.hpp"

namespace synbal {

/// What "most unbalanced" means.
enum class GreedyKey {
  imbalance,  ///< |in - k out|
  decrease    ///< what balancing takes off the total cost: (sqrt(in) - sqrt(out))^2 for k = 1
};

/// A heap of neurons 0..n-1 by their key, the largest on top, with access to the key of any. Of equal keys the neuron
/// with the smaller index comes first, so that the order of visits is reproducible.
class NeuronHeap {
 public:
  explicit NeuronHeap(LocalIndex n);

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] LocalIndex top() const noexcept { return heap_.front(); }
  [[nodiscard]] double key(LocalIndex i) const noexcept { return key_[static_cast<std::size_t>(i)]; }
  /// O(log n).
  void set(LocalIndex i, double key);
  /// O(n). All keys at once.
  void assign(std::span<const double> keys);

 private:
  [[nodiscard]] bool before(LocalIndex a, LocalIndex b) const noexcept;
  void put(std::size_t place, LocalIndex i) noexcept;
  void rise(std::size_t place);
  void sink(std::size_t place);

  std::vector<double> key_;         // by neuron
  std::vector<LocalIndex> heap_;    // neurons
  std::vector<std::size_t> place_;  // of each neuron in the heap
};

/// Visits the most unbalanced neuron of this rank again and again. In- and out-sums of all neurons are kept up to date:
/// a visit costs the neuron's synapses twice (its own sums anew, then its neighbours') and a heap operation for each
/// neighbour, some 5 to 10 times a visit in random order.
class GreedyVisitor {
 public:
  /// Not collective. The balancer must outlive the visitor, and be moved by it alone until restart().
  GreedyVisitor(NeuronBalancer& neurons, GreedyKey key);

  /// Not collective. Sums everything anew; to be called when ghosts have moved.
  void restart();
  /// Balances the most unbalanced neuron; returns it. Not to be called without neurons.
  LocalIndex visit();

  [[nodiscard]] LocalIndex most_unbalanced() const noexcept { return heap_.top(); }
  [[nodiscard]] double key(LocalIndex i) const noexcept { return heap_.key(i); }
  /// sum |in - k out| over this rank's neurons, kept up to date.
  [[nodiscard]] double imbalance() const noexcept { return imbalance_; }
  /// By how much the cost fell since restart().
  [[nodiscard]] double decrease() const noexcept { return decrease_; }

 private:
  [[nodiscard]] SeenCosts seen(LocalIndex i) const noexcept;
  [[nodiscard]] double deviation(const SeenCosts& seen, LocalIndex i) const noexcept;
  [[nodiscard]] double key_of(const SeenCosts& seen, LocalIndex i) const;
  void sum_anew(LocalIndex i);
  void note(LocalIndex i);
  void shift(LocalIndex i, double& sum, double change);

  NeuronBalancer* neurons_;
  GreedyKey kind_;
  NeuronHeap heap_;
  std::vector<SeenCosts> sums_;    // in and out without the neuron's own factor
  std::vector<double> deviation_;  // |in - k out| as counted in imbalance_
  double imbalance_ = 0;
  double decrease_ = 0;
};

struct GreedyParams {
  static constexpr std::int64_t kVisitsPerRound = 50;  ///< of a neuron: then sums are made anew, and limits looked at

  GreedyKey key = GreedyKey::decrease;
  double tolerance = 1e-10;                      ///< of l1: sum |in - k out| / C
  std::int64_t max_relaxations = 1'000'000'000;  ///< over all ranks; checked after every round
};

struct GreedyResult {
  StopReason reason = StopReason::iteration_limit;
  std::int64_t relaxations = 0;  ///< over all ranks
  std::int64_t rounds = 0;       ///< exchanges
  Deviation deviation;           ///< at the end, summed anew

  [[nodiscard]] bool converged() const noexcept { return reason == StopReason::converged; }
};

/// Collective. Greedy within each rank. On one rank it runs to the end; several ranks each visit until their own
/// imbalance is halved, go half the way (NeuronBalancer::end_round) and exchange.
GreedyResult balance_greedily(NeuronBalancer& neurons, const GreedyParams& params);

}  // namespace synbal
