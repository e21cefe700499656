// One line of the history of a run.
#pragma once

#include <cstdint>

namespace synbal {

/// The cost is in the user's unit; infinite where that is too large for a double.
struct SolverProgress {
  std::int64_t iteration = 0;
  double cost = 0;
  double imbalance = 0;  ///< l1
  double seconds = 0;
};

}  // namespace synbal
