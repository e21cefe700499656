// From a balance problem to a certified equilibrium: the one call that the program makes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "synbal/balance/certificate.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/balance/solver.hpp"

namespace synbal {

enum class Method { automatic, newton, sweep };
[[nodiscard]] std::string to_string(Method method);

struct BalanceParams {
  Method method = Method::automatic;
  StopCriteria stop;
  std::uint64_t seed = 1;  ///< of the colouring
};

/// The equilibrium found. Per-neuron values are those of the problem's active neurons; costs and certificate are in its
/// cost unit at the end, the initial cost in the user's.
struct Equilibrium {
  std::vector<double> h;  ///< [n] zero mean in components without pinned neurons
  NeuronCosts costs;      ///< at h, computed from the weights there
  Imbalance imbalance;
  double initial_cost = 0;
  double initial_log10_cost = 0;  ///< whatever the range
  Imbalance initial_imbalance;
  Certificate certificate;
  SolverResult solver;
};

/// Collective. Balances from h = 0. The result is always usable; `solver.reason` says whether it converged.
Equilibrium balance(BalanceProblem& problem, const BalanceParams& params, const ProgressCallback& report = {});

/// Collective. Improves h ([n], absolute) until the imbalance is below the tolerance of the criteria or a limit is
/// reached; called again, goes on from where it is.
using Solve = std::function<SolverResult(std::vector<double>& h, const StopCriteria& stop)>;

/// When clusters of neurons take their optimum as wholes: solvers of single neurons would take for ever over weak cuts.
struct ClusterMoves {
  bool any = true;            ///< whenever the solver has come to a tolerance
  bool often = false;         ///< and after some iterations, where clusters hang together loosely
  bool reproducible = false;  ///< to the same bits at any rank count, for more traffic
};

/// Collective. Balances from h = 0 by a solver that cannot judge the step that is left: where the Newton step exceeds
/// the step tolerance, the solver goes on towards a smaller imbalance. Limits count over all its calls.
Equilibrium balance_by(BalanceProblem& problem, FusedKernel& kernel, const StopCriteria& stop,
                       const std::string& method, const Solve& solve, const ClusterMoves& moves = {});

/// Collective. The lower bound that one Newton equation gives at `costs` (h = base), and the size of that Newton step.
struct Assessment {
  Certificate certificate;
  double newton_step_inf = 0;  ///< in h; infinite when the equation could not be solved
  std::int64_t krylov_iterations = 0;
  std::optional<CutFacts> cuts;
};
Assessment assess(const BalanceProblem& problem, FusedKernel& kernel, const NeuronCosts& costs);

}  // namespace synbal
