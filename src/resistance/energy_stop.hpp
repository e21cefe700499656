// Ends columns of conjugate gradients when little enough of their energy is missing.
#pragma once

#include <cstdint>
#include <vector>

#include "resistance/quadrature.hpp"

namespace synbal::detail {

/// An observer: a column ends when b^T L^+ b exceeds what CG has reached by `missing` at most, going by its bound from
/// above (Golub & Meurant 2010, ch. 6). Unlike a residual, this weighs slow modes as they deserve.
class EnergyStop {
 public:
  EnergyStop(const EigenvalueBound& bound, double missing, int columns)
      : jacobi_(bound.jacobi), missing_(missing), brackets_(static_cast<std::size_t>(columns), EnergyBracket(bound)) {}

  void operator()(const PcgIteration& step) {
    for (std::size_t k = 0; k < step.column.size(); ++k) {
      const auto name = static_cast<std::size_t>(step.column[k]);
      if (step.stop[k] != 0) continue;
      brackets_[name].update(step, k);
      const bool fits = step.jacobi == jacobi_ && (step.cycle == 0 || jacobi_);  // the bound is that of this M
      step.stop[k] = fits && brackets_[name].excess() <= missing_ ? 1 : 0;
    }
  }

 private:
  bool jacobi_;
  double missing_;
  std::vector<EnergyBracket> brackets_;
};

}  // namespace synbal::detail
