// Names of the outcomes.
#include "synbal/balance/solver.hpp"

namespace synbal {

std::string to_string(StopReason reason) {
  switch (reason) {
    case StopReason::converged:
      return "converged";
    case StopReason::iteration_limit:
      return "iteration limit reached";
    case StopReason::walltime:
      return "walltime reached";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::step_left:
      return "balanced, but the step that is left exceeds the step tolerance";
    default:
      return "step limited by rounding";
  }
}

}  // namespace synbal
