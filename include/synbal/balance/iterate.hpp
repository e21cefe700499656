// The point that a solver moves: h = base + delta, and the costs there.
#pragma once

#include <span>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// Keeps |p k delta| small by folding delta into the base (costs recomputed from the weights) when it has grown.
class Iterate {
 public:
  /// Collective. Starts at `h` ([n]); problem and kernel must outlive the iterate.
  Iterate(BalanceProblem& problem, FusedKernel& kernel, std::span<const double> h);

  /// Collective. delta += scale * d, then the costs there: one pass, and a rebase when it is time.
  void move(std::span<const double> d, double scale);
  /// Collective. Goes to base + delta; one pass, and a rebase when it is time.
  void place(std::span<const double> delta);
  /// Collective. Makes the present point the base, so that the costs come straight from the weights. One pass.
  void settle();

  [[nodiscard]] const NeuronCosts& costs() const noexcept { return costs_; }
  [[nodiscard]] std::span<const double> delta() const noexcept { return delta_; }
  /// [n] The point itself.
  [[nodiscard]] std::vector<double> h() const;

 private:
  void arrive();
  void begin_at_base();

  BalanceProblem* problem_;
  FusedKernel* kernel_;
  std::vector<double> delta_;
  NeuronCosts costs_;
};

}  // namespace synbal
