// Units in which the costs of a reproducible problem are held.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace synbal {

class BalanceProblem;

/// Powers of two. A cost is what its tile holds times the units of its row and of its column: so that, of values up to
/// 1, integers of 62 bits hold what enters a neuron in its row's unit, and what leaves it in its column's.
struct CostUnits {
  static constexpr int kSumBits = 62;  ///< of what is summed in units of a row or column

  std::vector<double> row;     ///< [n]; empty where costs are held as they are
  std::vector<double> column;  ///< [n + ghosts]
  int count_bits = 0;          ///< of the number of costs of a row or column, at most, on all ranks

  /// |log| of the factors by which the point may leave the base before sums in integers may lose more than a millionth
  /// at worst, or 0.5 where that is more: hubs, whose units are coarse, bear little.
  [[nodiscard]] double largest_exponent() const noexcept;
};

/// Collective. Of a problem that holds its costs as they are, by a pass over them.
[[nodiscard]] CostUnits units_for_integers(const BalanceProblem& problem);

/// What is known of a neuron's costs before they are laid out: no cost is larger than such a sum.
struct KnownSums {
  std::span<const double> in, out;  // [n]
};

/// Collective. The same without a pass, at a point h ([n]) whose sums were added up in the units of the problem's base.
/// Nothing where rounding may have spoilt a sum.
[[nodiscard]] std::optional<CostUnits> units_from_sums(const BalanceProblem& problem, const KnownSums& sums,
                                                       std::span<const double> h);

}  // namespace synbal
