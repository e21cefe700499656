// SLEPc's balancing of matrices, which comes before its eigenvalue solvers.
#pragma once

#include <memory>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal::benchmark {

/// EPSSetBalance() on the weights as an AIJ matrix. Chen & Demmel 2000: norms of rows and columns are estimated by
/// products with random signs, so many passes, and each neuron is scaled by their ratio's root; it asks for no
/// tolerance and finds no equilibrium.
class SlepcBalance {
 public:
  /// Collective. Of a problem with p = 2, which must outlive it.
  explicit SlepcBalance(const BalanceProblem& problem);
  ~SlepcBalance();
  SlepcBalance(const SlepcBalance&) = delete;
  SlepcBalance& operator=(const SlepcBalance&) = delete;

  /// Collective. [n] h of EPS_BALANCE_TWOSIDE after so many passes.
  [[nodiscard]] std::vector<double> run(int passes);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal::benchmark
