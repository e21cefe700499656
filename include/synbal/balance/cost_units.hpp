// Units in which the costs of a reproducible problem are held.
#pragma once

#include <vector>

namespace synbal {

class BalanceProblem;

/// Powers of two. A cost is what its tile holds times the units of its row and of its column: so that, of values up to
/// 1, integers of 62 bits hold what enters a neuron in its row's unit, and what leaves it in its column's.
struct CostUnits {
  static constexpr int kSumBits = 62;  ///< of what is summed in units of a row or column

  std::vector<double> row;     ///< [n]; empty where costs are held as they are
  std::vector<double> column;  ///< [n + ghosts]
};

/// Collective. Of a problem that holds its costs as they are.
[[nodiscard]] CostUnits units_for_integers(const BalanceProblem& problem);

}  // namespace synbal
