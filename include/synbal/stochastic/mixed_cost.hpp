// Sums of regularisers, such as L1 + L2: cost(J) = sum over terms of weight |J|^power (Baldi et al. 2024, remark 5.8).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/stochastic/incident_synapses.hpp"
#include "synbal/stochastic/relaxation.hpp"

namespace synbal {

/// One regulariser; any power > 0.
struct CostTerm {
  double power = 2;
  double weight = 1;
};

/// The change of h that balances a neuron whose costs under the single terms, weights included, are `seen`: the root of
/// sum_m p_m (in_m e^{-p_m d} - k out_m e^{p_m k d}) = 0, which is the derivative of a convex function of d. It lies
/// between the roots of the single terms, d_m = log(in_m / (k out_m)) / (p_m (k + 1)). Newton steps on the difference
/// of the logarithms of the two sums, which is nearly a line, kept inside that bracket. One term: the closed form.
[[nodiscard]] double mixed_step(std::span<const SeenCosts> seen, std::span<const CostTerm> terms, double exponent = 1);

struct MixedParams {
  StopCriteria stop;       ///< tolerance: of MixedEquilibrium::gradient_l1
  std::uint64_t seed = 1;  ///< of the visiting order
};

/// Where the mixed cost is least.
struct MixedEquilibrium {
  std::vector<double> h;  ///< [n] of the active neurons; zero mean in components without pinned neurons
  double cost = 0;        ///< in the user's unit
  double initial_cost = 0;
  double gradient_l1 = 0;  ///< sum over neurons |sum_m p_m (in_m - k out_m)| / sum over synapses and terms p_m cost
  double step_inf = 0;     ///< largest change of h that would balance a neuron alone, to first order
  SolverResult solver;     ///< imbalance in its history: gradient_l1
};

/// Balances under a sum of regularisers by sweeps in a random order keyed by (seed, place in the file, sweep). Holds
/// one problem and one set of stars a term: 36 bytes per synapse and term. The minimum is unique up to constants in
/// components without pinned neurons, whatever the order. On several ranks each sweeps its own neurons at once and goes
/// half the way (NeuronBalancer::begin_round), so the path depends on the rank count; where it ends does not.
class MixedBalancer {
 public:
  /// Collective. `network` and `components` as for BalanceProblem. @throws Error usage without terms or for a power or
  /// weight that is not positive, bad_input as BalanceProblem does.
  MixedBalancer(const Comm& comm, const Network& network, const Components& components, std::vector<CostTerm> terms);

  /// Collective. From h = 0, or from what the keeper of `stop` begins with.
  MixedEquilibrium operator()(const MixedParams& params, const ProgressCallback& report = {});

  /// The problem of one term: what its active neurons are, and to_network().
  [[nodiscard]] const BalanceProblem& problem(std::size_t term = 0) const noexcept { return views_[term]->problem; }

 private:
  /// The network under one term.
  struct View {
    BalanceProblem problem;
    IncidentSynapses stars;
    std::vector<Scaling> scaling;  // [n + ghosts]
    double unit = 1;               // weight times the problem's cost unit

    View(const Comm& comm, const Network& network, const Components& components, double power)
        : problem(comm, network, components, power), stars(problem, network) {}
  };
  struct Summary {
    double cost = 0, gradient_l1 = 0, step_inf = 0;
  };

  void tell(RunPart& part) const;
  void stand_at(std::span<const double> base, std::span<const double> delta);
  void rebase(const std::vector<double>& h);
  void exchange();
  void place(LocalIndex i);
  void look(LocalIndex i);
  [[nodiscard]] Summary measure();
  void sweep(std::uint64_t seed, std::int64_t number);
  [[nodiscard]] std::vector<double> h() const;
  [[nodiscard]] double exponent(LocalIndex i) const noexcept;

  const Comm* comm_;
  std::vector<CostTerm> terms_;
  std::vector<std::unique_ptr<View>> views_;
  std::vector<double> delta_;    // [n + ghosts] h - base
  std::vector<SeenCosts> seen_;  // [terms] of the neuron looked at
};

}  // namespace synbal
