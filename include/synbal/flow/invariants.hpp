// What a Lax flow must conserve, watched along the way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

struct InvariantParams {
  bool sum_of_h = true;                ///< LocalRule::is_gradient_flow()
  bool cost_falls = true;              ///< the flow is that of the cost
  double sum_limit = 1e-12;            ///< |sum (h - h at the start)| over sum |h|, a component
  double cycle_limit = 1e-12;          ///< |log of the product after / before| a synapse
                                       // /< and unit of 1 + max |h|
  double cost_limit = 1e-12;           ///< rise above the least cost so far, relative
  GlobalIndex spectrum_neurons = 100;  ///< most neurons for which eigenvalues are compared at outputs
};

/// One conserved quantity: the same on all ranks.
struct Invariant {
  std::string name;
  bool watched = false;  ///< false: nothing of the kind was there to look at (see note)
  double drift = 0;      ///< the largest so far
  double limit = 0;
  double time = 0;  ///< of that drift
  std::string note;

  /// What is not a number holds nothing.
  [[nodiscard]] bool holds() const noexcept { return !watched || drift <= limit; }
};

/// Sum of h per component, products of weights around up to 64 sampled cycles, eigenvalues of J on small networks, and
/// the cost, which may only fall. A step costs one pass over h and one exchange of component sums; an output one halo
/// exchange more.
class InvariantMonitor {
 public:
  /// Collective. Finds the cycles. All must outlive the monitor; `h` [n]: active neurons, at the start.
  InvariantMonitor(const BalanceProblem& problem, const Network& network, const Components& components,
                   const ComponentSums& sums, std::span<const double> h, const InvariantParams& params = {});
  ~InvariantMonitor();
  InvariantMonitor(const InvariantMonitor&) = delete;
  InvariantMonitor& operator=(const InvariantMonitor&) = delete;

  /// Collective. After every step: the cheap ones. `cost` in the user's unit.
  void step(double time, std::span<const double> h, double cost);
  /// Collective. At output times: cycle products and eigenvalues of the balanced weights J_ij e^{k_j h_j - h_i}.
  void output(double time, std::span<const double> h);
  /// Collective. The same of weights that were integrated themselves (WeightFlow::network_with()).
  void output(double time, const Network& weights);

  /// What was seen so far, as part of a state; and a monitor made alike that goes on from there.
  void tell(RunPart& part) const;
  void go_on_from(const RunPart& part);

  [[nodiscard]] const std::vector<Invariant>& invariants() const noexcept;
  /// One line for each that was violated: which, by how much, when.
  [[nodiscard]] std::vector<std::string> violations() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
