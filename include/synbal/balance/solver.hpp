// What every solver of the balance problem is given and gives back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/core/solver_progress.hpp"

namespace synbal {

class RunKeeper;

/// Why a solver stopped.
enum class StopReason {
  converged,
  iteration_limit,
  walltime,
  interrupted,  ///< a signal asked for it
  stagnated,    ///< balanced as far as rounding allows; the step that is left does not shrink any more
  step_left     ///< balanced to the tolerance, but the Newton step that is left exceeds the step tolerance
};
[[nodiscard]] std::string to_string(StopReason reason);

/// When to stop. Converged means l1 <= tolerance, and the solver's own estimate of the step to the optimum (in h,
/// maximum norm) <= step_tolerance.
struct StopCriteria {
  double tolerance = 1e-10;
  double step_tolerance = 1e-8;
  std::int64_t max_iterations = 0;  ///< 0: the method's default
  double max_seconds = 0;           ///< 0: no limit
  RunKeeper* keeper = nullptr;      ///< keeps the state between iterations, and knows what is asked (run_keeper.hpp)
};

/// The cuts that are too weak for single neurons to see, and what clusters make of them.
struct CutFacts {
  std::int64_t clusters = 0;  ///< joined by weak synapses only
  double weakest_share = 0;   ///< of the total cost: what crosses the border of the cluster with the weakest cut
  double max_log_ratio = 0;   ///< max |log(in/out)| over the clusters' cuts
};

/// What a solver did.
struct SolverResult {
  std::string method;
  StopReason reason = StopReason::converged;
  std::int64_t iterations = 0;
  std::int64_t sweeps = 0;
  std::int64_t newton_steps = 0;
  std::int64_t krylov_iterations = 0;
  std::int64_t matrix_passes = 0;
  std::optional<double> newton_step_inf;  ///< in h
  std::optional<CutFacts> cuts;           ///< where there are clusters
  std::vector<SolverProgress> history;

  [[nodiscard]] bool converged() const noexcept { return reason == StopReason::converged; }
};

/// Called on every rank after every iteration; must not communicate.
using ProgressCallback = std::function<void(const SolverProgress&)>;

}  // namespace synbal
